"""The chart of a long run from its cold JSON lines, of a longer one from memory, and many live runs at once.

`wandb leet` shows the first chart of a million points after 1.6 s and all of it after 18 s
(research/tui-performance.md); it is not installed here, so the anchor is what everybody would
write: `json.loads` of each line, the values kept.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.charts.lines import Chart
from orp_tui.charts.render import draw
from orp_tui.core.layout import RunPaths
from orp_tui.core.series import Series
from orp_tui.services.last_metrics import LastMetrics
from orp_tui.services.run_metrics import RunMetrics
from tests.benchmarks.ground import ORP, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved, milliseconds_of

WIDTH, HEIGHT = 120, 30
LIVE, RATE = 20, 100
"""Live runs, and points that each logs a second."""

BY_HAND = """
import json, sys
steps, values = [], []
for line in open(sys.argv[1]):
    row = json.loads(line)
    steps.append(row["step"])
    values.append(row["loss"])
"""


def rows(*, quick: bool) -> Iterator[Row]:
    """Cold, in memory, live."""
    with ground() as place:
        yield from cold(place.folder, place.environ, 100_000 if quick else 1_000_000, 2 if quick else 7)
        yield live(place.folder, 3 if quick else 15)
    yield from_memory(1_000_000 if quick else 10_000_000, 2 if quick else 7)


def cold(folder: Path, environ: dict[str, str], count: int, rounds: int) -> Iterator[Row]:
    """A whole process from the file to the picture, and a run's first look to its last."""
    run = RunPaths(folder / "run")
    run.folder.mkdir()
    write(run.metrics, count)
    ours, by_hand, in_pane = interleaved(
        rounds,
        milliseconds_of([*ORP, "metrics", str(run.metrics), "--plot"], env=environ),
        milliseconds_of([sys.executable, "-c", BY_HAND, str(run.metrics)], env=environ),
        pane_of(run),
    )
    anchor = Samples(by_hand, "ms")
    what = f"chart of {count:,} points, cold JSONL"
    yield Row(
        f"{what}: orp metrics --plot",
        Samples(ours, "ms"),
        "json.loads by line",
        anchor,
        Budget(1000, "median"),
    )
    yield Row(
        f"{what}: all of it in the pane",
        Samples(in_pane, "ms"),
        "json.loads by line",
        anchor,
        Budget(1000, "median"),
    )


def pane_of(run: RunPaths) -> Callable[[], float]:
    """An action: every look of the dashboard's feed, each drawn, until all is on the screen."""

    def action() -> float:
        begin = time.perf_counter()
        metrics = RunMetrics(run)
        complete = False
        while not complete:
            look = metrics.look()
            assert look is not None
            draw(Chart.of(look.series.values()), WIDTH, HEIGHT)
            complete = look.complete
        return (time.perf_counter() - begin) * 1000

    return action


def from_memory(count: int, rounds: int) -> Row:
    """What a redraw costs once everything is read."""
    series = Series.of("loss", range(count), map(random.Random(1).gauss, [0.0] * count, [1.0] * count))

    def action() -> float:
        begin = time.perf_counter()
        draw(Chart.of([series]), WIDTH, HEIGHT)
        return (time.perf_counter() - begin) * 1000

    (times,) = interleaved(rounds, action)
    return Row(f"chart of {count:,} points in memory", Samples(times, "ms"), budget=Budget(300, "median"))


def live(folder: Path, rounds: int) -> Row:
    """The queue's column of last values while all runs log."""
    runs = [RunPaths(folder / f"live-{place}") for place in range(LIVE)]
    for run in runs:
        run.folder.mkdir()
        write(run.metrics, 50_000)
    last = LastMetrics()
    step = 50_000

    def action() -> float:
        nonlocal step
        for run in runs:
            write(run.metrics, RATE, step)
        step += RATE
        begin = time.perf_counter()
        found = [last.of(run) for run in runs]
        took = (time.perf_counter() - begin) * 1000
        assert all(one is not None and one.step == step - 1 for one in found)
        return took

    (times,) = interleaved(rounds, action)
    return Row(
        f"last values of {LIVE} live runs, {RATE} points/s each", Samples(times, "ms"), note="of each second"
    )


def write(path: Path, count: int, start: int = 0) -> None:
    """Add lines as `orp_tui.log` writes them."""
    rng = random.Random(start)
    with open(path, "a", encoding="ascii") as file:
        for step in range(start, start + count):
            row = {"step": step, "time": 1.79e9 + step * 0.01, "loss": rng.random()}
            file.write(json.dumps(row, separators=(", ", ": ")) + "\n")
