"""Harm that users found: each was wrong once."""

from __future__ import annotations

import os
import signal
import subprocess
import zipfile

import pytest
from project import alive
from waiting import until

from orp_tui.core.states import Mark, RunState
from orp_tui.engine.launch import orp_command
from orp_tui.files.atomic import read_json
from orp_tui.services.watch import snapshot


def test_a_training_that_damages_its_request_still_leaves_a_zip_with_its_logs(project):
    run_id = project.submit('echo important; echo garbage > "$ORP_RUN_DIR/request.json"')

    project.settle()

    row = project.row(run_id)
    assert (row.state, row.reason) == (RunState.INCOMPLETE, "finaliser_failed")
    with zipfile.ZipFile(project.paths.artifact(run_id)) as archive:
        assert archive.read("training_stdout.txt") == b"important\n"


def test_a_stopped_supervisor_is_continued_and_sees_its_run_through(project):
    run_id = project.submit("while [ ! -e end ]; do sleep 0.1; done")
    leader = project.leader()
    supervisor = project.supervisor(run_id)
    until(lambda: project.begun(run_id), what="the training")

    os.kill(supervisor, signal.SIGSTOP)
    (project.run(run_id).workspace / "end").touch()

    assert leader.wait(40) == 0
    assert project.state(run_id) is RunState.SUCCEEDED
    assert not alive(supervisor)


def test_a_secret_that_the_leader_lacks_is_named_at_submit_and_at_the_start(project, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    leader = project.leader(idle_exit=None)
    until(lambda: snapshot_of(project).leader, what="a leader")
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefghijklmnopqrstuvwxyzABCD")

    run_id = project.submit('echo "${HF_TOKEN:-none}"; while [ ! -e end ]; do sleep 0.1; done')
    until(lambda: project.begun(run_id), what="the training")
    project.await_state(run_id, RunState.RUNNING)

    assert "HF_TOKEN" in " ".join(request_of(project, run_id)["notes"])
    assert "started without HF_TOKEN" in project.view(run_id).detail
    (project.run(run_id).workspace / "end").touch()
    project.await_state(run_id, RunState.SUCCEEDED)
    leader.terminate()
    leader.wait(10)


def snapshot_of(project):
    with project.context.store() as connection:
        return snapshot(project.paths, connection, slots=7)


def request_of(project, run_id):
    return read_json(project.run(run_id).request)


def test_the_slots_shown_are_the_leaders(project):
    leader = project.leader(slots=3, idle_exit=None)
    until(lambda: snapshot_of(project).leader, what="a leader")

    assert snapshot_of(project).slots == 3
    leader.terminate()
    leader.wait(10)


@pytest.mark.root
def test_a_full_disk_is_said_while_it_lasts_and_as_the_reason_of_the_end(make_project, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    disk = tmp_path / "small"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=True)
    try:
        project = make_project(base=disk / "experiments")
        run_id = project.submit("head -c 8000000 /dev/zero || exit 1")
        leader = project.leader()
        until(lambda: Mark.DISK_FULL in project.view(run_id).marks, 30, what="the mark")
        assert "make some" in project.view(run_id).detail

        # Only then: room that comes before the end was recorded would be no full disk any more.
        until(project.run(run_id).exit(1).exists, 30, what="an exit record in the reserve")
        os.truncate(project.run(run_id).stdout, 0)
        assert leader.wait(60) == 0
        assert project.row(run_id).reason == "disk_full"
    finally:
        for made in (project,):
            made.close()
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.root
def test_a_read_only_base_directory_can_be_looked_at(make_project, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=True)
    try:
        project = make_project(base=disk / "experiments")
        run_id = project.submit("true")
        project.settle()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        for words in (["status"], ["runs"], ["info", run_id], ["logs", run_id]):
            command = [*orp_command(), *words, "--base-dir", str(project.paths.base)]
            done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, (words, done.stderr)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
