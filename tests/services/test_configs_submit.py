"""Experiment files are queued with a choice, or it is said in words why not."""

from __future__ import annotations

import os

import pytest
from test_add_choice import FULL

from orp_tui.config.settings import load_settings
from orp_tui.core.states import RunState
from orp_tui.engine.request_file import read_request
from orp_tui.services.acts import undo
from orp_tui.services.add_choice import AddWords, read_choice
from orp_tui.services.configs_submit import answer, foresee, submit_config, submit_configs
from orp_tui.services.context import open_context
from orp_tui.store import runs


def write(project, name="a.yaml", *, config="{lr: 0.1}", more=""):
    path = project.folder / name
    path.write_text(
        f'experiment: {{name: "{name}"}}\ntraining:\n  script: ["true"]\n  config: {config}\n{more}'
    )
    return path


def chosen(**words):
    return read_choice(AddWords(**words))


def requests(project, added):
    project.accepted += added.run_ids
    return [read_request(project.run(run_id)) for run_id in added.run_ids]


def test_files_are_queued_as_they_are(project):
    added = submit_configs(project.context, [write(project), write(project, "b.yaml")])

    assert [request.name for request in requests(project, added)] == ["a.yaml", "b.yaml"]
    assert added.refused == ""
    assert added.outcome.words == "2 runs: queued"
    assert added.outcome.made == added.run_ids


def test_an_add_can_be_taken_back_and_done_again(project):
    added = submit_configs(project.context, [write(project), write(project, "b.yaml")])
    requests(project, added)

    dropped = undo(project.context, added.outcome.undo)

    assert {project.row(run_id).state for run_id in added.run_ids} == {RunState.CANCELLED}
    again = undo(project.context, dropped.undo)
    project.accepted += again.made
    assert [project.row(run_id).name for run_id in again.made] == ["a.yaml", "b.yaml"]


def test_a_choice_changes_what_is_queued(project):
    path = write(project, config="{lr: 1, note: x, seed: 9}")
    with project.context.store() as connection:
        for name in ("mnist", "other"):
            runs.insert(connection, runs.NewRun(f"exp_20261124_093000_{name[:4]}", name, 1.0, "me@here"))

    added = submit_config(
        project.context, path, read_choice(FULL.__class__(**{**vars(FULL), "after": "last:mnist:any othe"}))
    )

    found = requests(project, added)
    assert [request.seed for request in found] == [1, 2, 5, 6, 7]
    first = found[0]
    assert first.config == {"lr": 0.1, "note": "two words", "new": 1, "seed": 1}
    assert (first.group, first.priority, first.timeout_s) == ("nightly", 10, 43200.0)
    assert (first.needs.gpus, first.needs.memory) == (2, 16_000_000_000)
    assert first.retries == {"max": 3, "on": ["failed", "lost"], "delay": 60.0}
    assert [(item.run_id[-4:], item.on) for item in first.after] == [("mnis", "any"), ("othe", "ok")]
    assert first.starts_at is not None
    assert project.row(first.id).held


def test_one_broken_file_keeps_all_from_the_queue(project):
    write(project, "b.yaml").write_text("experiment: {name: a}\ntraining: {script: 7}\n")

    added = submit_configs(project.context, [write(project), project.folder / "b.yaml"])

    assert (added.items, added.questions) == ((), ())
    assert "b.yaml:2: training.script" in added.refused


def test_what_has_succeeded_is_told_and_not_queued_again(project):
    path = write(project, more="queue: {unless_exists: true}\n")
    first = submit_config(project.context, path)
    requests(project, first)
    project.settle()
    assert project.state(first.run_ids[0]) is RunState.SUCCEEDED

    again = submit_config(project.context, path)

    assert again.run_ids == ()
    assert again.outcome.is_refused
    assert "has succeeded with the same values" in again.outcome.words


def test_a_folder_of_which_nobody_said_what_it_is_is_asked_about_and_the_answer_kept(project):
    path = write(project)
    (project.folder / "data").mkdir()
    for number in range(2_100):
        (project.folder / "data" / f"{number}.bin").touch()

    added = submit_config(project.context, path)

    assert added.run_ids == ()
    assert "inputs: [data]" in added.refused
    assert [(question.project, question.path) for question in added.questions] == [(project.folder, "data")]
    context = answer(project.context, project.folder, inputs=["data"], outputs=[])
    assert context.paths == project.paths
    assert load_settings(project.folder).workspace.inputs == ("data",)
    done = submit_config(context, path)
    assert done.refused == ""
    assert len(requests(project, done)) == 1


def test_a_file_too_large_to_copy_is_refused_with_what_to_do(project):
    path = write(project)
    with (project.folder / "big.txt").open("wb") as file:
        os.truncate(file.fileno(), 11 << 20)

    added = submit_config(project.context, path)

    assert "big.txt" in added.refused
    assert "orp.yaml" in added.refused
    assert added.questions == ()


def test_a_base_directory_that_can_not_be_written_is_said(project, tmp_path):
    path = write(project)
    (tmp_path / "flat").write_text("")
    added = submit_config(open_context(start=project.folder, base_dir=str(tmp_path / "flat" / "base")), path)

    assert added.run_ids == ()
    assert "flat" in added.refused


# Before it is done


def test_what_would_be_queued_is_foreseen(project):
    path = write(project)

    found = foresee(
        project.context, [path, path], chosen(gpus="2", timeout="90m", seeds="1 2", retries="1 oom")
    )
    assert found.problem.startswith("a.yaml: training.retries")
    found = foresee(
        project.context, [path], chosen(gpus="2", timeout="90m", seeds="1 2", retries="1 lost", held="x")
    )
    assert (found.runs, found.words) == (2, "2 runs, 2 GPUs each, at most 1h30m, 1 retry after lost, held")
    assert "not before" in foresee(project.context, [path], chosen(start="2h")).words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"overrides": "learning_rate=1"}, "training.config.learning_rate: is not in training.config"),
        ({"after": "last:nobody"}, "nothing was run"),
        ({"overrides": "training.timeout=soon"}, "no duration"),
        ({"overrides": "api_key=sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, "environment"),
    ],
)
def test_what_would_be_refused_is_foreseen(project, words, said):
    assert said in foresee(project.context, [write(project)], chosen(**words)).problem


def test_a_broken_file_is_foreseen_and_nothing_is_written(project):
    path = write(project)
    path.write_text("experiment: {name: a}\ntraining:\n  script: 7\n  x: 1\n")

    found = foresee(project.context, [path])

    assert found.problem.startswith("line 3: training.script: ")
    assert found.problem.endswith("(and 1 more)")
    assert not project.paths.base.exists()
