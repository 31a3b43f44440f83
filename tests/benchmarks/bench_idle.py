"""CPU of what runs while nothing happens: leader and observer, with no run and with eight silent ones."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence

from orp_tui.services.context import Context
from orp_tui.store import runs
from tests.benchmarks.ground import ground, until
from tests.benchmarks.measure import Row, Samples
from tests.benchmarks.processes import cpu_seconds, private_mib
from tests.benchmarks.waiting_runs import await_observer, start_waiting

RUNS = 8
QUEUED = (10, 1000)
"""Runs that wait for one of the slots, all of them taken."""
LOOP = [sys.executable, "-I", "-S", "-c", "import time\nwhile True: time.sleep(0.1)"]
"""The least that a Python costs which looks ten times a second, as the leader does."""


def rows(*, quick: bool) -> Iterator[Row]:
    """Percent of one core, all in the same windows; for information, since no budget names it."""
    window_s, windows = (2.0, 2) if quick else (10.0, 3)
    with ground() as place:
        context = place.context("experiments")
        leader = place.leader(context, slots=RUNS).pid
        loop = place.start(LOOP).pid
        until(lambda: cpu_seconds(loop) > 0.005, "the loop has started")
        time.sleep(1.0)
        idle, loop_first = percent([leader, loop], window_s, windows)
        alone = private_mib(leader)
        supervisors = start_waiting(place, context, RUNS)
        observer = await_observer(place, context)
        time.sleep(1.0)
        busy, looking, loop_then, *waiting = percent(
            [leader, observer, loop, *supervisors], window_s, windows
        )
        queued = {}
        for number in QUEUED:
            fill_queue(context, sum(queued), number)
            time.sleep(1.0)
            [used], memory = percent([leader], window_s, windows), private_mib(leader)
            queued[number] = (used, memory)
    anchor = "Python polling at 10 Hz"
    unit = "% of a core"
    all_waiting = tuple(sum(each) for each in zip(*waiting, strict=True))
    first, then = Samples(loop_first, unit), Samples(loop_then, unit)
    yield Row("CPU of the leader, 0 runs", Samples(idle, unit), anchor, first)
    yield Row("memory of the leader, 0 runs", Samples((alone,), "MiB"))
    yield Row(f"CPU of the leader, {RUNS} silent runs", Samples(busy, unit), anchor, then)
    for number, (used, memory) in queued.items():
        yield Row(f"  of the leader, {number:,} waiting as well", Samples(used, unit), anchor, then)
        yield Row(f"memory of the leader, {number:,} waiting", Samples((memory,), "MiB"))
    yield Row(f"CPU of the observer, {RUNS} silent runs", Samples(looking, unit), anchor, then)
    yield Row(f"  of {RUNS} supervisors together", Samples(all_waiting, unit), anchor, then)


def fill_queue(context: Context, first: int, number: int) -> None:
    """Queue runs until so many wait; no slot is free, so none needs a folder."""
    with context.store() as connection:
        for place in range(first, number):
            name = f"exp_20260921_{place:06d}_wait"
            runs.insert(connection, runs.NewRun(name, "waits", time.time(), "bench@here"))


def percent(pids: Sequence[int], window_s: float, windows: int) -> list[tuple[float, ...]]:
    """How much of a core each process took in each window."""
    looks: list[tuple[float, list[float]]] = []
    for number in range(windows + 1):
        if number:
            time.sleep(window_s)
        looks.append((time.monotonic(), [cpu_seconds(pid) for pid in pids]))
    return [
        tuple(
            100 * (after[1][place] - before[1][place]) / (after[0] - before[0])
            for before, after in itertools.pairwise(looks)
        )
        for place in range(len(pids))
    ]
