"""The room of a chart: its scales, its ticks, and whether there is space for axes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from orp_tui.charts.clock import Clock, is_clock
from orp_tui.charts.curve import Curve
from orp_tui.charts.look import DOTS, Look
from orp_tui.charts.scale import Scale, Tick, plain_number, step_number
from orp_tui.core.series import Series

_LEAST_WIDTH, _LEAST_HEIGHT = 20, 4
"""Of a plot with axes; a smaller one is the lines alone."""
_CELLS_A_TICK = 14
_MOST_Y_TICKS = 8
_MARGIN = 0.04
"""Of the values' range, left free above and below."""


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """Where on the cells a value stands."""

    width: int
    height: int
    """In terminal cells, axes included."""
    x: Scale
    y: Scale
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    dots: int
    """That a cell is wide."""

    @property
    def has_axes(self) -> bool:
        return has_axes(self.width, self.height)

    @property
    def cells(self) -> int:
        """Width of the part that lines are drawn in."""
        return self.width - _axis_width(self.y_ticks) * self.has_axes

    def place(self, points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
        """The points between 0 and 1; those that the scales have no place for are left out.

        Each stands in the middle of its column of dots, so that the two of a column are above each other.
        """
        placed, columns = [], self.cells * self.dots
        for x, y in points:
            left, up = self.x.place(x), self.y.place(y)
            if left is not None and up is not None:
                placed.append((_snapped(left, columns), up))
        return _without_detours(placed)

    def x_labels(self) -> tuple[list[float], list[str]]:
        """Places and texts of the ticks below."""
        return [_snapped(tick.place, self.cells) for tick in self.x_ticks], [
            tick.label for tick in self.x_ticks
        ]

    def cell(self, x: float) -> int | None:
        """The cell that an x stands in, from the left; None if the scale has no place for it."""
        place = self.x.place(x)
        return None if place is None else _column(place, self.cells)


def _without_detours(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Of points above each other the lowest and the highest, the one first that is nearer to the point before.

    The line covers the same dots, and plotext, which pays for each of them, half as many twice.
    """
    xs: list[float] = []
    ys: list[float] = []
    for x, group in groupby(points, key=itemgetter(0)):
        heights = [y for _, y in group]
        low, high = min(heights), max(heights)
        ends = [high, low] if ys and abs(ys[-1] - high) < abs(ys[-1] - low) else [low, high]
        ends = ends if low < high else [low]
        xs += [x] * len(ends)
        ys += ends
    return xs, ys


def _column(place: float, columns: int) -> int:
    return min(int(place * columns), columns - 1)


def _snapped(place: float, columns: int) -> float:
    """What plotext, which puts 0 and 1 on the middles of the outermost columns, takes for the middle of ours."""
    return _column(place, columns) / (columns - 1) if columns > 1 else 0.5


def _axis_width(ticks: Sequence[Tick]) -> int:
    """Cells that labels and the line beside them take."""
    return max((len(tick.label) for tick in ticks), default=0) + 1


def has_axes(width: int, height: int) -> bool:
    """Whether a plot of that size has room for them."""
    return width >= _LEAST_WIDTH and height >= _LEAST_HEIGHT


def columns_for(series: Sequence[Series], width: int, height: int, look: Look) -> int:
    """Columns of dots that a plot of that size will have: known from the extremes, before it is reduced."""
    if not has_axes(width, height):
        return width * DOTS[look.markers]
    ends = [end for one in series for end in (one.summary.lowest, one.summary.highest) if math.isfinite(end)]
    ticks = _y_ticks(Scale.over(ends, log=look.log, margin=_MARGIN), width, height)
    return max(1, width - _axis_width(ticks)) * DOTS[look.markers]


def frame_of(curves: Sequence[Curve], width: int, height: int, look: Look) -> Frame:
    """Scales from the least to the greatest of everything that is drawn; there is something finite."""
    xs = [x for curve in curves for x in (*curve.reduced.xs, *(x for x, _ in curve.reduced.events))]
    x = Scale.over(xs)
    y = Scale.over([value for curve in curves for value in curve.reduced.ys], log=look.log, margin=_MARGIN)
    dots = DOTS[look.markers]
    if not has_axes(width, height):
        return Frame(width, height, x, y, (), (), dots)
    x_ticks = tuple(_x_ticks(curves, x, width, look))
    return Frame(width, height, x, y, x_ticks, tuple(_y_ticks(y, width, height)), dots)


def _y_ticks(scale: Scale, width: int, height: int) -> list[Tick]:
    ticks = scale.ticks(max(2, min(height // 2, _MOST_Y_TICKS)), plain_number)
    # Labels that tell very close values apart can be so long that they leave no room for the line.
    return ticks if _axis_width(ticks) <= width // 3 else []


def _x_ticks(curves: Sequence[Curve], scale: Scale, width: int, look: Look) -> list[Tick]:
    most = max(2, width // _CELLS_A_TICK)
    if look.axis != "step":
        firsts = [curve.series.blocks[0].times[0] for curve in curves if curve.series.blocks]
        start = min(filter(math.isfinite, firsts), default=scale.low)
        wall = look.axis == "wall" and is_clock(scale.low, scale.high)
        ticks = Clock(start, wall).ticks(scale, most)
        if ticks:
            return ticks
    whole = all(x == round(x) for curve in curves for x in curve.reduced.xs)
    return scale.ticks(most, step_number, least=1.0 if whole else 0.0)
