"""Private memory of what lives as long as a run does: its supervisor; beside it leader and observer."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.benchmarks.ground import ground, until
from tests.benchmarks.measure import Budget, Row, Samples
from tests.benchmarks.processes import private_mib
from tests.benchmarks.waiting_runs import await_observer, start_waiting

BARE = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


def rows(*, quick: bool) -> Iterator[Row]:
    """Medians over several runs that wait for a sleeping training, and over as many bare Pythons."""
    number = 3 if quick else 8
    with ground() as place:
        context = place.context("experiments")
        leader = place.leader(context, slots=number)
        at_rest = private_mib(leader.pid)
        supervisors = start_waiting(place, context, number)
        bare = [place.start(BARE).pid for _ in range(number)]
        observer = await_observer(place, context)
        until(lambda: all(private_mib(pid) > 1 for pid in bare), "bare Pythons have started")
        beside = Samples(tuple(private_mib(pid) for pid in bare), "MiB")
        ours = Samples(tuple(private_mib(pid) for pid in supervisors), "MiB")
        busy = private_mib(leader.pid)
        watching = private_mib(observer)
    anchor = "python -I -S, asleep", beside
    yield Row("private memory of a waiting supervisor", ours, *anchor, Budget(5, "median"))
    yield Row("  of the leader, 0 runs", Samples((at_rest,), "MiB"), *anchor)
    yield Row(f"  of the leader, {number} runs", Samples((busy,), "MiB"), *anchor)
    yield Row(f"  of the observer, {number} runs", Samples((watching,), "MiB"), *anchor)
