"""The cache of metrics: a chart of ten million points, the first index of them, tables, and what the observer costs.

The observer is the real one, beside a real queue processor and twenty real runs whose trainings
log as `orp_tui.log` does. The anchor of the first index is what everybody would write: `json.loads`
of each line, the values kept.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.layout import BasePaths
from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.core.states import RunState
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.cache.writer import CacheWriter, RunNews
from orp_tui.metrics.downsample import reduce
from orp_tui.metrics.gathering import Gatherer, Plan, SourceNews, is_news
from orp_tui.metrics.sources import SourceSpec, Trust
from orp_tui.services.metric_history import history, summaries
from orp_tui.services.submit import submit
from tests.benchmarks.bench_chart import BY_HAND, write
from tests.benchmarks.bench_idle import percent
from tests.benchmarks.ground import Ground, await_state, ground, until
from tests.benchmarks.measure import Budget, Row, Samples, interleaved, milliseconds_of
from tests.benchmarks.waiting_runs import await_observer

COLUMNS = 240
LIVE, RATE = 20, 100
"""Live runs, and lines that each logs a second."""
RUNS = 100_000
PER_M = 1e6

LOGS = f"""
import json, os, time
path, step, begun = os.environ["ORP_METRICS_FILE"], 0, time.monotonic()
while True:
    with open(path, "a") as file:
        for _ in range({RATE} // 10):
            row = {{"step": step, "time": time.time(), "loss": 1 / (step + 1)}}
            file.write(json.dumps(row) + "\\n")
            step += 1
    time.sleep(max(0.0, begun + step / {RATE} - time.monotonic()))
"""
"""Ten times a second ten lines, so that twenty of them leave cores to the observer."""


def rows(*, quick: bool) -> Iterator[Row]:
    """Cached, indexed, in tables, live."""
    with tempfile.TemporaryDirectory(prefix="orp-bench-") as folder:
        yield from cached(Path(folder), 1_000_000 if quick else 10_000_000, 3 if quick else 7)
    with ground() as place:
        yield indexed(place, 100_000 if quick else 1_000_000, 1 if quick else 3)
    with tempfile.TemporaryDirectory(prefix="orp-bench-") as folder:
        yield tables(Path(folder), RUNS // 10 if quick else RUNS, 3 if quick else 7)
    with ground() as place:
        yield from live(place, *((3.0, 2) if quick else (20.0, 3)))


def cached(folder: Path, count: int, rounds: int) -> Iterator[Row]:
    """From nothing to what is drawn of one metric, by step and zoomed in; the file is in the kernel's memory."""
    paths = BasePaths.under(folder)
    fill(paths, count)

    def whole() -> float:
        begin = time.perf_counter()
        series = history(paths, "exp")["loss"]
        assert reduce(series, COLUMNS).count == count
        return (time.perf_counter() - begin) * 1000

    def part() -> float:
        series = history(paths, "exp")["loss"]
        begin = time.perf_counter()
        assert reduce(series, COLUMNS, window=(count * 0.4, count * 0.41)).count > 0
        return (time.perf_counter() - begin) * 1000

    def read() -> float:
        begin = time.perf_counter()
        assert sum(map(len, history(paths, "exp")["loss"].blocks)) == count
        return (time.perf_counter() - begin) * 1000

    drawn, zoomed, all_points = interleaved(rounds, whole, part, read)
    what = f"{count:,} cached points"
    beside = Samples(all_points, "ms")
    yield Row(
        f"{what} as {COLUMNS} columns",
        Samples(drawn, "ms"),
        "every point read",
        beside,
        Budget(300, "median"),
    )
    yield Row(f"{what}: a hundredth of them as {COLUMNS} columns", Samples(zoomed, "ms"))


def fill(paths: BasePaths, count: int) -> None:
    """One run that has ended, with one metric."""
    own = SourceSpec("jsonl", str(paths.run("exp").metrics), "metrics.jsonl", trust=Trust.OWN)
    writer = CacheWriter(paths.metric_cache)
    for start in range(0, count, 100_000):
        steps = range(start, min(start + 100_000, count))
        values = (step % 1013 / (1 + step % 7) for step in steps)
        points = Points.of(steps, values, (1.7e9 + step for step in steps))
        news = [SourceNews(own, MetricBatch({"loss": points}))]
        writer.write([RunNews("exp", news, {own.key: {}}, complete=True)])
    writer.close()


def indexed(place: Ground, count: int, rounds: int) -> Row:
    """From JSON lines into an empty cache, a million points."""
    path = place.folder / "metrics.jsonl"
    write(path, count)
    own = SourceSpec("jsonl", str(path), "metrics.jsonl", trust=Trust.OWN)

    def action() -> float:
        cache = place.folder / "index.db"
        cache.unlink(missing_ok=True)
        begin = time.perf_counter()
        writer, gatherer = CacheWriter(cache), Gatherer(Plan((own,), is_final=True))
        while True:
            news = [each for each in gatherer.batches(time.monotonic() + 0.5) if is_news(each.batch)]
            if not news:
                break
            writer.write([RunNews("exp", news, gatherer.marks)])
        writer.close()
        took = time.perf_counter() - begin
        series = MetricCache(cache).series("exp", "loss")
        assert series is not None
        assert len(series) == count
        return took * 1000 * PER_M / count

    by_hand = milliseconds_of([sys.executable, "-c", BY_HAND, str(path)])
    ours, plain = interleaved(rounds, action, lambda: by_hand() * PER_M / count)
    return Row(
        "first index of a million JSON lines",
        Samples(ours, "ms"),
        "json.loads by line",
        Samples(plain, "ms"),
        Budget(1000, "median"),
    )


def tables(folder: Path, count: int, rounds: int) -> Row:
    """One metric of all runs, for a column of a table."""
    paths = BasePaths.under(folder)
    own = SourceSpec("jsonl", "/run/metrics.jsonl", "metrics.jsonl", trust=Trust.OWN)
    writer = CacheWriter(paths.metric_cache)
    few = Points.of(range(3), [3.0, 2.0, 1.0])
    news = [SourceNews(own, MetricBatch({"loss": few, "lr": few}))]
    for start in range(0, count, 1000):
        writer.write(
            [RunNews(f"exp_{number:06d}", news, {own.key: {}}) for number in range(start, start + 1000)]
        )
    writer.close()

    def action() -> float:
        begin = time.perf_counter()
        assert len(summaries(paths, names=["loss"])) == count
        return (time.perf_counter() - begin) * 1000

    (times,) = interleaved(rounds, action)
    return Row(f"summaries of one metric of {count:,} runs", Samples(times, "ms"))


def live(place: Ground, window_s: float, windows: int) -> Iterator[Row]:
    """What the observer takes while twenty runs log."""
    context = place.context("experiments")
    leader = place.leader(context, slots=LIVE).pid
    script = place.folder / "logs.py"
    script.write_text(LOGS)
    awaited = {"type": "report", "path": "out.txt", "validation": "exists"}
    source = place.source(context, [sys.executable, "-I", "-S", str(script)], awaited)
    with context.store() as connection:
        ids = [submit(context, connection, source) for _ in range(LIVE)]
    for run_id in ids:
        await_state(context, run_id, RunState.RUNNING)
    until(
        lambda: len({row.run_id for row in summaries(context.paths, names=["loss"])}) == LIVE, "all runs kept"
    )
    observer = await_observer(place, context)
    before = points_kept(context.paths)
    used, leading = percent([observer, leader], window_s, windows)
    kept = points_kept(context.paths) - before
    rate = kept / (window_s * windows) / LIVE
    assert rate > RATE / 2, f"{rate:.0f} points/s of each run were kept"
    unit = "% of a core"
    yield Row(
        f"CPU of the observer, {LIVE} live runs at {RATE} points/s",
        Samples(used, unit),
        "the leader beside it",
        Samples(leading, unit),
        Budget(5, "median"),
        note=f"{rate:.0f} points/s a run kept",
    )
    size = os.path.getsize(context.paths.metric_cache) / (1 << 20)
    yield Row("size of the cache then", Samples((size,), "MiB"))


def points_kept(paths: BasePaths) -> int:
    return sum(row.length for row in summaries(paths, names=["loss"]))
