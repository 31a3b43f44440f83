"""What is drawn of a series: its reduced points, and its smoothed line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from orp_tui.charts.look import Look
from orp_tui.core.series import Series
from orp_tui.metrics.downsample import reduce
from orp_tui.metrics.extremes import Reduced


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """One series of a chart."""

    series: Series
    reduced: Reduced
    smooth: tuple[tuple[float, float], ...]
    """The smoothed line; empty without smoothing."""

    def strokes(self) -> list[list[tuple[float, float]]]:
        """The points in stretches without a gap."""
        return broken(list(zip(self.reduced.xs, self.reduced.ys, strict=True)), self.reduced.gaps)

    def smooth_strokes(self) -> list[list[tuple[float, float]]]:
        return broken(self.smooth, self.reduced.gaps)


def curve_of(series: Series, columns: int, look: Look) -> Curve:
    """`series` reduced to `columns` columns."""
    reduced = reduce(series, columns, by_time=look.axis != "step")
    smooth = tuple(smoothed(reduced.means, look.smoothing)) if look.smoothing > 0 else ()
    return Curve(series, reduced, smooth)


def smoothed(points: Iterable[tuple[float, float]], weight: float) -> Iterable[tuple[float, float]]:
    """The moving average of the values, each earlier one counting `weight` times as much as the next.

    Without the pull towards 0 at the start: the first value is itself.
    """
    total, weights = 0.0, 0.0
    for x, y in points:
        total, weights = total * weight + y, weights * weight + 1.0
        if math.isfinite(total):
            yield x, total / weights
        else:
            total, weights = 0.0, 0.0


def broken(points: Sequence[tuple[float, float]], gaps: Sequence[float]) -> list[list[tuple[float, float]]]:
    """`points` cut where a gap lies between two of them. Both rise with x."""
    if not gaps or not points:
        return [list(points)] if points else []
    strokes, left = [[points[0]]], list(reversed(gaps))
    for before, point in pairwise(points):
        while left and left[-1] < before[0]:
            left.pop()
        if left and before[0] <= left[-1] <= point[0]:
            strokes.append([])
            left.pop()
        strokes[-1].append(point)
    return strokes
