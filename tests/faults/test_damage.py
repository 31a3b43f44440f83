"""A locked store, deleted folders, deleted lock files, a deleted store (D4, D6 to D8)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time

import pytest
from invariants import check_invariants
from project import alive
from waiting import until

from orp_tui.core.states import Mark, RunState
from orp_tui.services.rebuild import rebuild
from orp_tui.store import settings


def test_runs_go_on_while_somebody_holds_the_store(project):
    run_id, leader = project.running()
    holder = sqlite3.connect(project.paths.database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    project.go()
    until(project.run(run_id).result.exists, what="a result without the store")

    holder.execute("ROLLBACK")
    holder.close()
    assert leader.wait(30) == 0
    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.slow
def test_a_queue_processor_outlasts_a_store_that_is_held_for_longer_than_it_waits(project):
    run_id, leader = project.running()
    waiting = project.submit()
    holder = sqlite3.connect(project.paths.database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    project.go()
    end = time.monotonic() + 13  # busy_timeout is 10 s
    while time.monotonic() < end:
        assert leader.poll() is None, project.paths.leader_log.read_text()
        time.sleep(0.2)
    holder.execute("ROLLBACK")
    holder.close()

    assert leader.wait(40) == 0
    assert [project.state(item) for item in (run_id, waiting)] == [RunState.SUCCEEDED] * 2
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_queued_run_without_its_folder_is_lost_and_the_next_one_runs(project):
    first, second = project.submit(), project.submit()
    shutil.rmtree(project.run(first).folder)

    project.settle()

    assert (project.state(first), project.row(first).reason) == (RunState.LOST, "folder_deleted")
    assert project.state(second) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted, folder_deleted=[first])


def test_a_running_run_without_its_folder_ends_and_its_exit_code_is_kept(project):
    run_id, leader = project.running(f"{project.waits}; exit 5")
    project.await_state(run_id, RunState.RUNNING)
    training = project.training(run_id)
    shutil.rmtree(project.run(run_id).folder)
    seen = project.view(run_id)
    assert seen.state is RunState.RUNNING
    assert Mark.FOLDER_MISSING in seen.marks
    assert alive(training)

    project.go()

    assert leader.wait(40) == 0
    row = project.row(run_id)
    assert (row.state, row.reason, row.exit_code) == (RunState.LOST, "folder_deleted", 5)
    check_invariants(project.paths, project.side, accepted=project.accepted, folder_deleted=[run_id])


def test_a_finished_run_without_its_folder_keeps_its_row_and_its_zip(project):
    run_id = project.submit()
    project.settle()
    shutil.rmtree(project.run(run_id).folder)
    project.settle()
    assert project.view(run_id).state is RunState.SUCCEEDED
    assert project.paths.artifact(run_id).exists()
    check_invariants(project.paths, project.side, accepted=project.accepted, folder_deleted=[run_id])


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("supervisor.lock",), marks=pytest.mark.slow),
        pytest.param(("tree.lock",), marks=pytest.mark.slow),
        ("supervisor.lock", "tree.lock"),
    ],
)
def test_a_run_whose_lock_files_were_deleted_is_not_declared_dead(project, names):
    run_id, leader = project.running()
    for name in names:
        os.unlink(project.run(run_id).folder / name)
    leader.terminate()
    leader.wait()
    fresh = project.leader()
    until(lambda: project.paths.leader_log.read_text().count(" leads ") == 2)
    end = time.monotonic() + 1.5  # longer than a run goes without being looked at
    while time.monotonic() < end:
        assert project.view(run_id).state is RunState.RUNNING
        assert not project.run(run_id).exit(1).exists()
        time.sleep(0.1)

    project.go()

    assert fresh.wait(30) == 0
    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_training_without_supervisor_and_without_lock_file_is_found_and_adopted(project):
    run_id, leader = project.running()
    leader.kill()
    leader.wait()
    project.kill_supervisor(run_id)
    os.unlink(project.run(run_id).tree_lock)
    assert project.view(run_id).state is RunState.RUNNING

    fresh = project.leader()
    until(lambda: Mark.UNSUPERVISED not in project.view(run_id).marks, what="an adopter")
    project.go()

    assert fresh.wait(30) == 0
    assert project.record(run_id)["how"] == "adopted"
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_deleted_store_loses_no_run(project):
    done = project.submit()
    project.settle()
    running, leader = project.running()
    leader.kill()
    leader.wait()
    queued = project.submit()
    for path in project.paths.state.glob("orp.db*"):
        path.unlink()

    rebuild(project.paths)

    with project.context.store() as connection:
        settings.write(connection, "paused", None)
    project.go()
    project.settle()
    assert {project.state(run_id) for run_id in (done, running, queued)} == {RunState.SUCCEEDED}
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_store_deleted_beneath_a_queue_processor_ends_it_and_no_run(project):
    run_id, leader = project.running()
    for path in project.paths.state.glob("orp.db*"):
        path.unlink()

    assert leader.wait(20) == 3
    assert "deleted while it was in use" in project.paths.leader_log.read_text()
    project.go()
    until(project.run(run_id).result.exists)
    rebuild(project.paths)
    project.settle()
    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)
