"""Several runs in one submission."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest

from orp_tui.core.errors import ConfigError, OrpError, RunNotFound, SubmitRefused, UsageError
from orp_tui.core.needs import Dependency
from orp_tui.core.states import RunState
from orp_tui.engine.request_file import read_request
from orp_tui.services import shared_freeze
from orp_tui.services.again import retry
from orp_tui.services.batch import submit_all
from orp_tui.services.experiment_files import experiment_files, sources_of_files
from orp_tui.services.rebuild import rebuild
from orp_tui.services.refreezing import refreeze
from orp_tui.services.submission import SubmitOptions
from orp_tui.services.wishes import Wishes
from orp_tui.store import groups, runs, settings
from orp_tui.workspace import freeze


def write(project, name, script="cat code.txt", **more):
    """An experiment file in the project folder."""
    training = {"script": ["sh", "-c", script, "sh"]} | more.pop("training", {})
    path = project.folder / name
    path.write_text(json.dumps({"experiment": {"name": name.partition(".")[0]}, "training": training} | more))
    return path


def submitted(project, *paths, options=None, overrides=(), **how):
    sources = sources_of_files(project.context, paths, overrides=overrides)
    with project.context.store() as connection:
        items = list(submit_all(project.context, connection, sources, options or SubmitOptions(), **how))
    project.accepted += [item.run_id for item in items]
    return items


def rows(project, items):
    return [project.row(item.run_id) for item in items]


@pytest.fixture
def code(project):
    """A file that the trainings print."""
    path = project.folder / "code.txt"
    path.write_text("then")
    return path


def test_a_folder_gives_its_experiments_by_name_and_says_what_is_none(project):
    write(project, "b.yml")
    write(project, "a.yaml")
    (project.folder / "list.yaml").write_text("- 1\n")
    (project.folder / "broken.yaml").write_text("a: [\n")
    (project.folder / "notes.txt").write_text("experiment: no\n")
    (project.folder / "sub.yaml").mkdir()

    found = experiment_files([project.folder])

    assert [path.name for path in found.files] == ["a.yaml", "b.yml"]
    assert [path.name for path, _ in found.skipped] == ["broken.yaml", "list.yaml", "orp.yaml"]
    assert found.skipped[2][1] == "the settings of a project"


def test_a_file_named_twice_counts_once_and_one_that_was_meant_to_be_an_experiment_is_kept(project):
    path = write(project, "a.yaml")
    (project.folder / "b.yaml").write_text("experiment: {name: [\n")

    found = experiment_files([path, project.folder])

    assert [item.name for item in found.files] == ["a.yaml", "b.yaml"]


def test_a_folder_without_experiments_is_told(tmp_path):
    with pytest.raises(UsageError, match="no experiment file"):
        experiment_files([tmp_path])


def test_the_problems_of_all_files_come_at_once(project):
    bad = [project.folder / "one.yaml", project.folder / "two.yaml"]
    bad[0].write_text("experiment: {name: x}\ntraining: {script: echo, tiemout: 3}\n")
    bad[1].write_text("experiment: 3\n")

    with pytest.raises(ConfigError) as error:
        sources_of_files(project.context, [bad[0], write(project, "good.yaml"), bad[1]])

    assert {Path(problem.file).name for problem in error.value.problems} == {"one.yaml", "two.yaml"}


def test_runs_of_one_submission_share_one_look_one_tree_and_the_id_of_the_first(project, code, monkeypatch):
    looks = []
    plan = freeze.plan_freeze
    monkeypatch.setattr(
        "orp_tui.services.prepare.plan_freeze", lambda *words, **more: looks.append(1) or plan(*words, **more)
    )
    paths = [write(project, f"{name}.yaml", training={"seeds": [1, 2]}) for name in "ab"]

    items = submitted(project, *paths)

    assert len(looks) == 1
    assert [run.batch for run in rows(project, items)] == [items[0].run_id] * 4
    assert [run.seed for run in rows(project, items)] == [1, 2, 1, 2]
    assert len({read_request(project.run(item.run_id)).tree for item in items}) == 1
    project.settle()
    assert [project.state(item.run_id) for item in items] == [RunState.SUCCEEDED] * 4
    assert all(project.run(item.run_id).stdout.read_text() == "then" for item in items)


def test_an_edit_in_the_middle_of_a_submission_reaches_none_of_it(project, code):
    sources = sources_of_files(project.context, [write(project, f"{name}.yaml") for name in "ab"])
    with project.context.store() as connection:
        submission = submit_all(project.context, connection, sources, SubmitOptions())
        first = next(submission)
        code.write_text("now")
        (second,) = list(submission)

    for item in (first, second):
        assert (project.run(item.run_id).workspace / "code.txt").read_text() == "then"


def test_runs_that_share_a_look_are_prepared_as_each_would_be_alone(project):
    """What the second of two takes over from the first is what it would have found itself."""
    subprocess.run(["git", "init", "-q", project.folder], check=True)
    program = project.folder / "go"
    program.write_text("#!/bin/sh\necho $0 $X $@\n")
    program.chmod(0o755)
    ways = {
        "first.yaml": {"script": ["sh", "-c", "true"], "config": {"a": 1}},
        "own.yaml": {"script": ["./go", "{output_dir}"], "env": {"X": "x"}, "config": {"lr": 0.5}},
        "shell.yaml": {"script": "echo $X | cat", "shell": True, "env": {"X": "y"}},
        "file.yaml": {"script": ["cat", "{config_file}"], "pass_config": "file", "config": {"lr": 1}},
    }
    paths = [write(project, name, training=training) for name, training in ways.items()]

    together = submitted(project, *paths)
    alone = [submitted(project, path)[0] for path in paths]

    for one, other in zip(together, alone, strict=True):
        a, b = (_facts(project, item.run_id) for item in (one, other))
        assert a == b
    project.settle(slots=4)
    assert [project.state(item.run_id) for item in together] == [RunState.SUCCEEDED] * 4


def _facts(project, run_id):
    """Everything a submit wrote, but for what names the run."""
    folder = project.run(run_id)
    texts = [folder.request, folder.source, folder.environment, folder.environment_private]
    found = [path.read_text().replace(run_id, "RUN") for path in texts]
    request = json.loads(found[0])
    for name in ("submitted_at", "batch"):
        del request[name]
    return request, *found[1:]


def test_nothing_is_queued_if_one_of_them_is_refused(project, code):
    good, bad = write(project, "a.yaml"), write(project, "b.yaml", training={"script": ["./nowhere"]})

    with pytest.raises(SubmitRefused, match="nowhere"):
        submitted(project, good, bad)

    assert list(project.paths.runs.iterdir()) == []
    with project.context.store() as connection:
        assert runs.newest(connection, -1) == []


@pytest.mark.parametrize(
    ("wishes", "error"),
    [
        (Wishes(after=("nope",)), RunNotFound),
        (Wishes(start="soon"), UsageError),
    ],
)
def test_wishes_that_cannot_be_met_are_told_before_anything_is_built(project, code, wishes, error):
    with pytest.raises(error):
        submitted(project, write(project, "a.yaml"), options=SubmitOptions(wishes=wishes))

    assert not project.paths.runs.exists()


def test_what_was_queued_before_a_failure_stays_and_the_rest_leaves_nothing(project, code):
    sources = sources_of_files(project.context, [write(project, f"{name}.yaml") for name in "abc"])
    with project.context.store() as connection:
        submission = submit_all(project.context, connection, sources, SubmitOptions())
        first = next(submission)
        os.chmod(project.paths.runs, 0o700)
        project.paths.sources.rename(project.root / "gone")
        with pytest.raises((OrpError, OSError)):
            list(submission)
        (project.root / "gone").rename(project.paths.sources)

    assert [path.name for path in project.paths.runs.iterdir()] == [first.run_id]


def test_parallel_is_a_limit_of_a_group_of_their_own(project, code):
    paths = [write(project, f"{name}.yaml", "sleep 0.2") for name in "abc"]

    items = submitted(project, *paths, parallel=1)

    group = f"batch-{items[0].run_id}"
    assert {run.group for run in rows(project, items)} == {group}
    with project.context.store() as connection:
        assert groups.read(connection)[group].slots == 1
    project.settle(slots=4)
    spans = sorted((run.started_at, run.ended_at) for run in rows(project, items))
    for before, after in itertools.pairwise(spans):
        assert before[0] + 0.2 <= after[0]


def test_parallel_and_a_group_contradict_each_other(project, code):
    with pytest.raises(UsageError, match="group of its own"):
        submitted(
            project, write(project, "a.yaml"), options=SubmitOptions(wishes=Wishes(group="g")), parallel=2
        )


def test_with_smoke_nothing_starts_if_the_first_fails(project, code):
    paths = [write(project, f"{name}.yaml", "exit 1") for name in "abc"]

    items = submitted(project, *paths, smoke=True)
    project.settle(slots=4)

    first, *rest = rows(project, items)
    assert first.state is RunState.FAILED
    assert all(run.after == (Dependency(first.id, "ok"),) for run in rest)
    assert [run.state for run in rest] == [RunState.CANCELLED] * 2
    assert not any(project.run(run.id).stdout.exists() for run in rest)


def test_what_has_succeeded_with_the_same_values_is_not_queued(project, code):
    path = write(project, "a.yaml", "true", training={"config": {"lr": 1}})
    (first,) = submitted(project, path)
    project.settle()

    again = submitted(project, path, unless_exists=True)
    other = submitted(project, path, unless_exists=True, overrides=("lr=2",))

    assert [(item.run_id, item.existed) for item in again] == [(first.run_id, True)]
    assert not other[0].existed


def test_a_file_can_say_so_itself_and_a_failure_does_not_count(project, code):
    path = write(project, "a.yaml", "exit 1", queue={"unless_exists": True})
    submitted(project, path)
    project.settle()

    assert not submitted(project, path)[0].existed


def test_a_file_can_wait_for_an_earlier_one_of_the_same_submission(project, code):
    first = write(project, "prepare.yaml", "true")
    second = write(project, "train.yaml", "true", queue={"after": ["last:prepare"]})

    items = submitted(project, first, second)

    assert project.row(items[1].run_id).after == (Dependency(items[0].run_id, "ok"),)


def test_the_same_key_twice_is_the_same_runs(project, code):
    path = write(project, "a.yaml", training={"seeds": [1, 2]})
    options = SubmitOptions(key="k")

    first = submitted(project, path, options=options)
    second = submitted(project, path, options=options)

    assert [item.run_id for item in first] == [item.run_id for item in second]
    assert len(set(first)) == 2


def test_a_retry_has_the_values_that_were_set_at_the_submit(project):
    path = write(
        project, "a.yaml", 'echo "$@"; exit 1', training={"config": {"lr": 1, "n": 2}, "seeds": [3, 4]}
    )
    first = submitted(project, path, overrides=("lr=0.5", "training.timeout=1h"))[1]
    project.settle()
    with project.context.store() as connection:
        again = retry(project.context, connection, project.row(first.run_id))
        changed = retry(project.context, connection, project.row(first.run_id), overrides=("n=7",))
    project.accepted += [again, changed]
    project.settle()

    assert project.run(again).stdout.read_text() == "--lr 0.5 --n 2 --seed 4\n"
    assert project.run(changed).stdout.read_text() == "--lr 0.5 --n 7 --seed 4\n"
    assert read_request(project.run(again)).timeout_s == 3600


def refrozen(project, *ids, shared=None):
    with project.context.store() as connection:
        done = [
            refreeze(project.context, connection, project.row(run_id), by="me@here", shared=shared)
            for run_id in ids
        ]
    project.accepted += [item.run_id for item in done]
    return done


def test_a_refreeze_puts_the_code_of_now_into_the_place_of_a_waiting_run(project, code):
    paths = [write(project, f"{name}.yaml", training={"config": {"lr": 1}}) for name in "ab"]
    options = SubmitOptions(wishes=Wishes(priority=3))
    old, other = submitted(project, *paths, options=options, overrides=("lr=5",))
    waits = Wishes(after=(f"{old.run_id}:any",))
    (dependent,) = submitted(project, paths[1], options=SubmitOptions(wishes=waits))
    code.write_text("now")

    (new,) = refrozen(project, old.run_id)

    was, now = project.row(old.run_id), project.row(new.run_id)
    assert new.replaced
    assert (was.state, was.detail) == (RunState.CANCELLED, f"refrozen as {now.id}")
    assert project.run(was.id).cancel.exists()
    assert (now.priority, now.position, now.held, now.batch) == (3, was.position, False, was.batch)
    assert project.row(dependent.run_id).after == (Dependency(now.id, "any"),)
    assert read_request(project.run(now.id)).config == {"lr": 5}
    project.settle()
    assert project.run(now.id).stdout.read_text() == "now"
    assert project.run(other.run_id).stdout.read_text() == "then"
    assert not project.begun(was.id)
    assert project.row(dependent.run_id).started_at >= project.row(now.id).ended_at


def test_a_refreeze_of_code_that_is_the_same_changes_nothing(project, code):
    (old,) = submitted(project, write(project, "a.yaml"))

    assert [item.replaced for item in refrozen(project, old.run_id)] == [False]
    assert project.state(old.run_id) is RunState.QUEUED
    assert [path.name for path in project.paths.runs.iterdir()] == [old.run_id]


def test_a_held_run_stays_held_by_a_refreeze(project, code):
    (old,) = submitted(
        project, write(project, "a.yaml"), options=SubmitOptions(wishes=Wishes(held=True, start="+2h"))
    )
    code.write_text("now")

    (new,) = refrozen(project, old.run_id)

    row = project.row(new.run_id)
    assert row.held
    assert row.starts_at == project.row(old.run_id).starts_at


def test_a_refreeze_asked_for_twice_is_one_run(project, code):
    (old,) = submitted(project, write(project, "a.yaml"))
    code.write_text("now")

    first = refrozen(project, old.run_id)
    second = refrozen(project, old.run_id)

    assert first == second
    assert len(list(project.paths.runs.iterdir())) == 2


@pytest.mark.parametrize("place", ["refreeze.queued", "refreeze.swapped", "submit.renamed", "submit.queued"])
def test_a_refreeze_that_was_killed_goes_on_where_it_was_and_never_starts_both(project, code, place):
    (old,) = submitted(project, write(project, "a.yaml", 'echo "$ORP_RUN_ID" >> ../../../../started'))
    code.write_text("now")
    child = project.orp("queue", "refreeze", old.run_id, failpoint=f"{place}")
    assert child.wait(30) == -9

    with project.context.store() as connection:
        waiting = [run for run in runs.unfinished(connection) if not run.held]
    assert len(waiting) == 1
    (new,) = refrozen(project, old.run_id)
    project.settle()

    assert (project.root / "started").read_text().split() == [new.run_id]
    assert project.state(old.run_id) is RunState.CANCELLED


@pytest.mark.parametrize("place", ["refreeze.queued", "refreeze.swapped", None])
def test_a_refreeze_outlives_the_loss_of_the_database(project, code, place):
    (old,) = submitted(
        project, write(project, "a.yaml", 'cat code.txt; echo "$ORP_RUN_ID" >> ../../../../started')
    )
    waits = SubmitOptions(wishes=Wishes(after=(f"{old.run_id}:ok",)))
    (dependent,) = submitted(project, write(project, "b.yaml"), options=waits)
    code.write_text("now")
    child = project.orp("queue", "refreeze", old.run_id, failpoint=place or "")
    assert child.wait(30) == (0 if place is None else -9)
    project.paths.database.unlink()

    assert rebuild(project.paths).paused
    (new,) = refrozen(project, old.run_id)
    with project.context.store() as connection:
        settings.write(connection, "paused", None)
    project.settle()

    assert (project.root / "started").read_text().split() == [new.run_id]
    assert project.run(new.run_id).stdout.read_text() == "now"
    assert (project.state(old.run_id), project.row(old.run_id).detail) == (
        RunState.CANCELLED,
        f"refrozen as {new.run_id}",
    )
    assert project.state(dependent.run_id) is RunState.SUCCEEDED


def test_what_a_killed_refreeze_has_left_goes_when_the_code_has_changed_again(project, code):
    (old,) = submitted(project, write(project, "a.yaml"))
    code.write_text("now")
    child = project.orp("queue", "refreeze", old.run_id, failpoint="refreeze.queued")
    assert child.wait(30) == -9
    code.write_text("later")

    (new,) = refrozen(project, old.run_id)
    project.settle()

    with project.context.store() as connection:
        states = {run.id: run.state for run in runs.newest(connection, -1)}
    assert states.pop(new.run_id) is RunState.SUCCEEDED
    assert list(states.values()) == [RunState.CANCELLED] * 2
    assert project.run(new.run_id).stdout.read_text() == "later"


def test_a_run_that_has_started_keeps_its_code(project, code):
    run_id, _ = project.running()
    project.go()

    with pytest.raises(UsageError, match="only a run that waits"):
        refrozen(project, run_id)


def test_many_refreezes_share_one_look(project, code, monkeypatch):
    items = submitted(project, write(project, "a.yaml", training={"seeds": [1, 2, 3]}))
    code.write_text("now")
    looks = []
    plan = freeze.plan_freeze
    monkeypatch.setattr(
        "orp_tui.services.prepare.plan_freeze", lambda *words, **more: looks.append(1) or plan(*words, **more)
    )

    done = refrozen(
        project, *(item.run_id for item in items), shared=shared_freeze.SharedFreeze(project.context)
    )

    assert len(looks) == 1
    assert [project.row(item.run_id).seed for item in done] == [1, 2, 3]
