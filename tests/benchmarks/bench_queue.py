"""No-op runs through the queue, two at a time, each with one deliverable checked and a zip.

A run takes at least two Python processes (supervisor, finaliser), so the anchor is a loop that
starts two bare ones after each other and does nothing else.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from orp_tui.core.states import RunState
from orp_tui.services.submit import submit
from orp_tui.store import events, runs
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved, milliseconds_of

SLOTS = 2


def rows(*, quick: bool) -> Iterator[Row]:
    """Milliseconds a run, from the first claim to the last end."""
    each, rounds = (10, 2) if quick else (40, 5)
    with ground() as place:
        names = (f"batch-{number}" for number in itertools.count())
        spooler = task_spooler(place, each)
        actions = [
            lambda: batch(place, next(names), each),
            lambda: loop(each),
            *([spooler] if spooler else []),
        ]
        ours, bare, *tsp = interleaved(rounds, *actions, warm_up=0)
    measured = Samples(ours, "ms/run")
    yield Row(
        f"queue, {SLOTS} slots, check and zip",
        measured,
        "two bare Python starts in a loop",
        Samples(bare, "ms/run"),
        Budget(4, "ratio"),
    )
    if tsp:
        yield Row("  beside task-spooler", measured, "tsp -S 2", Samples(tsp[0], "ms/run"))
    else:
        yield Row("  beside task-spooler", None, "tsp", note="tsp is not installed")


def batch(place: Ground, name: str, number: int) -> float:
    """Queue the runs, let a queue processor see them through, and take the time from the events."""
    context = place.context(name)
    deliverable = {"type": "report", "path": "out.txt", "validation": "exists"}
    source = place.source(context, ["touch", "out.txt"], deliverable)
    with context.store() as connection:
        for _ in range(number):
            submit(context, connection, source)
        leader = place.leader(context, slots=SLOTS, idle_exit_s=0.0)
        leader.wait(120)
        if runs.counts(connection) != {RunState.SUCCEEDED: number}:
            raise RuntimeError(f"not all runs have succeeded: {runs.counts(connection)}")
        times = [
            event.at for event in events.after(connection, 0, limit=100 * number) if event.kind != "submit"
        ]
    return (max(times) - min(times)) * 1000 / number


def loop(number: int) -> float:
    """Milliseconds of two bare Python starts."""
    bare = milliseconds_of([sys.executable, "-c", "pass"])
    return sum(bare() + bare() for _ in range(number)) / number


def task_spooler(place: Ground, number: int) -> Callable[[], float] | None:
    """The same number of no-ops by task-spooler, which records and checks nothing; None without it."""
    command = shutil.which("tsp") or shutil.which("ts-tsp")
    if command is None:
        return None
    environ = {**place.environ, "TS_SOCKET": str(place.folder / "ts.socket"), "TS_SLOTS": str(SLOTS)}

    def action() -> float:
        begin = time.perf_counter()
        for _ in range(number):
            subprocess.run([command, "-n", "true"], env=environ, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([command, "-w"], env=environ, check=False, stdout=subprocess.DEVNULL)
        took = (time.perf_counter() - begin) * 1000 / number
        subprocess.run([command, "-K"], env=environ, check=True)
        return took

    return action
