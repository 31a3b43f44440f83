"""Cancelling, where it meets the rest; who leads while that changes."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import threading

from orp_tui.core.states import RunState
from orp_tui.engine.leadership import LeaderIdentity
from orp_tui.files import locks
from orp_tui.services.control import await_leader
from orp_tui.services.rebuild import rebuild


def test_a_run_cancelled_while_it_waited_stays_cancelled_when_the_database_is_made_again(project):
    run_id = project.submit("true")
    project.cancel(run_id)
    for name in os.listdir(project.paths.state):
        if name.startswith("orp.db"):
            os.unlink(project.paths.state / name)

    rebuild(project.paths)

    assert project.state(run_id) is RunState.CANCELLED
    project.settle()
    assert not project.begun(run_id)


def test_a_queue_processor_that_has_taken_the_lead_and_not_yet_signed_is_not_taken_for_the_last_one(project):
    killed = LeaderIdentity(1, 2, "boot", "host", "user", 3.0, "0")
    project.paths.state.mkdir(parents=True, exist_ok=True)
    project.paths.leader_lock.write_text(json.dumps(dataclasses.asdict(killed)))
    started = subprocess.Popen(["sleep", "60"])
    held = locks.take(project.paths.leader_lock)
    signs = threading.Timer(
        0.3,
        lambda: project.paths.leader_lock.write_text(
            json.dumps(dataclasses.asdict(dataclasses.replace(killed, pid=started.pid)))
        ),
    )
    try:
        signs.start()
        assert await_leader(project.paths, started.pid).pid == started.pid

        signs.join()
        project.paths.leader_lock.write_text(json.dumps(dataclasses.asdict(killed)))
        started.kill()  # what was started ends, unreaped: another one leads
        assert await_leader(project.paths, started.pid).pid == killed.pid
    finally:
        started.kill()
        started.wait()
        os.close(held)
