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
from tests.benchmarks.rivals import Spooler, dvc_queue, guild_queue, guild_run, no_ops, spoolers

SLOTS = 2
UNIT = "ms/run"


def rows(*, quick: bool) -> Iterator[Row]:
    """Milliseconds a run, from the first claim to the last end."""
    each, rounds = (10, 2) if quick else (40, 5)
    slow = 2 if quick else 4
    with ground() as place:
        names = (f"batch-{number}" for number in itertools.count())
        rivals = {f"{item.name}, {_slots(item)}": no_ops(item, each) for item in spoolers(place, slots=SLOTS)}
        records = {
            "guild run": guild_run(place),
            "guild queue": guild_queue(place, slow),
            f"dvc queue, {SLOTS} workers": dvc_queue(place, slow, slots=SLOTS),
        }
        keepers = {name: action for name, action in records.items() if action is not None}
        ours, bare, *others = interleaved(
            rounds,
            lambda: batch(place, next(names), each),
            lambda: loop(each),
            *rivals.values(),
            *keepers.values(),
            warm_up=0,
        )
    measured = Samples(ours, UNIT)
    yield Row(
        f"queue, {SLOTS} slots, check and zip",
        measured,
        "two bare Python starts in a loop",
        Samples(bare, UNIT),
        Budget(4, "ratio"),
    )
    yield Row("  so many a minute", Samples(tuple(60_000 / took for took in ours), "/min"))
    for name, took in zip([*rivals, *keepers], others, strict=True):
        budget = Budget(0.1, "ratio") if name in keepers else None
        yield Row(f"  beside {name.split()[0].strip(',')}", measured, name, Samples(took, UNIT), budget)
    installed = " ".join([*rivals, *keepers])
    for name in ("tsp", "nq", "guild", "dvc"):
        if name not in installed:
            yield Row(f"  beside {name}", None, name, note=f"{name} is not installed")


def _slots(spooler: Spooler) -> str:
    return "one at a time" if spooler.name == "nq" else f"{SLOTS} slots"


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
