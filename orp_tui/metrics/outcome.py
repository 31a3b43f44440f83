"""What came of a run's metrics: the last value of each, and the primary one where its step says.

For a run that has ended, in bounded memory: the primary at the step of another's best takes two passes, one that
finds the step and one that finds the value, however long the files are.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.last import MAX_METRICS, last_values
from orp_tui.metrics.merging import Origin, names_of, origin_of
from orp_tui.metrics.primary import Nearest, PrimaryRule, PrimaryValue, Step
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.recent import recent_points
from orp_tui.metrics.sources import SourceSpec, Trust

LIMIT_S = 60.0
"""A finaliser looks no longer: some tens of millions of lines."""

News: TypeAlias = tuple[SourceSpec, MetricBatch]
Reading: TypeAlias = Callable[[], Iterable[News]]
"""Reads all sources of a run from the beginning, each time that it is called."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The metrics of a run in a few numbers."""

    last: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Metric → its last value, NaN and infinities included."""
    primary: PrimaryValue | None = None
    """None if the experiment names none, or it was not logged, or its step is not known."""


def outcome(
    path: Path, rule: PrimaryRule | None, elsewhere: Reading | None = None, *, limit_s: float = LIMIT_S
) -> Outcome:
    """Of the run whose training logged to `path`, and if that does not say it, to the sources `elsewhere`.

    What can't be read is not there, and what is not found in `limit_s` seconds neither.
    """
    last = last_values(path)
    if last and (rule is None or rule.name in last):
        return Outcome(last, None if rule is None else _own_primary(path, rule, last[rule.name], limit_s))
    if elsewhere is None:
        return Outcome(last)
    found = _gathered(elsewhere, rule, limit_s)
    return Outcome({**found.last, **last}, found.primary)


def _own_primary(path: Path, rule: PrimaryRule, last: float, limit_s: float) -> PrimaryValue | None:
    if not rule.is_last:
        return _gathered(lambda: lines_of(path), rule, limit_s).primary
    points = recent_points(path, rule.name).get(rule.name)
    return PrimaryValue(last, points.steps[-1] if points else math.nan)


def lines_of(path: Path) -> Iterator[News]:
    """A file of JSON lines, batch by batch."""
    source, reader = SourceSpec("jsonl", str(path), path.name, trust=Trust.OWN), JsonlReader(path)
    while True:
        batch = reader.read(final=True)
        yield source, batch
        if not batch.more:
            return


def _gathered(reading: Reading, rule: PrimaryRule | None, limit_s: float) -> Outcome:
    until = time.monotonic() + limit_s
    newest: dict[SourceSpec, dict[str, tuple[float, float]]] = {}
    steps: dict[SourceSpec, Step] = {}
    for source, batch in _in_time(reading, until):
        known = newest.setdefault(source, {})
        for name, points in batch.points.items():
            if len(points) and (name in known or len(known) < MAX_METRICS):
                known[name] = points.values[-1], points.steps[-1]
            if rule is not None:
                steps.setdefault(source, Step(rule)).take(name, points)
    origins = names_of(list(newest.items()))
    values = {name: newest[origin.source][origin.tag] for name, origin in origins.items()}
    last = {name: value for name, (value, _) in values.items()}
    shown = origin_of(rule.name, origins) if rule is not None else None
    if rule is None or shown is None:
        return Outcome(last)
    if rule.is_last:
        return Outcome(last, PrimaryValue(*values[shown]))
    step = _step_of(rule, origins, steps)
    return Outcome(last, None if step is None else _nearest(reading, origins[shown], step, until))


def _step_of(
    rule: PrimaryRule, origins: Mapping[str, Origin], steps: Mapping[SourceSpec, Step]
) -> float | None:
    if rule.best is None:
        return rule.step if any(step.step is not None for step in steps.values()) else None
    shown = origin_of(rule.best, origins)
    return steps[origins[shown].source].step if shown is not None else None


def _nearest(reading: Reading, origin: Origin, step: float, until: float) -> PrimaryValue | None:
    nearest = Nearest(step)
    for source, batch in _in_time(reading, until):
        if source == origin.source and origin.tag in batch.points:
            nearest.take(batch.points[origin.tag])
    return nearest.found if time.monotonic() < until else None


def _in_time(reading: Reading, until: float) -> Iterator[News]:
    for news in reading():
        yield news
        if time.monotonic() >= until:
            return
