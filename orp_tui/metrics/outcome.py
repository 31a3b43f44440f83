"""What came of a run's metrics: the last value of each, and the primary one where its step says.

For a run that has ended, in bounded memory: the primary at the step of another's best takes two passes over the
run's own file, one that finds the step and one that finds the value, however long it is.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Series
from orp_tui.metrics.last import MAX_METRICS, last_values
from orp_tui.metrics.primary import Nearest, PrimaryRule, PrimaryValue, Step, primary_value
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.recent import recent_points

LIMIT_S = 60.0
"""A finaliser looks no longer: some tens of millions of lines."""

Elsewhere: TypeAlias = Callable[[], Mapping[str, Series]]
"""Reads the metrics of a run from whatever it has written, by the names under which they are shown."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The metrics of a run in a few numbers."""

    last: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Metric → its last value, NaN and infinities included."""
    primary: PrimaryValue | None = None
    """None if the experiment names none, or it was not logged, or its step is not known."""
    is_of_part: bool = False
    """Whether the primary is of a resumed run's own part, though the runs before it count too."""


def outcome(
    path: Path, rule: PrimaryRule | None, elsewhere: Elsewhere | None = None, *, limit_s: float = LIMIT_S
) -> Outcome:
    """Of the run whose training logged to `path`, and if that does not say it, to files `elsewhere`.

    What can't be read is not there, and what is not found in `limit_s` seconds neither.
    """
    last = last_values(path)
    if last and (rule is None or rule.name in last):
        primary = None if rule is None else _own_primary(path, rule, last[rule.name], limit_s)
        if primary is None and rule is not None and rule.best not in (None, *last) and elsewhere is not None:
            primary = primary_value(elsewhere(), rule)  # the metric that chooses the step is in another file
        return Outcome(last, primary)
    if elsewhere is None:
        return Outcome(last)
    series = elsewhere()
    values = {name: series[name].summary.last for name in list(series)[:MAX_METRICS]}
    return Outcome({**values, **last}, None if rule is None else primary_value(series, rule))


def hangs_on_chain(found: Outcome, rule: PrimaryRule | None) -> bool:
    """Whether the runs before a resumed one can change what `outcome` says of the primary.

    The last value is the last of the newest run, if that has one.
    """
    return rule is not None and (not rule.is_last or found.primary is None)


def of_chain(found: Outcome, rule: PrimaryRule, chain: Mapping[str, Series]) -> Outcome:
    """With the primary of the whole chain, whose metrics are joined; {}: they could not be read."""
    if not chain:
        return dataclasses.replace(found, is_of_part=True)
    return dataclasses.replace(found, primary=primary_value(chain, rule))


def _own_primary(path: Path, rule: PrimaryRule, last: float, limit_s: float) -> PrimaryValue | None:
    if rule.is_last:
        points = recent_points(path, rule.name).get(rule.name)
        return PrimaryValue(last, points.steps[-1] if points else math.nan)
    until, step = time.monotonic() + limit_s, Step(rule)
    for batch in _batches(path):
        for name, points in batch.points.items():
            step.take(name, points)
        if time.monotonic() >= until:
            return None
    return None if step.step is None else _nearest(path, rule, step.step, until)


def _nearest(path: Path, rule: PrimaryRule, step: float, until: float) -> PrimaryValue | None:
    nearest = Nearest(step)
    for batch in _batches(path):
        if rule.name in batch.points:
            nearest.take(batch.points[rule.name])
        if time.monotonic() >= until:
            return None
    return nearest.found


def _batches(path: Path) -> Iterator[MetricBatch]:
    """A file of JSON lines that grows no more, from its beginning."""
    reader = JsonlReader(path)
    while True:
        batch = reader.read(final=True)
        yield batch
        if not batch.more:
            return
