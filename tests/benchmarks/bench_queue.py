"""No-op runs through the queue, two at a time, each with one deliverable checked and a zip.

A run takes at least two Python processes (supervisor, finaliser), so the anchor is a loop that
starts two bare ones after each other and does nothing else.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

from orp_tui.core.states import RunState
from orp_tui.services.submit import submit
from orp_tui.store import events, runs
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved, milliseconds_of
from tests.benchmarks.rivals import guild_run, task_spooler

SLOTS = 2
UNIT = "ms/run"


def rows(*, quick: bool) -> Iterator[Row]:
    """Milliseconds a run, from the first claim to the last end."""
    each, rounds = (10, 2) if quick else (40, 5)
    with ground() as place:
        names = (f"batch-{number}" for number in itertools.count())
        spooler = task_spooler(place, each, slots=SLOTS)
        guild = guild_run(place)
        ours, bare, tsp, guilds = interleaved(
            rounds,
            lambda: batch(place, next(names), each),
            lambda: loop(each),
            spooler or not_there,
            guild or not_there,
            warm_up=0,
        )
    measured = Samples(ours, UNIT)
    loops = Samples(bare, UNIT)
    yield Row(
        f"queue, {SLOTS} slots, check and zip",
        measured,
        "two bare Python starts in a loop",
        loops,
        Budget(4, "ratio"),
    )
    if spooler:
        yield Row("  beside task-spooler", measured, "tsp -S 2", Samples(tsp, UNIT))
    else:
        yield Row("  beside task-spooler", None, "tsp", note="tsp is not installed")
    if guild:
        yield Row("  beside Guild", measured, "guild run", Samples(guilds, UNIT), Budget(0.1, "ratio"))
    else:
        yield Row("  beside Guild", None, "guild run", note="guild is not installed")


def not_there() -> float:
    """The measurement of a program that is not installed."""
    return 0.0


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
