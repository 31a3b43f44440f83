"""What is known of a stretch of points without reading them: enough to draw them in one column of a chart.

A chart of ten million points is made of ten thousand such headers; only the stretches that
lie in two columns are read. Two headers add up to that of both stretches.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from operator import mul
from typing import NamedTuple

from orp_tui.core.series import Numbers, Points, Summary


class Axis(NamedTuple):
    """The points along one x: their steps, or their time stamps. Places count from 0 in the order of writing."""

    first: float = math.nan
    last: float = math.nan
    """x of the points written first and last."""
    low: float = math.nan
    high: float = math.nan
    """Least and greatest finite x; NaN if there is none."""
    whole: float = 1.0
    """1 if every x is finite (and so is their sum), else 0: then the rest says too little to draw from."""
    total: float = 0.0
    """Sum of the x of all finite values."""
    lowest: float = math.nan
    highest: float = math.nan
    event: float = math.nan
    """x of the least, the greatest and the first value that is not finite."""
    left: float = math.nan
    left_place: float = 0.0
    left_value: float = math.nan
    """The finite value furthest left, the first written of several."""
    right: float = math.nan
    right_place: float = 0.0
    right_value: float = math.nan
    """The finite value furthest right, the last written of several."""


class Header(NamedTuple):
    """Of a stretch of points. All numbers are floats, so that they can be packed."""

    length: float = 0.0
    finite: float = 0.0
    """How many values are finite."""
    last: float = math.nan
    """The value written last, whatever it is."""
    lowest: float = math.nan
    lowest_place: float = 0.0
    highest: float = math.nan
    highest_place: float = 0.0
    event: float = math.nan
    """The first value that is not finite."""
    event_place: float = 0.0
    total: float = 0.0
    """Sum of the finite values."""
    mean: float = 0.0
    squares: float = 0.0
    """Sum of the squared distances of the finite values from their mean."""
    steps: Axis = Axis()
    times: Axis = Axis()

    @property
    def summary(self) -> Summary:
        """As `core.series.summary_of` gives it."""
        return Summary(
            count=int(self.length),
            first_step=self.steps.first,
            last_step=self.steps.last,
            last=self.last,
            lowest=self.lowest,
            lowest_step=self.steps.lowest,
            highest=self.highest,
            highest_step=self.steps.highest,
            non_finite=int(self.length - self.finite),
            first_non_finite_step=self.steps.event,
        )


def header_of(points: Points) -> Header:
    """Of a stretch that is not empty. Each column is gone through as seldom as can be: an index is made of this."""
    values = points.values
    total = sum(values)
    finite, places, event = values, None, None
    if not math.isfinite(total):  # the sum can also overflow: then every place is kept
        places = [place for place, value in enumerate(values) if math.isfinite(value)]
        finite = array("d", [values[place] for place in places])
        total = sum(finite)
        if len(finite) < len(values):
            event = next(place for place, value in enumerate(values) if not math.isfinite(value))
    low, high = _extremes(finite, places)
    mean, squares = _moments(finite, total)
    return Header(
        length=float(len(values)),
        finite=float(len(finite)),
        last=values[-1],
        lowest=math.nan if low is None else values[low],
        lowest_place=float(low or 0),
        highest=math.nan if high is None else values[high],
        highest_place=float(high or 0),
        event=math.nan if event is None else values[event],
        event_place=float(event or 0),
        total=total if finite else 0.0,
        mean=mean,
        squares=squares,
        steps=_axis(points.steps, values, places, (low, high, event)),
        times=_axis(points.times, values, places, (low, high, event)),
    )


def joined(a: Header, b: Header) -> Header:
    """Of two stretches, the second written after the first."""
    if not a.length or not b.length:
        return a if a.length else b
    down = b.finite > 0 and (a.finite == 0 or b.lowest < a.lowest)
    up = b.finite > 0 and (a.finite == 0 or b.highest > a.highest)
    later = a.finite == a.length and b.finite < b.length
    finite = a.finite + b.finite
    apart = b.mean - a.mean
    share = b.finite / finite if finite else 0.0
    return Header(
        length=a.length + b.length,
        finite=finite,
        last=b.last,
        lowest=b.lowest if down else a.lowest,
        lowest_place=a.length + b.lowest_place if down else a.lowest_place,
        highest=b.highest if up else a.highest,
        highest_place=a.length + b.highest_place if up else a.highest_place,
        event=b.event if later else a.event,
        event_place=a.length + b.event_place if later else a.event_place,
        total=a.total + b.total,
        mean=a.mean + apart * share,
        squares=a.squares + b.squares + apart * apart * a.finite * share,
        steps=_joined_axis(a, a.steps, b, b.steps, (down, up, later)),
        times=_joined_axis(a, a.times, b, b.times, (down, up, later)),
    )


def _extremes(finite: Numbers, places: Sequence[int] | None) -> tuple[int | None, int | None]:
    """Where the least and the greatest stand first."""
    if not finite:
        return None, None
    low, high = finite.index(min(finite)), finite.index(max(finite))
    return (low, high) if places is None else (places[low], places[high])


def _moments(finite: Numbers, total: float) -> tuple[float, float]:
    """Mean and squares; about the mean itself, since values may be large and close together."""
    if not finite:
        return 0.0, 0.0
    count = len(finite)
    mean = total / count if math.isfinite(total) else sum(value / count for value in finite)
    apart = [value - mean for value in finite]
    return mean, sum(map(mul, apart, apart))


def _axis(
    xs: Numbers,
    values: Numbers,
    places: Sequence[int] | None,
    marked: tuple[int | None, int | None, int | None],
) -> Axis:
    total = sum(xs)
    lowest, highest, event = (math.nan if place is None else xs[place] for place in marked)
    if not math.isfinite(total):
        known = array("d", filter(math.isfinite, xs))
        low, high = (min(known), max(known)) if known else (math.nan, math.nan)
        return Axis(xs[0], xs[-1], low, high, 0.0, 0.0, lowest, highest, event)
    axis = Axis(xs[0], xs[-1], min(xs), max(xs), 1.0, total, lowest, highest, event)
    if places is None:
        return _with_ends(axis, values, xs.index(axis.low), _last_of(xs, axis.high))
    told = array("d", [xs[place] for place in places])
    axis = axis._replace(total=sum(told))
    if not told:
        return axis
    return _with_ends(axis, values, places[told.index(min(told))], places[_last_of(told, max(told))], xs)


def _with_ends(axis: Axis, values: Numbers, left: int, right: int, xs: Numbers | None = None) -> Axis:
    """With the places of the outermost finite values; `xs` where these are not the outermost of all."""
    return axis._replace(
        left=axis.low if xs is None else xs[left],
        left_place=float(left),
        left_value=values[left],
        right=axis.high if xs is None else xs[right],
        right_place=float(right),
        right_value=values[right],
    )


def _last_of(xs: Numbers, x: float) -> int:
    """Where `x` stands last; it is there."""
    return len(xs) - 1 if xs[-1] == x else len(xs) - 1 - xs[::-1].index(x)


def _joined_axis(a: Header, one: Axis, b: Header, other: Axis, later: tuple[bool, bool, bool]) -> Axis:
    down, up, event = later
    left = b.finite > 0 and (a.finite == 0 or other.left < one.left)
    right = b.finite > 0 and (a.finite == 0 or other.right >= one.right)
    return Axis(
        first=one.first,
        last=other.last,
        low=_either(min, one.low, other.low),
        high=_either(max, one.high, other.high),
        whole=min(one.whole, other.whole),
        total=one.total + other.total,
        lowest=other.lowest if down else one.lowest,
        highest=other.highest if up else one.highest,
        event=other.event if event else one.event,
        left=other.left if left else one.left,
        left_place=a.length + other.left_place if left else one.left_place,
        left_value=other.left_value if left else one.left_value,
        right=other.right if right else one.right,
        right_place=a.length + other.right_place if right else one.right_place,
        right_value=other.right_value if right else one.right_value,
    )


def _either(choose: Callable[[float, float], float], a: float, b: float) -> float:
    """What is chosen of two, of which each may be NaN for none."""
    if math.isnan(a) or math.isnan(b):
        return b if math.isnan(a) else a
    return choose(a, b)
