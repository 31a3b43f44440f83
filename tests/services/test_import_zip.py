"""The zip of a run that another base directory made becomes a run of this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile

import pytest

from orp_tui.artifacts.verify import verify
from orp_tui.core.errors import ArchiveError, DiskFull, OrpError, UsageError
from orp_tui.core.states import RunState
from orp_tui.engine.launch import orp_command
from orp_tui.files.atomic import write_json
from orp_tui.services import again, artifacts, shell
from orp_tui.services.annotations import Tag, annotate, read_annotations
from orp_tui.services.detail import detail
from orp_tui.services.import_making import Making
from orp_tui.services.import_zip import import_zip
from orp_tui.services.imported import read_imported
from orp_tui.services.known_runs import read_folder
from orp_tui.services.rebuild import rebuild
from orp_tui.services.reference import find_run
from orp_tui.services.run_metrics import RunMetrics
from orp_tui.services.run_page import RunPageReader
from orp_tui.store import events, runs
from orp_tui.store.database import transaction

POINTS = (
    "import.copied",
    "import.verified",
    "import.filled",
    "import.inserted",
    "import.zip",
    "import.renamed",
    "import.done",
)
LOGS_A_METRIC = 'echo said; mkdir -p output; echo 1 > output/a.txt; echo \'{"step": 1, "loss": 0.5}\' >> $ORP_METRICS_FILE'


@pytest.fixture
def away(make_project):
    """The other machine's project, with a run that has ended."""
    project = make_project()
    project.made = project.submit(
        LOGS_A_METRIC, deliverables=[{"type": "log", "path": "output/a.txt", "validation": "exists"}]
    )
    project.settle()
    return project


@pytest.fixture
def here(make_project):
    return make_project()


@pytest.fixture
def archive(away, tmp_path):
    """Its zip, under a name of its own."""
    path = tmp_path / "from-maria.zip"
    shutil.copy(away.paths.artifact(away.made), path)
    return path


def imported(project, path):
    with project.context.store() as connection:
        return import_zip(project.context, connection, path)


def left(project):
    """Everything that lies in the base directory's folders of runs and zips."""
    folders = (project.paths.runs, project.paths.artifacts)
    return sorted(name for folder in folders if folder.is_dir() for name in os.listdir(folder))


def listed(project):
    with project.context.store() as connection:
        return runs.newest(connection, -1)


def changed(archive, change):
    """The zip again with other members: `change` gets them by name, and the manifest is made to fit."""
    with zipfile.ZipFile(archive) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    path = archive.with_name("changed.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, data)
    return path


def in_record(name, **values):
    def change(members):
        members[name] = json.dumps(json.loads(members[name]) | values).encode()

    return change


def test_all_of_it_can_be_looked_at_when_the_other_base_directory_is_gone(away, here, archive):
    before = away.row(away.made)
    request = away.run(away.made).request.read_bytes()
    shutil.rmtree(away.root)

    found = imported(here, archive)

    assert (found.run_id, found.state, found.is_new) == (before.id, RunState.SUCCEEDED, True)
    folder = here.run(found.run_id)
    assert folder.stdout.read_text() == "said\n"
    assert folder.request.read_bytes() == request
    assert verify(here.paths.artifact(found.run_id)).ok
    result = json.loads(folder.result.read_text())
    assert result["artifacts_path"] == str(here.paths.artifact(found.run_id))
    assert (result["artifact"]["bytes"], result["artifact"]["state"]) == (os.stat(archive).st_size, "ok")
    snapshot = RunMetrics(folder, here.paths.artifact(found.run_id)).look()
    assert snapshot.series["loss"].summary.last == 0.5
    with here.context.store() as connection:
        row = find_run(connection, found.run_id, here.paths)
        assert (row.ended_at, row.exit_code, row.artifacts) == (before.ended_at, 0, "ok")
        said = detail(here.context, connection, row.id)
        assert [event.kind for event in events.of_run(connection, row.id)] == ["import"]
    assert said.imported.from_host == os.uname().nodename
    assert (said.imported.file, said.imported.sha256) == ("from-maria.zip", result["artifact"]["sha256"])
    page = RunPageReader(here.context, found.run_id).look(changes=True)
    assert "output/a.txt" in [file.path for file in page.files.files]
    assert page.workspace.in_zip
    assert archive.exists()


def test_notes_and_tags_that_are_in_the_zip_come_with_it(away, here):
    with away.context.store() as connection:
        annotate(away.context, connection, [away.made], Tag(add=("good",)), by="maria@gpu7")
        artifacts.bundle_again(away.context, connection, away.row(away.made))

    imported(here, away.paths.artifact(away.made))

    assert read_annotations(here.run(away.made)).tags == ("good",)


def test_nothing_of_it_goes_on_here_and_it_is_said_why(here, archive):
    imported(here, archive)
    with here.context.store() as connection:
        (run,) = runs.newest(connection, 1)
        acts = (
            lambda: again.retry(here.context, connection, run),
            lambda: again.resume(here.context, connection, run),
            lambda: again.clone(here.context, connection, run),
            lambda: shell.inside(here.context, connection, run, {}),
            lambda: artifacts.bundle_again(here.context, connection, run),
        )
        for act in acts:
            with pytest.raises(UsageError, match=f"{run.id}: was imported from"):
                act()
    assert verify(here.paths.artifact(run.id)).ok
    assert len(listed(here)) == 1


def test_last_and_names_mean_the_runs_of_this_base_directory_first(here, archive):
    own = here.submit()
    here.settle()

    found = imported(here, archive)

    with here.context.store() as connection:
        assert find_run(connection, "last", here.paths).id == own
        assert find_run(connection, found.name, here.paths).id == own  # both are called fault-1
    assert [run.id for run in listed(here)] == [own, found.run_id]


def test_the_same_zip_again_changes_nothing_and_another_one_is_refused(here, archive):
    first = imported(here, archive)
    version = listed(here)[0].version

    again = imported(here, archive)

    assert (first.is_new, again.is_new, again.run_id) == (True, False, first.run_id)
    assert listed(here)[0].version == version
    with zipfile.ZipFile(archive, "a") as opened:
        opened.comment = b"other"
    with pytest.raises(UsageError, match="another zip of it was imported"):
        imported(here, archive)


def test_of_two_imports_at_once_the_later_one_finds_it_there(here, archive, monkeypatch):
    fill = Making.fill

    def overtaken(making, record):
        fill(making, record)
        monkeypatch.setattr(Making, "fill", fill)
        assert imported(here, archive).is_new

    monkeypatch.setattr(Making, "fill", overtaken)

    assert not imported(here, archive).is_new
    (run,) = listed(here)
    assert left(here) == [run.id, here.paths.artifact(run.id).name]
    assert verify(here.paths.artifact(run.id)).ok


def test_the_zip_of_a_run_of_this_base_directory_is_known(away):
    assert not imported(away, away.paths.artifact(away.made)).is_new
    assert read_imported(away.run(away.made)) is None


def test_a_rebuild_puts_it_back_and_never_into_the_queue(here, archive):
    found = imported(here, archive)
    before = listed(here)[0]
    for name in os.listdir(here.paths.state):
        if name.startswith("orp.db"):
            os.unlink(here.paths.state / name)

    rebuild(here.paths)

    (after,) = listed(here)
    assert (after.id, after.state, after.ended_at, after.artifacts) == (
        before.id, before.state, before.ended_at, before.artifacts,
    )  # fmt: skip
    folder = here.run(found.run_id)
    for path in (folder.result, *folder.folder.glob("*-1.json")):
        path.unlink()
    damaged = read_folder(here.paths, found.run_id).known
    assert damaged.run.state is RunState.LOST


def test_after_a_rebuild_too_last_means_the_newest_run_of_this_base_directory(make_project, here):
    own = here.submit()
    here.settle()
    away = make_project()
    made = away.submit()  # later
    away.settle()
    imported(here, away.paths.artifact(made))
    shutil.rmtree(here.paths.state)

    rebuild(here.paths)

    assert [run.id for run in listed(here)] == [own, made]
    with here.context.store() as connection, transaction(connection):
        connection.execute("DELETE FROM run WHERE id = ?", (made,))
    rebuild(here.paths)
    assert [run.id for run in listed(here)] == [own, made]


def test_a_rebuild_knows_that_its_key_was_used_elsewhere(away, here, tmp_path):
    made = away.submit("true", key="nightly")
    away.settle()
    own = here.submit("true", key="nightly")
    here.settle()
    imported(here, away.paths.artifact(made))
    shutil.rmtree(here.paths.state)

    rebuild(here.paths)

    assert {run.id for run in listed(here)} == {own, made}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda members: members.pop("MANIFEST.json"), "is no artifact zip of a run: it holds no MANIFEST.json"),
        (lambda members: members.pop("result.json"), "is no artifact zip of a run: it holds no result.json"),
        (in_record("result.json", schema=2), "was written by a newer ORP"),
        (in_record("request.json", schema=7), "was written by a newer ORP"),
        (in_record("MANIFEST.json", schema="x"), "was written by a newer ORP"),
        (in_record("MANIFEST.json", run_id="../../evil"), "names no run"),
        (in_record("result.json", experiment_id="exp_20200101_000000_aaaa"), "of different runs"),
        (in_record("result.json", status="running"), "has not ended"),
        (in_record("result.json", exit_code=[1]), "of the wrong kind"),
        (in_record("result.json", end_time="yesterday"), "result.json is damaged"),
        (in_record("request.json", stop=3), "request.json is damaged"),
        (lambda members: members.update({"request.json": b"[" * 100_000}), "request.json is damaged"),
        (lambda members: members.update({"../escaped": b"x"}), "leaves its folder"),
        (lambda members: members.update({"/etc/x": b"x"}), "absolute"),
        (lambda members: members.update({"training_stdout.txt": b"other"}), "damaged: training_stdout.txt"),
        (lambda members: members.update({"more": b"x"}), "not in the manifest"),
        (lambda members: members.update({"metrics.jsonl": b"0" * (64 << 20)}), "damaged: metrics.jsonl"),
    ],
)  # fmt: skip
def test_what_is_damaged_or_hostile_is_told_in_a_line_and_leaves_nothing(here, archive, change, words):
    path = changed(archive, change)

    with pytest.raises(ArchiveError, match=words) as caught:
        imported(here, path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert (left(here), listed(here)) == ([], [])


@pytest.mark.parametrize("length", [0, 3, 3000, -1])
def test_a_zip_that_is_cut_off_leaves_nothing(here, archive, length):
    archive.write_bytes(archive.read_bytes()[:length])

    with pytest.raises(ArchiveError):
        imported(here, archive)

    assert (left(here), listed(here)) == ([], [])


def test_what_is_no_file_is_told(here, tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    for name in ("nothing.zip", "pipe.zip", "."):
        with pytest.raises(OrpError, match=name):
            imported(here, tmp_path / name)


def test_without_room_nothing_is_begun(here, archive, monkeypatch):
    monkeypatch.setattr("orp_tui.artifacts.space.free_bytes", lambda _folder: 1000)

    with pytest.raises(DiskFull):
        imported(here, archive)

    assert (left(here), listed(here)) == ([], [])


def test_another_zip_at_its_place_is_left_as_it_is(here, archive):
    with zipfile.ZipFile(archive) as opened:
        run_id = json.loads(opened.read("MANIFEST.json"))["run_id"]
    place = here.paths.artifact(run_id)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"somebody's")

    with pytest.raises(UsageError, match="move it away first"):
        imported(here, archive)

    assert place.read_bytes() == b"somebody's"
    assert (left(here), listed(here)) == ([place.name], [])


def test_a_damaged_record_of_the_import_says_no_host_and_still_that_it_is_one(here, archive):
    found = imported(here, archive)
    write_json(here.run(found.run_id).imported, {"from_host": 3})

    assert read_imported(here.run(found.run_id)).from_host == "another machine"


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("action", ["kill", "enospc"])
def test_killed_or_out_of_room_at_any_moment_nothing_half_is_listed(here, archive, point, action):
    here.paths.state.mkdir(parents=True, exist_ok=True)
    command = [*orp_command(), "import", "zip", str(archive), "--base-dir", str(here.paths.base)]
    done = subprocess.run(
        command, env=os.environ | {"ORP_FAILPOINT": f"{point}:{action}"}, cwd=here.folder, capture_output=True
    )

    assert done.returncode != 0
    for run in listed(here):
        assert (point, here.run(run.id).result.exists()) == ("import.done", True)
        assert verify(here.paths.artifact(run.id)).ok
    if action == "enospc" and point != "import.done":
        assert left(here) == []
        assert b"Traceback" not in done.stderr
    found = imported(here, archive)
    assert [run.id for run in listed(here)] == [found.run_id]
    assert verify(here.paths.artifact(found.run_id)).ok
    rebuild(here.paths)
    assert len(listed(here)) == 1
