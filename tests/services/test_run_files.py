"""What there is of a run to look into: zip, folder, notes; and whether the zip is sound."""

from __future__ import annotations

import json
import os
import zipfile

import pytest
from run_folders import submitted

from orp_tui.core.layout import BasePaths
from orp_tui.core.states import RunState
from orp_tui.services.preview import look
from orp_tui.services.run_files import FilesReader, read_notes
from orp_tui.services.run_page import RunPageReader, verify_zip


@pytest.fixture
def paths(tmp_path) -> BasePaths:
    found = BasePaths.under(tmp_path)
    found.artifacts.mkdir()
    return found


def test_before_there_is_a_zip_the_run_folder_is_listed(paths):
    folder = submitted(paths, "a")
    folder.stdout.write_text("hello")
    folder.workspace.mkdir()
    folder.supervisor_lock.touch()
    folder.environment_private.write_text("TOKEN=1")

    found = FilesReader().look(folder, paths.artifact(folder.run_id), folder.workspace)

    assert [file.path for file in found.files] == ["request.json", "training_stdout.txt", "workspace/"]
    assert found.zip_path is None
    assert look(found.files[1].place).body == ("hello",)


def test_a_folder_that_is_gone_is_an_empty_list(paths):
    folder = paths.run("exp_20261124_093000_none")

    assert FilesReader().look(folder, paths.artifact("exp_20261124_093000_none"), None).files == ()


def test_a_damaged_zip_is_told_and_the_folder_is_listed_instead(paths):
    folder = submitted(paths, "a")
    archive = paths.artifact(folder.run_id)
    archive.write_bytes(b"PK\x03\x04 no zip")

    found = FilesReader().look(folder, archive, None)

    assert "not a zip" in found.wrong
    assert [file.path for file in found.files] == ["request.json"]


def test_an_unchanged_zip_is_read_once_and_a_new_one_again(paths, monkeypatch):
    folder = submitted(paths, "a")
    archive = paths.artifact(folder.run_id)
    reader = FilesReader()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.txt", "1")
    first = reader.look(folder, archive, None)

    assert reader.look(folder, archive, None) is first

    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("b.txt", "22")

    assert [file.path for file in reader.look(folder, archive, None).files] == ["a.txt", "b.txt"]


def test_a_run_that_ended_lists_its_zip_and_looks_into_it(project):
    run_id = project.submit(
        "mkdir out; echo '{\"a\": 1}' > out/m.json",
        deliverables=[{"type": "metrics", "path": "out/m.json", "validation": "exists"}],
    )
    project.leader()
    project.await_state(run_id, RunState.SUCCEEDED)
    reader = RunPageReader(project.context, run_id)

    page = reader.look()

    by_name = {file.path: file for file in page.files.files}
    assert by_name["out/m.json"].where == "zip"
    assert look(by_name["out/m.json"].place).facts == ("a mapping of 1 key",)
    assert page.checklist.valid == 1
    assert not page.workspace.in_zip
    assert verify_zip(page.files.zip_path, page.workspace.root).startswith("sound: ")


def test_a_changed_zip_is_damaged_and_says_where(project):
    run_id = project.submit()
    project.leader()
    project.await_state(run_id, RunState.SUCCEEDED)
    archive = project.paths.artifact(run_id)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("smuggled.txt", "x")
    seen = []

    said = verify_zip(archive, None, lambda done, total: seen.append((done, total)))

    assert said == "DAMAGED: smuggled.txt: not in the manifest"
    assert seen[-1][0] == seen[-1][1]


def test_a_zip_that_is_gone_is_a_sentence(tmp_path):
    assert verify_zip(tmp_path / "x.zip", None).startswith("DAMAGED: ")


def test_once_the_workspace_is_gone_deliverables_are_looked_for_in_the_zip(project):
    run_id = project.submit()
    project.leader()
    project.await_state(run_id, RunState.SUCCEEDED)
    os.rename(project.paths.run(run_id).workspace, project.root / "elsewhere")

    page = RunPageReader(project.context, run_id).look()

    assert page.workspace.in_zip


def test_a_run_of_no_queue_is_one_clear_line(project):
    project.submit()

    page = RunPageReader(project.context, "exp_20261124_093000_none").look()

    assert page.detail is None
    assert page.problem == "exp_20261124_093000_none is not in this queue any more"


def test_a_damaged_run_folder_still_has_a_page(project):
    run_id = project.submit()
    folder = project.paths.run(run_id)
    for name in ("request.json", "source.json", "environment.json"):
        (folder.folder / name).write_bytes(b"\xff[{")

    page = RunPageReader(project.context, run_id).look()

    assert page.detail.request is None
    assert page.workspace is None
    assert page.problem == ""


def test_notes_are_read_and_damaged_lines_left_out(paths):
    folder = submitted(paths, "a")
    lines = [
        json.dumps({"at": 1.0, "by": "ana@lab", "kind": "note", "text": "good one"}),
        "{broken",
        json.dumps([1]),
        json.dumps({"at": "x", "kind": "cleaned", "what": {"workspace": 5}}),
    ]
    folder.notes.write_text("\n".join(lines))

    first, second = read_notes(folder)

    assert (first.at, first.by, first.kind, first.text) == (1.0, "ana@lab", "note", "good one")
    assert second.at is None
    assert "workspace" in second.text
    assert read_notes(paths.run("none")) == ()


def test_a_changed_project_is_told_only_by_a_look_that_goes_through_it(project):
    run_id = project.submit()
    reader = RunPageReader(project.context, run_id)
    (project.folder / "train.py").write_text("print('new')\n")

    quick, thorough, after = reader.look(), reader.look(changes=True), reader.look()

    assert quick.detail.changed is None
    assert "train.py" in thorough.detail.changed
    assert after.detail.changed == thorough.detail.changed
