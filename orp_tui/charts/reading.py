"""What lies under the cursor: of each line the values in one column of cells."""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence

from orp_tui.charts.axes import placed, stretch
from orp_tui.charts.curve import Curve
from orp_tui.charts.frame import Frame
from orp_tui.charts.look import Axis


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """One line at one column of cells."""

    xs: tuple[float, ...]
    """Of what is drawn there; empty if nothing of the line is."""
    low: float
    high: float
    """The least and the greatest value there; NaN if there is none that is finite."""
    middle: float
    """Of several members the median; NaN for one."""
    count: int
    """How many members reach here."""
    bad: tuple[float, ...]
    """x of values there that are not finite: the first of each column of dots."""
    beside: tuple[float, float] | None
    """Where nothing is there: x and value of the nearest point; None if there is none at all."""

    def words(self, axis: Axis, show: Callable[[float], str] | None = None) -> str:
        """`0.31`, `0.29…0.33`, `median of 3 0.3 (0.29…0.33)`, `NaN`, `0.31 at 1,100`, `-`.

        `show`: how a value is written, if not as a plain number.
        """
        show = show or _short
        parts = [self._value(show)] if self.xs else []
        if self.bad:
            parts.append("NaN or infinite")
        if not parts and self.beside is not None:
            # The middle of a column of many points lies between steps.
            x = round(self.beside[0]) if axis == "step" and abs(self.beside[0]) >= 10 else self.beside[0]
            parts.append(f"{show(self.beside[1])} at {placed(x, axis)}")
        return ", ".join(parts) or "-"

    def _value(self, show: Callable[[float], str]) -> str:
        texts = dict.fromkeys((show(self.low), show(self.high)))
        values = "…".join(texts)
        return values if math.isnan(self.middle) else f"median of {self.count} {show(self.middle)} ({values})"


def read(curve: Curve, frame: Frame, cell: int) -> Reading:
    """What a line has in a column of cells."""
    inside = _within([x for x, _ in curve.points], frame, cell)
    points = curve.points[inside]
    band = curve.band[inside] if curve.band else ()
    ys = [y for _, y in points]
    lows, highs = [one.low for one in band] or ys, [one.high for one in band] or ys
    bad = sorted({x for x, _ in curve.events if frame.cell(x) == cell})
    return Reading(
        xs=tuple(x for x, _ in points),
        low=min(lows, default=math.nan),
        high=max(highs, default=math.nan),
        middle=ys[len(ys) // 2] if band else math.nan,
        count=max((one.count for one in band), default=len(points)),
        bad=tuple(bad),
        beside=None if points else _nearest(curve, frame.middle(cell)),
    )


def where(curves: Sequence[Curve], readings: Sequence[Reading], frame: Frame, cell: int, axis: Axis) -> str:
    """Which stretch of the axis that is: `step 1,200–1,239`, or what is there if every point is drawn."""
    xs = sorted({x for one in readings for x in (*one.xs, *one.bad)})
    if xs and all(member.columns is None for curve in curves for member in curve.members):
        return stretch(xs[0], xs[-1], axis)
    low, high = frame.ends(cell)
    drawn = [x for curve in curves for member in curve.members for x in member.xs]
    if axis == "step" and all(x == round(x) for x in drawn):
        # A border belongs to the column behind it, the last one to the last column.
        end = math.floor(high) if cell == frame.cells - 1 else math.ceil(high) - 1
        low, high = math.ceil(low), max(end, math.ceil(low))
    return stretch(low, high, axis)


def _within(xs: Sequence[float], frame: Frame, cell: int) -> slice:
    """Which of rising xs lie in a cell."""
    return slice(bisect_left(xs, cell, key=frame.cell), bisect_left(xs, cell + 1, key=frame.cell))


def _nearest(curve: Curve, x: float) -> tuple[float, float] | None:
    if not curve.points:
        return None
    place = bisect_left(curve.points, (x, -math.inf))
    around = curve.points[max(0, place - 1) : place + 1]
    return min(around, key=lambda point: abs(point[0] - x))


def _short(value: float) -> str:
    return f"{value:.4g}"
