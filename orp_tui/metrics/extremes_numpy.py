"""A block of a series into the columns of a chart, by numpy; gives what `extremes.add_plainly` gives.

Importing this imports numpy: only inside a function, and only for long series.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orp_tui.core.series import Numbers
from orp_tui.metrics.extremes import Extremes, Point

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def bounds(xs: Numbers) -> tuple[float, float] | None:
    """As `extremes.bounds_plainly`."""
    x: Floats = np.frombuffer(xs)
    x = x[np.isfinite(x)]
    return (float(x.min()), float(x.max())) if len(x) else None


def add(found: Extremes, xs: Numbers, ys: Numbers) -> None:
    """Take in a block. The arrays are looked at where they lie, and let go."""
    x: Floats = np.frombuffer(xs)
    y: Floats = np.frombuffer(ys)
    inside = (x >= found.window.low) & (x <= found.window.high)
    if not inside.all():
        x, y = x[inside], y[inside]
    places: Ints = np.arange(found.seen, found.seen + len(x))
    found.seen += len(x)
    columns = _columns(found, x)
    finite = np.isfinite(y)
    if not finite.all():
        _add_events(found, columns[~finite], x[~finite], places[~finite], y[~finite])
        columns, x, places, y = columns[finite], x[finite], places[finite], y[finite]
    if len(x):
        with np.errstate(over="ignore", invalid="ignore"):
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
