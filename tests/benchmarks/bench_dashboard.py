"""`orp-tui` beside a bare Textual app: its start over 1,000 runs, an answer to a key, and what it costs at rest."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator

from orp_tui.services.context import Context
from orp_tui.store.database import transaction
from tests.benchmarks.bench_startup import RUNS, fill
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples
from tests.benchmarks.terminal_probe import Probe, probing
from tests.benchmarks.viewers import BARE, ORP_TUI
from tests.benchmarks.waiting_runs import await_observer, start_waiting

SILENT = 4
A_ROW, KEY_LINE = r"bench-\d+ ", r"\bCommand\b"
"""What is to be read of a run, and what only the dashboard itself draws."""
ANCHOR = "bare Textual app"


def rows(*, quick: bool) -> Iterator[Row]:
    """Start, keys, rest."""
    with ground() as place:
        context = place.context("full")
        place.leader(context, slots=1)
        fill(context)
        yield from start(place, context, 2 if quick else 20)
        yield key_to_paint(place, context, 40 if quick else 300)
    with ground() as place:
        context = place.context("quiet")
        place.leader(context, slots=SILENT)
        yield from at_rest(place, context, quick=quick)


def command(context: Context) -> list[str]:
    return [ORP_TUI, "--base-dir", str(context.paths.base)]


def start(place: Ground, context: Context, rounds: int) -> Iterator[Row]:
    """Something on the screen, the runs, and the dashboard that takes keys."""
    paint, useful, ready, memory = [], [], [], []
    bare: list[float] = []
    bare_memory: list[float] = []
    for number in range(rounds + 1):
        with probing(BARE, place.environ, place.project) as probe:
            bare.append((probe.until_shown("ready") - probe.started) * 1000)
            bare_memory.append(probe.private_mb())
        with probing(command(context), place.environ, place.project) as probe:
            useful.append((probe.until_shown(A_ROW) - probe.started) * 1000)
            ready.append((probe.until_shown(KEY_LINE) - probe.started) * 1000)
            paint.append((probe.first_paint_s or 0.0) * 1000)
            probe.rest(1.0)
            memory.append(probe.private_mb())
        if number == 0:  # to warm up
            for each in (paint, useful, ready, memory, bare, bare_memory):
                each.clear()
    beside = ANCHOR, Samples(tuple(bare), "ms")
    yield Row("orp-tui: something on the screen", Samples(tuple(paint), "ms"), *beside, Budget(0.3, "ratio"))
    what = f"orp-tui, {RUNS:,} runs: first useful text"
    yield Row(what, Samples(tuple(useful), "ms"), *beside, Budget(1.5, "ratio"))
    yield Row("  until it is drawn in full", Samples(tuple(ready), "ms"), *beside)
    yield Row("  private memory", Samples(tuple(memory), "MB"), ANCHOR, Samples(tuple(bare_memory), "MB"))


def key_to_paint(place: Ground, context: Context, presses: int) -> Row:
    """The cursor in the queue, and the title of the log that follows it."""
    with (
        probing(BARE, place.environ, place.project) as bare,
        probing(command(context), place.environ, place.project) as probe,
    ):
        bare.until_shown("ready")
        probe.until_shown(KEY_LINE)
        probe.until_shown(r"bench-19  Log")
        probe.rest(2.0)
        ours, theirs = [], []
        for number in range(1, presses + 1):
            name = f"bench-{(19 - number) % 20}"
            ours.append(probe.answer_ms("j", probe.sight(rf"─ \w+ {re.escape(name)}  Log"), name))
            theirs.append(bare.answer_ms("j", bare.sight(rf"key {number};")))
            probe.rest(0.03)
    what = "key to paint in the queue"
    return Row(what, Samples(tuple(ours), "ms"), ANCHOR, Samples(tuple(theirs), "ms"), Budget(50, "p99"))


def at_rest(place: Ground, context: Context, *, quick: bool) -> Iterator[Row]:
    """With no run, and with some that say nothing. Bytes are counted over a minute: times go on once in one."""
    window_s, windows = (5.0, 2) if quick else (60.0, 2)
    yield from costs(place, context, "no run", window_s, windows, Budget(0, "median"))
    start_waiting(place, context, SILENT)
    await_observer(place, context)
    let_go_on(context, minutes=10)
    yield from costs(place, context, f"{SILENT} silent runs", window_s, windows, Budget(20, "median"))


def let_go_on(context: Context, *, minutes: int) -> None:
    """Make all runs look so old: young ones show their seconds."""
    with context.store() as connection, transaction(connection):
        connection.execute("UPDATE run SET started_at = started_at - ?", (minutes * 60,))


def costs(
    place: Ground, context: Context, what: str, window_s: float, windows: int, bytes_budget: Budget
) -> Iterator[Row]:
    """CPU and bytes of a dashboard that is left alone, beside those of a bare app in the same windows."""
    with (
        probing(command(context), place.environ, place.project) as probe,
        probing(BARE, place.environ, place.project) as bare,
    ):
        probe.until_shown(KEY_LINE)
        bare.until_shown("ready")
        time.sleep(5.0)
        looks = [_look(probe, bare)]
        for _ in range(windows):
            time.sleep(window_s)
            looks.append(_look(probe, bare))
    cpu, sent, bare_cpu, bare_sent = (
        tuple(
            (after[kind] - before[kind]) / (after[0] - before[0])
            for before, after in itertools.pairwise(looks)
        )
        for kind in range(1, 5)
    )
    percent, rate = "% of a core", "B/s"
    used = Samples(cpu, percent), ANCHOR, Samples(bare_cpu, percent)
    yield Row(f"dashboard at rest, {what}: CPU", *used, Budget(1, "median"))
    yield Row("  to the terminal", Samples(sent, rate), ANCHOR, Samples(bare_sent, rate), bytes_budget)


def _look(probe: Probe, bare: Probe) -> tuple[float, float, float, float, float]:
    """The time, and so far of each: CPU in hundredths of a second, bytes."""
    return time.monotonic(), 100 * probe.cpu_s(), probe.bytes_out, 100 * bare.cpu_s(), bare.bytes_out
