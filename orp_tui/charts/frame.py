"""The room of a chart: its scales, its ticks, and whether there is space for axes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from orp_tui.charts.clock import Clock, is_clock
from orp_tui.charts.curve import Curve
from orp_tui.charts.look import Look
from orp_tui.charts.scale import Scale, Tick, plain_number, step_number

_LEAST_WIDTH, _LEAST_HEIGHT = 20, 4
"""Of a plot with axes; a smaller one is the lines alone."""
_CELLS_A_TICK = 14
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

    @property
    def has_axes(self) -> bool:
        return has_axes(self.width, self.height)

    def place(self, points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
        """The points between 0 and 1; those that the scales have no place for are left out."""
        places = [(self.x.place(x), self.y.place(y)) for x, y in points]
        good = [(x, y) for x, y in places if x is not None and y is not None]
        return [x for x, _ in good], [y for _, y in good]


def has_axes(width: int, height: int) -> bool:
    """Whether a plot of that size has room for them."""
    return width >= _LEAST_WIDTH and height >= _LEAST_HEIGHT


def frame_of(curves: Sequence[Curve], width: int, height: int, look: Look) -> Frame:
    """Scales from the least to the greatest of everything that is drawn; there is something finite."""
    xs = [x for curve in curves for x in (*curve.reduced.xs, *(x for x, _ in curve.reduced.events))]
    x = Scale.over(xs)
    y = Scale.over([value for curve in curves for value in curve.reduced.ys], log=look.log, margin=_MARGIN)
    if not has_axes(width, height):
        return Frame(width, height, x, y, (), ())
    y_ticks = y.ticks(max(2, min(height // 2, 8)), plain_number)
    if max((len(tick.label) for tick in y_ticks), default=0) > width // 3:
        y_ticks = []  # labels that tell such values apart would leave no room for the line
    return Frame(width, height, x, y, tuple(_x_ticks(curves, x, width, look)), tuple(y_ticks))


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
