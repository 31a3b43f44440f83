"""Cancels that come twice, in a gap, too late, or with nobody there to hear them (C1 to C6)."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from invariants import check_invariants
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.engine import host
from orp_tui.engine.facts import MARKER
from orp_tui.store import events

COUNTING = "trap 'echo T >> {terms}; exit 7' TERM; while :; do sleep 0.05; done"


def history(project, run_id):
    with project.context.store() as connection:
        return [event.kind for event in events.of_run(connection, run_id)]


def test_a_hundred_cancels_are_one_event_and_one_signal(project):
    terms = project.root / "terms"
    run_id, leader = project.running(COUNTING.format(terms=terms), stop={"grace": "20s"})

    with ThreadPoolExecutor(10) as clients:
        list(clients.map(lambda number: project.cancel(run_id, by=f"client-{number}"), range(100)))

    assert leader.wait(30) == 0
    assert terms.read_text() == "T\n"
    record = project.record(run_id)
    assert [word for word in record["signals"] if word.startswith("signal 15")] == record["signals"]
    assert len(record["signals"]) == 1
    assert record["exit_code"] == 7
    assert history(project, run_id).count("cancel_requested") == 1
    assert project.state(run_id) is RunState.CANCELLED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_the_first_of_two_clients_is_named(project):
    run_id, leader = project.running("sleep 30")
    project.cancel(run_id, by="anna@here")
    project.cancel(run_id, by="boris@there")
    assert leader.wait(30) == 0
    assert "by anna@here" in (project.row(run_id).detail or "")


DEAF = "trap 'echo T >> {terms}' TERM; while :; do sleep 0.05; done"


def test_a_kill_does_not_wait_for_the_grace_of_the_cancel_before_it(project):
    terms = project.root / "terms"
    run_id, leader = project.running(DEAF.format(terms=terms), stop={"grace": "10m"})
    project.cancel(run_id, by="anna@here")
    until(terms.exists, what="the signal of the cancel")
    project.cancel(run_id, by="anna@here", grace_s=0.0)

    assert leader.wait(30) == 0
    record = project.record(run_id)
    assert record["signal"] == 9
    assert project.state(run_id) is RunState.CANCELLED
    assert history(project, run_id).count("cancel_requested") == 1
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_later_wish_does_not_lengthen_the_grace(project):
    run_id, leader = project.running(DEAF.format(terms=project.root / "terms"), stop={"grace": "10m"})
    project.cancel(run_id, grace_s=0.5)
    project.cancel(run_id, grace_s=600.0)
    project.cancel(run_id)
    assert leader.wait(30) == 0
    assert project.record(run_id)["signal"] == 9


@pytest.mark.parametrize("point", ["leader.claimed", "leader.spawn.before", "leader.submitted"])
def test_a_cancel_while_the_queue_processor_claims_ends_the_run_once(project, point):
    run_id = project.submit("sleep 30", stop={"grace": "2s"})
    log = project.root / "points.log"
    leader = project.leader(failpoint=f"{point}:sleep=0.5", log=log)
    until(lambda: log.exists() and point in log.read_text())

    project.cancel(run_id)

    assert leader.wait(30) == 0
    assert project.state(run_id) is RunState.CANCELLED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_cancel_before_the_queue_processor_looks_starts_nothing(project):
    run_id = project.submit("sleep 30")
    project.cancel(run_id)
    project.settle()
    assert project.state(run_id) is RunState.CANCELLED
    assert not project.begun(run_id)
    assert not project.run(run_id).attempt(1).exists()
    check_invariants(project.paths, project.side, accepted=project.accepted)


GAPS = [
    "sup.prepared",
    "sup.claim.written",
    "sup.claim.linked",
    "sup.reserved",
    "sup.tree.locked",
    "sup.spawn.before",
    "sup.logs.opened",
    "sup.spawned",
    "sup.started",
]


@pytest.mark.parametrize("point", GAPS)
def test_a_cancel_in_a_gap_of_the_start_is_heard(project, point):
    run_id = project.submit("sleep 30", stop={"grace": "2s"})
    log = project.root / "points.log"
    leader = project.leader(failpoint=f"{point}:sleep=0.4", log=log)
    until(lambda: log.exists() and point in log.read_text())

    project.cancel(run_id)

    assert leader.wait(30) == 0
    row = project.row(run_id)
    assert (row.state, row.reason) == (RunState.CANCELLED, "cancelled")
    if not project.begun(run_id):
        assert project.record(run_id)["how"] in ("not_started", "waited")
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.parametrize("point", ["sup.exit.before", "sup.exit.synced", "fin.begin", "fin.packed"])
def test_a_cancel_after_the_end_of_the_command_changes_nothing(project, point):
    run_id = project.submit("echo done")
    log = project.root / "points.log"
    leader = project.leader(failpoint=f"{point}:sleep=0.5", log=log)
    until(lambda: log.exists() and point in log.read_text())

    project.cancel(run_id)

    assert leader.wait(30) == 0
    assert project.state(run_id) is RunState.SUCCEEDED
    assert project.record(run_id)["signals"] == []
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_cancel_of_an_ended_run_says_so_and_changes_nothing(project):
    run_id = project.submit()
    project.settle()
    before = history(project, run_id)
    assert project.cancel(run_id).state is RunState.SUCCEEDED
    assert history(project, run_id) == before
    assert not project.run(run_id).cancel.exists()


def test_a_cancel_works_without_a_queue_processor(project):
    run_id, leader = project.running("sleep 30", stop={"grace": "2s"})
    leader.kill()
    leader.wait()

    project.cancel(run_id)

    until(lambda: project.view(run_id).state is RunState.CANCELLED, what="its end")
    assert not host.processes_with(MARKER, run_id)
    project.settle()
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_cancel_reaches_a_training_that_has_no_supervisor(project):
    run_id, leader = project.running("sleep 30", stop={"grace": "2s"})
    leader.kill()
    leader.wait()
    project.kill_supervisor(run_id)
    project.cancel(run_id)

    project.settle()

    assert project.state(run_id) is RunState.CANCELLED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_cancel_with_a_grace_of_its_own_kills_after_that(project):
    run_id, leader = project.running("trap '' TERM; while :; do sleep 0.05; done", stop={"grace": "1h"})
    project.cancel(run_id, grace_s=0.2)
    assert leader.wait(30) == 0
    assert project.record(run_id)["signal"] == signal.SIGKILL
    assert project.state(run_id) is RunState.CANCELLED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_two_submits_with_one_key_are_one_run(project):
    source = project.source("true")
    with ThreadPoolExecutor(4) as clients:
        ids = set(clients.map(lambda number: project.submit_source(source, key="nightly"), range(8)))
    assert len(ids) == 1
    project.settle()
    check_invariants(project.paths, project.side, accepted=ids)
    assert sorted(os.listdir(project.paths.runs)) == sorted(ids)


@pytest.mark.slow
def test_many_submits_and_random_kills_of_two_queue_processors_lose_and_double_nothing(project):
    import random
    import time

    seed = int(os.environ.get("ORP_SWEEP_SEED") or random.SystemRandom().randrange(10**6))
    print(f"ORP_SWEEP_SEED={seed}")
    chance = random.Random(seed)
    (project.folder / "code.py").write_text("")
    end = time.monotonic() + 20
    leaders = [project.leader(idle_exit=None, slots=4) for _ in range(2)]
    while time.monotonic() < end:
        project.submit("true")
        victim = chance.randrange(2)
        if chance.random() < 0.3:
            leaders[victim].kill()
        if leaders[victim].poll() is not None:
            leaders[victim] = project.leader(idle_exit=None, slots=4)
        time.sleep(chance.random() * 0.2)
    for leader in leaders:
        leader.kill()
        leader.wait()
    project.settle(120, slots=4)
    assert len(project.accepted) > 20
    assert Path(project.side).read_text().count("E ") == len(project.accepted)
    check_invariants(project.paths, project.side, accepted=project.accepted)
