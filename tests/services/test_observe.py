"""The observer turns checklists green while runs go on; killing it loses nothing."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal

import pytest
from waiting import until

from orp_tui.core.checklist import DeliverableStatus
from orp_tui.core.states import RunState
from orp_tui.files import locks
from orp_tui.files.locks import LockState
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.services.metric_history import history

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


LOGS = 'i=0; while [ ! -e end ]; do i=$((i+1)); echo "{\\"step\\": $i, \\"loss\\": 0.$i}" >> "$ORP_METRICS_FILE"; sleep 0.02; done'


def kept(project, run_id):
    return MetricCache(project.paths.metric_cache).run(run_id)


def logged(project, run_id):
    return [
        (row["step"], row["loss"])
        for row in map(json.loads, project.run(run_id).metrics.read_text().splitlines())
    ]


def shown(project, run_id):
    return list(history(project.paths, run_id)["loss"])


def test_metrics_are_read_into_the_cache_while_a_run_goes_on_and_when_it_has_ended(project):
    run_id = project.submit(LOGS)
    leader = project.leader()

    until(lambda: (run := kept(project, run_id)) and run.sources, 40, what="the first points")
    assert not kept(project, run_id).complete
    until(lambda: "sys/cpu" in history(project.paths, run_id), 40, what="two samples of the system")

    (project.run(run_id).workspace / "end").touch()
    assert leader.wait(40) == 0
    until(lambda: kept(project, run_id).is_up_to_date, 40, what="the last read")
    assert shown(project, run_id) == logged(project, run_id)


@pytest.mark.slow
def test_an_observer_that_is_killed_again_and_again_loses_no_point_and_doubles_none(project):
    run_id = project.submit(LOGS)
    leader = project.leader()

    for _ in range(4):
        until(lambda: any(map(is_observer, project.processes())), 40, what="an observer")
        more = len(shown(project, run_id)) + random.randrange(
            10, 250
        )  # 20 ms each: about the time of a write
        until(lambda more=more: len(shown(project, run_id)) >= more, 60, what="the next kill")
        for pid in filter(is_observer, project.processes()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        steps = [step for step, _ in shown(project, run_id)]
        assert steps == list(range(1, 1 + len(steps)))

    until(lambda: any(map(is_observer, project.processes())), 40, what="an observer")
    (project.run(run_id).workspace / "end").touch()
    assert leader.wait(60) == 0
    until(lambda: (run := kept(project, run_id)) and run.is_up_to_date, 60, what="the last read")
    assert shown(project, run_id) == logged(project, run_id)


def test_a_short_run_needs_no_observer(project):
    project.submit("true", deliverables=[{"type": "report", "path": "x", "required": False}])

    project.settle()

    assert locks.ask(project.paths.observer_lock) is LockState.ABSENT
