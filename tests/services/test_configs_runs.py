"""A run remembers the file that described it, and so do the runs that come of it."""

from __future__ import annotations

import os
from pathlib import Path

from orp_tui.services.again import clone, retry
from orp_tui.services.rebuild import rebuild
from orp_tui.services.submission import SubmitOptions
from orp_tui.services.submit import known_as, source_of_command, sources_of_file, submit


def submitted(project, path):
    with project.context.store() as connection:
        (source,) = sources_of_file(project.context, path)
        run_id = submit(project.context, connection, source, SubmitOptions())
    project.accepted.append(run_id)
    return run_id


def test_a_run_and_its_retry_and_clone_know_the_file(project):
    path = project.file("true")
    first = submitted(project, path)
    project.settle()

    with project.context.store() as connection:
        others = [act(project.context, connection, project.row(first)) for act in (retry, clone)]
    project.accepted += others

    assert {project.row(run_id).experiment_file for run_id in (first, *others)} == {str(path)}


def test_a_database_that_is_made_again_knows_it_too(project):
    path = project.file("true")
    run_id = submitted(project, path)
    project.paths.database.unlink()

    rebuild(project.paths)

    assert project.row(run_id).experiment_file == str(path)


def test_a_command_has_no_file(project):
    source = source_of_command(project.context, ("true",), name=None, gpus=None)

    assert source.file is None


def test_a_file_has_one_name_whichever_way_its_folder_is_reached(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "a.yaml").write_text("a: 1")
    monkeypatch.chdir(tmp_path / "link")

    given = (Path("a.yaml"), tmp_path / "link" / "a.yaml", tmp_path / "real/../real/a.yaml")
    names = {known_as(path) for path in given}

    assert names == {f"{os.path.realpath(tmp_path)}/real/a.yaml"}


def test_a_name_that_no_row_can_hold_is_not_noted(tmp_path):
    assert known_as(tmp_path / os.fsdecode(b"\xff.yaml")) is None
