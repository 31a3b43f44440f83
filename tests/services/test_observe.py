"""The observer turns checklists green while runs go on; killing it loses nothing."""

from __future__ import annotations

import os
import signal

import pytest
from waiting import until

from orp_tui.core.checklist import DeliverableStatus
from orp_tui.core.states import RunState
from orp_tui.files import locks
from orp_tui.files.locks import LockState

FIRST = {"type": "report", "path": "first.txt", "validation": "exists"}
SECOND = {"type": "metrics", "path": "second.json", "validation": "contains_keys", "required_keys": ["a"]}


def statuses(project, run_id):
    report = project.view(run_id).checklist
    return None if report is None else [item.status for item in report.items]


def test_the_checklist_turns_green_item_by_item_while_the_run_goes_on(project):
    script = "echo x > first.txt; while [ ! -e go ]; do sleep 0.1; done; echo '{\"a\": 1}' > second.json; while [ ! -e end ]; do sleep 0.1; done"
    run_id = project.submit(script, deliverables=[FIRST, SECOND])
    leader = project.leader()
    valid, missing = DeliverableStatus.VALID, DeliverableStatus.MISSING

    until(lambda: statuses(project, run_id) == [valid, missing], 30, what="the first item")
    (project.run(run_id).workspace / "go").touch()
    until(lambda: statuses(project, run_id) == [valid, valid], 30, what="the second item")
    assert project.view(run_id).state is RunState.RUNNING
    assert not project.view(run_id).checklist.final

    (project.run(run_id).workspace / "end").touch()
    assert leader.wait(40) == 0
    assert project.view(run_id).state is RunState.SUCCEEDED
    until(lambda: not (project.paths.live / f"{run_id}.json").exists(), 20, what="the live list to go")


@pytest.mark.slow
def test_a_killed_observer_is_replaced_and_the_run_does_not_notice(project):
    run_id = project.submit(
        "while [ ! -e end ]; do sleep 0.1; done; echo x > first.txt", deliverables=[FIRST]
    )
    leader = project.leader()
    until(lambda: locks.ask(project.paths.observer_lock) is LockState.HELD, 30, what="an observer")

    observers = [pid for pid in project.processes() if is_observer(pid)]
    for pid in observers:
        os.kill(pid, signal.SIGKILL)
    until(lambda: any(is_observer(pid) and pid not in observers for pid in project.processes()), 30)
    (project.run(run_id).workspace / "end").touch()

    assert leader.wait(40) == 0
    assert project.view(run_id).state is RunState.SUCCEEDED


def is_observer(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"observe" in file.read().split(b"\0")
    except OSError:
        return False


def test_a_short_run_needs_no_observer(project):
    project.submit("true", deliverables=[{"type": "report", "path": "x", "required": False}])

    project.settle()

    assert locks.ask(project.paths.observer_lock) is LockState.ABSENT
