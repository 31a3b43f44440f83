"""Runs on a file system that is too small for them (D1)."""

from __future__ import annotations

import subprocess

import pytest
from invariants import check_invariants
from mounting import tmpfs
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.services.watch import view

pytestmark = pytest.mark.root


@pytest.fixture
def small(make_project, tmp_path):
    """A project whose runs and zips lie on 3 MB of memory, and the folder where those are."""
    with tmpfs(tmp_path / "small", "3m") as folder:
        project = make_project(
            "full", settings=f"runs_dir: {folder}/runs\nartifacts_dir: {folder}/artifacts\n"
        )
        assert project.paths.runs == folder / "runs"
        try:
            yield project, folder
        finally:
            project.close()


def test_a_full_disk_loses_no_end_and_the_run_is_settled_once_there_is_room(small):
    project, _ = small
    run_id = project.submit("dd if=/dev/zero of=filler bs=64k; cat /dev/zero > more; exit 6")
    leader = project.leader()

    until(project.run(run_id).exit(1).exists, 20, what="an exit record in the reserve")
    assert project.record(run_id)["exit_code"] == 6
    assert view(project.paths, project.row(run_id)).state is RunState.FINISHING
    assert leader.poll() is None

    for name in ("filler", "more"):
        (project.run(run_id).workspace / name).unlink()
    assert leader.wait(60) == 0, project.words()
    row = project.row(run_id)
    assert (row.state, row.exit_code) == (RunState.FAILED, 6)
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_zip_for_which_there_is_no_room_is_pending_and_made_later(small):
    project, folder = small
    run_id = project.submit(
        "head -c 1700000 /dev/urandom > model.bin",
        deliverables=[{"type": "model", "path": "model.bin", "validation": "exists"}],
    )
    project.settle()
    row = project.row(run_id)
    assert row.state is RunState.SUCCEEDED
    assert row.artifacts.startswith("pending: needs "), row.artifacts
    check_invariants(project.paths, project.side, accepted=project.accepted)

    subprocess.run(["mount", "-o", "remount,size=20m", str(folder)], check=True)
    assert project.orp("artifacts", "bundle", run_id).wait(30) == 0, project.words()

    assert project.paths.artifact(run_id).exists()
    assert project.row(run_id).artifacts == "ok"
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_submit_for_which_there_is_no_room_is_refused_and_leaves_nothing(small):
    project, folder = small
    (folder / "filler").write_bytes(b"")
    subprocess.run(["dd", "if=/dev/zero", f"of={folder}/filler", "bs=64k"], capture_output=True, check=False)
    client = project.orp("queue", "submit", str(project.file("true")))
    assert client.communicate(timeout=20)[0] == b""
    assert client.returncode in (2, 3)
    (folder / "filler").unlink()
    project.settle()
    check_invariants(project.paths, project.side)
    assert not project.paths.runs.exists() or list(project.paths.runs.iterdir()) == []
