"""A chart for paper: its lines reduced to pixels, its scales and its ticks, whoever draws them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.charts.captions import counts_of, how_words
from orp_tui.charts.curve import Curve, curves_of, extent_of
from orp_tui.charts.frame import value_label, x_ticks_of, y_scale_of
from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.charts.possible import possible
from orp_tui.charts.scale import Scale, Tick

_PIXELS_A_TICK = 90
_Y_TICKS = 7
_AXES = {"step": "step", "epoch": "epoch", "since": "time since the start", "wall": "time of day"}


@dataclasses.dataclass(frozen=True, slots=True)
class Scales:
    """Where values stand, between 0 and 1."""

    x: Scale
    y: Scale
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    def place(self, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Those that the scales have a place for."""
        found = []
        for x, y in points:
            left, up = self.x.place(x), self.y.place(y)
            if left is not None and up is not None:
                found.append((left, up))
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """What is to be drawn."""

    chart: Chart
    curves: Sequence[Curve]
    scales: Scales | None
    """None: there is no finite value."""
    axis: str
    """What stands below, in words."""
    count: str
    """`n=100,000 as 800 columns min/max`."""
    notes: tuple[str, ...]


def figure_of(chart: Chart, columns: int, look: Look) -> Figure:
    """The chart in so many pixels."""
    look, notes = possible(chart, look)
    window = look.window or extent_of(chart, look)
    curves = curves_of(chart, columns, look, window)
    scales = None
    if window is not None and any(curve.points for curve in curves):
        xs = [x for curve in curves for one in curve.members for x in one.xs]
        x = Scale(*window) if window[0] < window[1] else Scale.over(window)
        y = y_scale_of([value for curve in curves for value in curve.heights], chart.guides, look)
        x_ticks = x_ticks_of(xs, x, columns // _PIXELS_A_TICK, look)
        scales = Scales(x, y, tuple(x_ticks), tuple(y.ticks(_Y_TICKS, value_label(chart))))
    return Figure(chart, curves, scales, _AXES[look.axis], counts_of(curves)[0], (*how_words(look), *notes))
