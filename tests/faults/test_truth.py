"""`orp` says what is true within two seconds after a kill -9, and needs no queue processor for it."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest
from waiting import until

from orp_tui.engine import host
from orp_tui.engine.facts import MARKER

SECONDS = 2.0


def said(project, run_id):
    """What the real command line says of a run: state and marks."""
    client = project.orp("runs", "--json")
    output, _ = client.communicate(timeout=20)
    (found,) = [item for item in json.loads(output) if item["id"] == run_id]
    return found["state"], found["marks"]


def status(project):
    client = project.orp("status", "--json")
    output, _ = client.communicate(timeout=20)
    return json.loads(output)


@pytest.mark.parametrize(
    ("victims", "truth"),
    [
        (("leader",), ("running", [])),
        (("leader", "supervisor"), ("running", ["unsupervised"])),
        (("leader", "training"), ("failed", [])),
        (("leader", "supervisor", "training"), ("lost", [])),
        (("training",), ("failed", [])),
        (("supervisor", "training"), ("lost", [])),
    ],
    ids=lambda value: " and ".join(value) if isinstance(value[-1], str) else value[0],
)
def test_the_state_is_true_within_two_seconds_of_a_kill(project, victims, truth):
    run_id, leader = project.running("sleep 60")
    pids = {
        "leader": [leader.pid],
        "supervisor": [project.supervisor(run_id)],
        "training": host.processes_with(MARKER, run_id),
    }
    for victim in victims:
        for pid in pids[victim]:
            os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()

    answer = until(lambda: said(project, run_id) if said(project, run_id) == truth else None, SECONDS * 4)

    assert answer == truth
    took = time.monotonic() - killed
    assert took < SECONDS * 2, f"{took:.1f} s"  # twice the promise: it includes up to four starts of orp


def test_status_without_a_queue_processor_says_so_and_lists_what_lives(project):
    run_id, leader = project.running()
    leader.kill()
    leader.wait()
    waiting = project.submit()

    seen = status(project)

    assert seen["leader"] is None
    assert {item["id"]: item["state"] for item in seen["runs"]} == {run_id: "running", waiting: "queued"}
    project.go()
    until(lambda: status(project)["counts"] == {"succeeded": 1, "queued": 1})
    assert [item["id"] for item in status(project)["runs"]] == [waiting]
