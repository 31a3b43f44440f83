"""News of made-up sources, and what a cache must then say; for tests of the cache."""

from __future__ import annotations

import json
import math

from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.metrics.cache.writer import RunNews
from orp_tui.metrics.gathering import SourceNews
from orp_tui.metrics.sources import SourceSpec, Trust

OWN = SourceSpec("jsonl", "/run/metrics.jsonl", "metrics.jsonl", trust=Trust.OWN)


def value(step: int) -> float:
    """The value of a step, the same in every process."""
    return math.sin(step * 12.9898) * 43758.5453 % 1.0


def points(start: int, end: int) -> Points:
    """Of the steps from `start` on, without `end`."""
    steps = range(start, end)
    return Points.of(steps, map(value, steps), (1.7e9 + step for step in steps))


def news(run_id, found, mark=None, *, source=OWN, restarted="", **more) -> RunNews:
    """One batch of one source."""
    batch = MetricBatch(found, restarted=restarted)
    return RunNews(run_id, [SourceNews(source, batch)], {source.key: {"at": mark}}, **more)


def rows(series) -> list[tuple[float, float, float]]:
    """Step, value and time of every point."""
    return [
        row for block in series.blocks for row in zip(block.steps, block.values, block.times, strict=True)
    ]


def expected(end: int, start: int = 0) -> list[tuple[float, float, float]]:
    """What `rows` says of `points(start, end)`."""
    return [(step, value(step), 1.7e9 + step) for step in range(start, end)]


def json_line(step: int) -> str:
    """As a training logs it."""
    return json.dumps({"step": step, "time": 1.7e9 + step, "loss": value(step)}) + "\n"
