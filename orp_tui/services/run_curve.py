"""The metric that a run is judged by, small enough for a line: where it began, how it went, where it stands.

Of a run that goes on from another it is its own part alone.
"""

from __future__ import annotations

import dataclasses
import math
from array import array

from orp_tui.core.past_run import MetricValues, PastRun, best_goal
from orp_tui.core.series import Series
from orp_tui.core.sparkline import thinned
from orp_tui.metrics.headed import HeadedBlocks
from orp_tui.services.run_metrics import MetricsSnapshot

POINTS = 120
"""Values that are kept of a curve; a line has no room for more."""


@dataclasses.dataclass(frozen=True)
class Curve:
    """One metric of one run. None: nobody knows, or there is no finite one."""

    name: str
    """As the training logs it: text from outside."""
    values: tuple[float, ...] = ()
    """At most POINTS, means of equal parts; NaN where a part has nothing finite. Empty: only the numbers are known."""
    first: float | None = None
    last: float | None = None
    best: float | None = None
    best_step: float | None = None
    count: int = 0
    """Points in all; 0 if only the numbers are known."""
    non_finite: int = 0
    """How many of them are NaN or infinite."""


def curve_of(run: PastRun, found: MetricsSnapshot | None) -> Curve | None:
    """The metric that judges the run, else the first that is shown of it; None if there is none."""
    if found is not None:
        names = [run.primary, found.primary, *(name for name in found.series if not name.startswith("sys/"))]
        for name in names:
            if name is not None and name in found.series and len(found.series[name]):
                return _of_series(found.series[name], _goal(run, name))
    return remembered(run)


def remembered(run: PastRun) -> Curve | None:
    """What the list of runs knows, without any file."""
    name = run.primary if run.primary in run.metrics else next(iter(run.metrics), None)
    if name is None:
        return None
    known = run.metrics[name]
    return Curve(name, first=known.first, last=known.last, best=known.best(name))


def _goal(run: PastRun, name: str) -> str:
    return run.metrics.get(name, MetricValues()).goal or best_goal(name)


def _of_series(series: Series, goal: str) -> Curve:
    summary = series.summary
    down = goal == "minimize"
    return Curve(
        name=series.name,
        values=_values(series),
        first=_finite(series.blocks[0].values[0]),
        last=_finite(summary.last),
        best=_finite(summary.lowest if down else summary.highest),
        best_step=_finite(summary.lowest_step if down else summary.highest_step),
        count=summary.count,
        non_finite=summary.non_finite,
    )


def _values(series: Series) -> tuple[float, ...]:
    """Of a long series by what is known of its stretches: a million points need not be read for a line."""
    blocks = series.blocks
    if isinstance(blocks, HeadedBlocks):
        means = [header.mean if header.finite else math.nan for header in blocks.headers()]
        if len(means) >= POINTS:
            return thinned(means, POINTS)
    values = array("d")
    for block in blocks:
        # Means of means: no part of a long series is so short that it would show.
        values.extend(thinned(block.values, POINTS) if len(series) > POINTS * 1_000 else block.values)
    return thinned(values, POINTS)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
