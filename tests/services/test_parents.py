"""What a file calls its parent is found at the submit, and stays that run."""

from __future__ import annotations

import json

import pytest

from orp_tui.core.errors import ConfigError
from orp_tui.engine.request_file import read_request
from orp_tui.services.again import clone, resume, retry
from orp_tui.services.batch import submit_all
from orp_tui.services.configs_submit import foresee
from orp_tui.services.experiment_files import sources_of_files
from orp_tui.services.submission import SubmitOptions
from orp_tui.store import runs


def write(project, name, parent=None, file=None, **training):
    """An experiment file whose parent stands on its fourth line."""
    named = "" if parent is None else f"\n  parent: {parent}"
    path = project.folder / (file or f"{name}.yaml")
    rest = json.dumps({"script": ["sh", "-c", "exit 3", "sh"], **training})
    path.write_text(f"experiment:\n  name: {name}\n  rationale: to see{named}\ntraining: {rest}\n")
    return path


def submitted(project, *paths, overrides=(), seeds=None):
    sources = sources_of_files(project.context, paths, seed=seeds, overrides=overrides)
    with project.context.store() as connection:
        items = list(submit_all(project.context, connection, sources, SubmitOptions()))
    project.accepted += [item.run_id for item in items]
    return [item.run_id for item in items]


def parents(project, run_ids):
    return [read_request(project.run(run_id)).parent for run_id in run_ids]


def test_the_newest_run_of_a_name_is_the_parent_and_stays_it(project):
    old, new = submitted(project, write(project, "base")) + submitted(project, write(project, "base"))

    children = submitted(project, write(project, "child", "last:base"))
    submitted(project, write(project, "base"))

    assert parents(project, children) == [new] != [old]
    assert read_request(project.run(children[0])).experiment["experiment"]["parent"] == "last:base"


def test_all_seeds_of_a_file_that_goes_on_from_itself_have_the_run_before_as_their_parent(project):
    (before,) = submitted(project, write(project, "child"))

    children = submitted(project, write(project, "child", "last:child"), seeds=[1, 2, 3])

    assert parents(project, children) == [before] * 3


def test_an_earlier_file_of_the_same_submission_can_be_the_parent(project):
    base, child = submitted(project, write(project, "base"), write(project, "child", "last:base"))

    assert parents(project, [child]) == [base]


@pytest.mark.parametrize("wanted", ["last:nothing", "exp_20200101_000000_aaaa", "tag:nothing"])
def test_a_parent_that_is_not_there_is_told_with_file_and_line_and_nothing_is_queued(project, wanted):
    submitted(project, write(project, "base"))
    path = write(project, "child", wanted)

    with pytest.raises(ConfigError) as caught:
        submitted(project, write(project, "other"), path)

    assert str(caught.value).startswith(f"{path}:4: experiment.parent: {wanted}: ")
    assert "line 4: experiment.parent: " in foresee(project.context, [path]).problem
    with project.context.store() as connection:
        assert [run.name for run in runs.newest(connection, 9)] == ["base"]
    assert not list(project.paths.runs.glob(".new-*"))


def test_a_parent_of_the_command_line_that_is_not_there_has_no_line(project):
    with pytest.raises(ConfigError, match=r"with --set: experiment\.parent: last:nothing: "):
        submitted(
            project, write(project, "child", "last:base"), overrides=("experiment.parent=last:nothing",)
        )


def test_a_retry_and_a_resume_keep_the_parent_that_was_found_though_its_name_means_another_by_now(project):
    (base,) = submitted(project, write(project, "base"))
    (child,) = submitted(project, write(project, "child", "last:base", resume=["--on"]))
    project.settle()
    submitted(project, write(project, "base"))

    with project.context.store() as connection:
        again = [act(project.context, connection, project.row(child)) for act in (retry, resume)]
        (other,) = runs.newest(connection, 1)
        moved = retry(
            project.context, connection, project.row(child), overrides=("experiment.parent=last:child",)
        )
    project.accepted += [*again, moved]

    assert parents(project, again) == [base, base]
    assert parents(project, [moved]) == [other.id]


def test_a_retry_is_not_refused_because_the_parent_was_removed(project):
    (base,) = submitted(project, write(project, "base"))
    (child,) = submitted(project, write(project, "child", base))
    project.settle()
    with project.context.store() as connection:
        connection.execute("DELETE FROM run WHERE id = ?", (base,))
        project.accepted.remove(base)
        new = retry(project.context, connection, project.row(child))
    project.accepted.append(new)

    assert parents(project, [new]) == [base]


def test_a_clone_is_the_child_of_what_it_was_made_of_whatever_its_file_says(project):
    submitted(project, write(project, "base"))
    (child,) = submitted(project, write(project, "child", "last:base"))

    with project.context.store() as connection:
        made = clone(project.context, connection, project.row(child))
    project.accepted.append(made)

    assert parents(project, [made]) == [child]
