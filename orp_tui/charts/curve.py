"""What is drawn of a line: its points or its middle, the band around it, its smoothed line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from orp_tui.charts.axes import Along
from orp_tui.charts.lines import Chart, Line
from orp_tui.charts.look import Look
from orp_tui.charts.spread import Spread, spread_of
from orp_tui.metrics.downsample import Ends
from orp_tui.metrics.extremes import Reduced

XY = tuple[float, float]


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart, reduced to its columns."""

    line: Line
    members: tuple[Reduced, ...]
    """One for each member of the line."""
    points: tuple[XY, ...]
    """What the line goes through; finite, x never goes back."""
    gaps: tuple[float, ...]
    """x at which it breaks."""
    band: tuple[Spread, ...]
    """Around the middle of several members; empty for one."""
    smooth: tuple[XY, ...]
    """The smoothed line; empty without smoothing."""

    @property
    def events(self) -> list[XY]:
        """x and value of what is not finite, of all members."""
        return [event for reduced in self.members for event in reduced.events]

    @property
    def heights(self) -> list[float]:
        """Everything that needs room up and down."""
        return [y for _, y in self.points] + [y for one in self.band for y in (one.low, one.high)]

    def strokes(self) -> list[list[XY]]:
        """The points in stretches without a gap."""
        return broken(self.points, self.gaps)

    def smooth_strokes(self) -> list[list[XY]]:
        return broken(self.smooth, self.gaps)


def extent_of(chart: Chart, look: Look) -> Ends | None:
    """From where to where all lines of a chart reach; None if none has a place on the axis."""
    found = [Along(member, look.axis).extent() for line in chart.lines for member in line.members]
    ends = [one for one in found if one is not None]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None


def curves_of(chart: Chart, columns: int, look: Look, window: Ends | None) -> list[Curve]:
    """The lines reduced to `columns` columns of one window; None: all of the only one there is."""
    return [_curve(line, columns, look, window) for line in chart.lines]


def _curve(line: Line, columns: int, look: Look, window: Ends | None) -> Curve:
    members = tuple(Along(member, look.axis).reduced(columns, window) for member in line.members)
    band: tuple[Spread, ...] = ()
    if line.is_group:
        band = tuple(spread_of(members, columns, window))
        points = means = tuple((one.x, one.middle) for one in band)
        gaps: tuple[float, ...] = ()
    else:
        (only,) = members
        points, means, gaps = tuple(zip(only.xs, only.ys, strict=True)), only.means, only.gaps
    smooth = tuple(smoothed(means, look.smoothing)) if look.smoothing > 0 else ()
    return Curve(line, members, points, gaps, band, smooth)


def smoothed(points: Iterable[XY], weight: float) -> Iterable[XY]:
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


def broken(points: Sequence[XY], gaps: Sequence[float]) -> list[list[XY]]:
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


def spaced(places: Sequence[XY], gap: float, first: float) -> list[XY]:
    """Points at least `gap` from each other, the first at `first` or behind it; x rises. Where marks stand."""
    found: list[XY] = []
    wanted = first
    for x, y in places:
        if x >= wanted:
            found.append((x, y))
            wanted = x + gap
    return found or list(places[:1])
