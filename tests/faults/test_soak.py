"""Many short runs on many slots while the queue processor is killed again and again."""

from __future__ import annotations

import os
import time

import pytest
from invariants import check_invariants
from project import alive

from orp_tui.core.states import RunState
from orp_tui.services.watch import snapshot
from orp_tui.store import runs

SLOTS = 8
KILL_EVERY_S = 1.0


def left(project):
    """How many runs have not ended yet."""
    with project.context.store() as connection:
        return len(snapshot(project.paths, connection, slots=SLOTS).unfinished)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def soak(project, count, seconds):
    """Submit, then lead and kill until nothing is unfinished; what the leaders had open and in memory, by life."""
    for _ in range(count):
        project.submit("")
    lives = []
    deadline = time.monotonic() + seconds
    while left(project):
        assert time.monotonic() < deadline, f"{left(project)} of {count} runs left after {seconds} s"
        leader = project.leader(slots=SLOTS, idle_exit=None)
        began = time.monotonic()
        while time.monotonic() - began < KILL_EVERY_S and leader.poll() is None:
            time.sleep(0.05)
        if leader.poll() is None:
            lives.append((descriptors(leader.pid), resident_kib(leader.pid)))
            leader.kill()
        leader.wait(10)
    project.settle(60)
    return lives


def check(project, count, lives):
    check_invariants(project.paths, project.side, accepted=project.accepted)
    with project.context.store() as connection:
        ended = runs.counts(connection)
    figures = {"ended": {state.value: number for state, number in ended.items()}, "leaders": len(lives)}
    print(
        figures | {"descriptors and KiB of the leaders": [lives[0], max(lives), lives[-1]] if lives else []}
    )
    # A kill between a claim and the first instruction may cost a run, and that is then said.
    assert set(ended) <= {RunState.SUCCEEDED, RunState.LOST}
    assert ended[RunState.SUCCEEDED] >= count - len(lives)
    names = [name for _, _, found in os.walk(project.paths.base) for name in found]
    assert not [name for name in names if ".tmp" in name or name.startswith(".new-")]
    assert not [pid for pid in project.processes() if alive(pid)]
    if len(lives) > 4:
        first, last = lives[1], lives[-2]
        assert last[0] <= first[0] + 2 * SLOTS, "descriptors grow"
        assert last[1] <= first[1] * 1.5 + 4096, "memory grows"


@pytest.mark.slow
def test_a_hundred_short_runs_end_well_though_their_leader_is_killed_every_second(project):
    lives = soak(project, 100, 240)

    check(project, 100, lives)
    assert lives


@pytest.mark.sweep
def test_two_thousand_short_runs_end_well_though_their_leader_is_killed_every_second(project):
    lives = soak(project, 2000, 3000)

    check(project, 2000, lives)
    assert len(lives) > 20
