"""The room of a chart: its scales, its ticks, and whether there is space for axes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from orp_tui.charts.clock import Clock, fine, fine_clock, is_clock
from orp_tui.charts.curve import Curve
from orp_tui.charts.lines import Chart, Guide
from orp_tui.charts.look import DOTS, DOTS_HIGH, Look
from orp_tui.charts.scale import Label, Scale, Tick, byte_tick, plain_number, step_number
from orp_tui.metrics.names import bytes_in

_LEAST_WIDTH, _LEAST_HEIGHT = 20, 4
"""Of a plot with axes; a smaller one is the lines alone."""
_CELLS_A_TICK = 14
_MOST_Y_TICKS = 8
_MARGIN = 0.04
"""Of the values' range, left free above and below."""
_REACH = 1.0
"""A goal is near if it lies within so many times the values' range of them."""


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
    dots_high: int

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

    def cell(self, x: float) -> int:
        """The cell that an x stands in, from the left; what lies beyond stands at the end."""
        return _column(self.x.place(x) or 0.0, self.cells)

    def middle(self, cell: int) -> float:
        """The x in the middle of a cell."""
        return self.x.value((cell + 0.5) / self.cells)

    def ends(self, cell: int) -> tuple[float, float]:
        """From where to where a cell reaches on the axis."""
        return self.x.value(cell / self.cells), self.x.value((cell + 1) / self.cells)

    @property
    def left(self) -> int:
        """Cells before the part that lines are drawn in."""
        return self.width - self.cells

    @property
    def rows(self) -> int:
        """Height of the part that lines are drawn in; below it are the axis and its labels."""
        return self.height - 2 * self.has_axes

    def row(self, y: float) -> int | None:
        """The row that a value stands in, from the top; None if it lies beyond, or has no place at all."""
        place = self.y.place(y) if self.y.low <= y <= self.y.high else None
        if place is None:
            return None
        return self.rows - 1 - round(place * (self.rows * self.dots_high - 1)) // self.dots_high


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


def columns_for(chart: Chart, width: int, height: int, look: Look) -> int:
    """Columns of dots that a plot of that size will likely have: by the extremes, before it is reduced."""
    if not has_axes(width, height):
        return width * DOTS[look.markers]
    found = [one.summary for one in chart.series]
    ends = [end for one in found for end in (one.lowest, one.highest) if math.isfinite(end)]
    ticks = _y_ticks(y_scale_of(ends, chart.guides, look), width, height, value_label(chart))
    return max(1, width - _axis_width(ticks)) * DOTS[look.markers]


def frame_of(curves: Sequence[Curve], chart: Chart, width: int, height: int, look: Look) -> Frame:
    """Scales from the least to the greatest of everything that is drawn; there is something finite."""
    window = look.window
    xs = [x for curve in curves for one in curve.members for x in (*one.xs, *(x for x, _ in one.events))]
    x = Scale(*window) if window is not None and window[0] < window[1] else Scale.over(xs)
    y = y_scale_of([value for curve in curves for value in curve.heights], chart.guides, look)
    dots, high = DOTS[look.markers], DOTS_HIGH[look.markers]
    if not has_axes(width, height):
        return Frame(width, height, x, y, (), (), dots, high)
    x_ticks = tuple(x_ticks_of(xs, x, max(2, width // _CELLS_A_TICK), look))
    y_ticks = tuple(_y_ticks(y, width, height, value_label(chart)))
    return Frame(width, height, x, y, x_ticks, y_ticks, dots, high)


def y_scale_of(values: Sequence[float], guides: Sequence[Guide], look: Look) -> Scale:
    """Over the values, and over a goal that is near: one that is far would press them flat."""
    near = [guide.value for guide in guides if not look.log or guide.value > 0]
    shown = [value for value in values if value > 0] if look.log else values
    if near and shown:
        ends = [math.log10(end) if look.log else end for end in (min(shown), max(shown))]
        room = ends[1] - ends[0] or abs(ends[1]) or 1.0
        for value in near:
            place = math.log10(value) if look.log else value
            if ends[0] - _REACH * room <= place <= ends[1] + _REACH * room:
                values = [*values, value]
    return Scale.over(values, log=look.log, margin=_MARGIN)


def value_label(chart: Chart) -> Label:
    """How the values of a chart are told beside its axis: all of them are bytes, or bytes a second, or plain numbers."""
    units = {bytes_in(one.name) for one in chart.series}
    per = units.pop() if len(units) == 1 else None
    if per is None:
        return plain_number
    return lambda value, step: byte_tick(value, step) + (per if value else "")


def _y_ticks(scale: Scale, width: int, height: int, label: Label) -> list[Tick]:
    ticks = scale.ticks(max(2, min(height // 2, _MOST_Y_TICKS)), label)
    # Labels that tell very close values apart can be so long that they leave no room for the line.
    return ticks if _axis_width(ticks) <= width // 3 else []


def x_ticks_of(xs: Sequence[float], scale: Scale, most: int, look: Look) -> list[Tick]:
    """At most so many ticks of the axis below; whole ones if all points stand at whole steps."""
    if look.axis in ("since", "wall"):
        wall = look.axis == "wall" and is_clock(scale.low, scale.high)
        start = 0.0 if look.axis == "since" else scale.low
        ticks = Clock(start, wall).ticks(scale, most)
        if len(ticks) > 1:
            return ticks
        if abs(scale.low) < 3e11 and abs(scale.high) < 3e11:
            return scale.ticks(most, fine_clock if wall else fine) or ticks
        if ticks:
            return ticks
    whole = look.axis == "step" and all(x == round(x) for x in xs)
    return scale.ticks(most, step_number, least=1.0 if whole else 0.0)
