"""A block of a series into the columns of a chart, by numpy; gives what `extremes.add_plainly` gives.

Importing this imports numpy: only inside a function, and only for long series.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from orp_tui.core.series import Numbers
from orp_tui.metrics.extremes import Extremes, Point

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FEW = 16
"""Columns that a block may lie in to be taken slice by slice."""


def bounds(xs: Numbers) -> tuple[float, float] | None:
    """As `extremes.bounds_plainly`."""
    x: Floats = np.frombuffer(xs)
    low, high = float(x.min()), float(x.max())  # NaN if one of them is
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    x = x[np.isfinite(x)]
    return (float(x.min()), float(x.max())) if len(x) else None


def add(found: Extremes, xs: Numbers, ys: Numbers) -> None:
    """Take in a block. The arrays are looked at where they lie, and let go."""
    x: Floats = np.frombuffer(xs)
    y: Floats = np.frombuffer(ys)
    if not (x.min() >= found.window.low and x.max() <= found.window.high):
        inside = (x >= found.window.low) & (x <= found.window.high)
        x, y = x[inside], y[inside]
    if not len(x):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if math.isfinite(y.sum()) and _add_rising(found, x, y):
            found.seen += len(x)
            return
        _add_any(found, x, y)


def _add_rising(found: Extremes, x: Floats, y: Floats) -> bool:
    """A block whose x never goes back and that lies in few columns, all of it finite; False for others.

    So is most of a long run: each column is a slice, and only its borders are searched for.
    """
    window = found.window
    first, last = window.column(float(x[0])), window.column(float(x[-1]))
    if not 0 <= last - first < _FEW or not (x[1:] >= x[:-1]).all():
        return False
    start, count = 0, len(x)
    for column in range(first, last + 1):
        end = count
        if column < last:
            end = bisect_left(range(count), column + 1, start, key=lambda at: window.column(float(x[at])))
        if end > start:
            _add_slice(found, column, x[start:end], y[start:end], found.seen + start)
        start = end
    found.add_ends(
        (float(x[0]), found.seen, float(y[0])), (float(x[-1]), found.seen + count - 1, float(y[-1]))
    )
    return True


def _add_slice(found: Extremes, column: int, x: Floats, y: Floats, before: int) -> None:
    low, high = int(y.argmin()), int(y.argmax())
    found.columns[column].add(
        (float(x[low]), before + low, float(y[low])),
        (float(x[high]), before + high, float(y[high])),
        len(x),
        float(x.sum()),
        float(y.sum()),
    )


def _add_any(found: Extremes, x: Floats, y: Floats) -> None:
    places: Ints = np.arange(found.seen, found.seen + len(x))
    found.seen += len(x)
    columns = _columns(found, x)
    finite = np.isfinite(y)
    if not finite.all():
        found.non_finite += len(x) - int(finite.sum())
        _add_events(found, columns[~finite], x[~finite], places[~finite], y[~finite])
        columns, x, places, y = columns[finite], x[finite], places[finite], y[finite]
    if len(x):
        _add_finite(found, columns, x, places, y)


def _columns(found: Extremes, x: Floats) -> Ints:
    """As `Window.column`, of each x."""
    window = found.window
    if not window.half_width > 0:
        return np.zeros(len(x), dtype=np.int64)
    columns = ((x * 0.5 - window.low * 0.5) / window.half_width * window.columns).astype(np.int64)
    return np.minimum(columns, window.columns - 1)


def _add_events(found: Extremes, columns: Ints, x: Floats, places: Ints, y: Floats) -> None:
    touched, firsts = np.unique(columns, return_index=True)
    for column, first in zip(touched.tolist(), firsts.tolist(), strict=True):
        if found.columns[column].event is None:
            found.columns[column].event = (float(x[first]), int(places[first]), float(y[first]))


def _add_finite(found: Extremes, columns: Ints, x: Floats, places: Ints, y: Floats) -> None:
    first, last = int(np.argmin(x)), len(x) - 1 - int(np.argmax(x[::-1]))
    found.add_ends(_point(x, places, y, first), _point(x, places, y, last))
    if (columns[1:] < columns[:-1]).any():
        order = np.argsort(columns, kind="stable")
        columns, x, places, y = columns[order], x[order], places[order], y[order]
    starts = np.concatenate(([0], np.flatnonzero(columns[1:] != columns[:-1]) + 1))
    counts = np.diff(np.append(starts, len(columns)))
    lows = _first_equal(y, np.minimum.reduceat(y, starts), starts, counts)
    highs = _first_equal(y, np.maximum.reduceat(y, starts), starts, counts)
    groups = zip(
        columns[starts].tolist(),
        _points(x, places, y, lows),
        _points(x, places, y, highs),
        counts.tolist(),
        np.add.reduceat(x, starts).tolist(),
        np.add.reduceat(y, starts).tolist(),
        strict=True,
    )
    for column, lowest, highest, count, sum_x, sum_y in groups:
        found.columns[column].add(lowest, highest, count, sum_x, sum_y)


def _first_equal(y: Floats, wanted: Floats, starts: Ints, counts: Ints) -> Ints:
    """In each group, where its wanted value stands first."""
    equal = np.flatnonzero(y == np.repeat(wanted, counts))
    return equal[np.searchsorted(equal, starts)]


def _points(x: Floats, places: Ints, y: Floats, at: Ints) -> list[Point]:
    return list(zip(x[at].tolist(), places[at].tolist(), y[at].tolist(), strict=True))


def _point(x: Floats, places: Ints, y: Floats, at: int) -> Point:
    return float(x[at]), int(places[at]), float(y[at])
