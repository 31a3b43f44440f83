"""`orp-tui` beside a bare Textual app: its start over 1,000 runs, an answer to a key, and what it costs at rest."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from orp_tui.services.context import Context
from tests.benchmarks.bench_startup import RUNS, fill
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples
from tests.benchmarks.terminal_probe import Probe, probing
from tests.benchmarks.viewers import BARE, ORP_TUI
from tests.benchmarks.waiting_runs import await_observer, start_waiting

SILENT = 4
YOUNG_S = 62.0
"""So long a run's time shows seconds."""
A_ROW, KEY_LINE = r"bench-\d+ ", r"\bCommand\b"
"""What is to be read of a run, and what only the dashboard itself draws."""
TITLE = r"─ \w+ {name}  Log"
ANCHOR = "bare Textual app"


def rows(*, quick: bool) -> Iterator[Row]:
    """Start, keys, rest. Runs that say nothing are started first, for young ones show their seconds."""
    with ground() as place:
        full, silent = place.context("full"), place.context("silent")
        place.leader(silent, slots=SILENT)
        start_waiting(place, silent, SILENT)
        await_observer(place, silent)
        settled = time.monotonic() + YOUNG_S
        fill(full)
        place.leader(full, slots=1)
        yield from start(place, full, 2 if quick else 20)
        yield from key_to_paint(place, full, 40 if quick else 180)
        # Over whole minutes: times go on once in one.
        window_s, windows = (5.0, 2) if quick else (60.0, 2)
        yield from costs(place, full, "no run", window_s, windows, Budget(0, "median"))
        time.sleep(max(0.0, settled - time.monotonic()))
        yield from costs(place, silent, f"{SILENT} silent runs", window_s, windows, Budget(20, "median"))


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


def key_to_paint(place: Ground, context: Context, presses: int) -> Iterator[Row]:
    """The cursor in the queue, which lists the newest 200, and what follows it: the panes of the run."""
    with (
        probing(BARE, place.environ, place.project) as bare,
        probing(command(context), place.environ, place.project) as probe,
    ):
        bare.until_shown("ready")
        probe.until_shown(KEY_LINE)
        probe.until_shown(TITLE.format(name="bench-19"))
        probe.rest(2.0)
        cursor, title, theirs = [], [], []
        for number in range(1, presses + 1):
            name = f"bench-{(19 - number) % 20}"
            cursor.append(probe.answer_ms("j", probe.sight(rf">  \w+ {name} "), f"the cursor at {name}"))
            pressed = probe.shown_at - cursor[-1] / 1000
            title.append((probe.until_shown(TITLE.format(name=name)) - pressed) * 1000)
            theirs.append(bare.answer_ms("j", bare.sight(rf"key {number};")))
            probe.rest(0.03)
    beside = ANCHOR, Samples(tuple(theirs), "ms")
    yield Row("key to paint in the queue", Samples(tuple(cursor), "ms"), *beside, Budget(50, "p99"))
    yield Row("  until the panes are those of the run", Samples(tuple(title), "ms"), *beside)


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
