"""A long series → what a chart of so many columns can show.

Each column keeps its least and its greatest value, where they stand and in their order; the
first and the last finite point are always kept. So no spike is lost, whatever the length. NaN and
infinities are events: counted by column, never drawn as a point and never dropped silently.

A series no longer than its columns can hold stays as it is. Two ways give the same: a plain one,
and numpy's for long series, which is imported only then.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable

from orp_tui.core.series import Numbers, Series
from orp_tui.metrics.extremes import Extremes, Reduced, Window, add_plainly

Add = Callable[[Extremes, Numbers, Numbers], None]

PLAIN_UP_TO = 4_000
"""Points for which importing numpy takes longer than doing without."""


def reduce(
    series: Series, columns: int, *, by_time: bool = False, window: tuple[float, float] | None = None
) -> Reduced:
    """The points of `series` for a chart of `columns` columns (at least 1), by step or by time stamp.

    `window` is the stretch of x to show; without it, all. Points whose x is not finite or
    outside are left out, and not counted.
    """
    blocks = [(block.times if by_time else block.steps, block.values) for block in series.blocks]
    bounds = window or _bounds(xs for xs, _ in blocks)
    if bounds is None:
        return Reduced((), (), 0, None)
    frame = Window(*bounds, max(1, columns))
    if len(series) <= 2 * frame.columns:
        return _as_it_is(blocks, frame)
    found, add = Extremes(frame), _add_for(len(series))
    for xs, ys in blocks:
        add(found, xs, ys)
    return found.reduced()


def _bounds(columns: Iterable[Numbers]) -> tuple[float, float] | None:
    """Least and greatest finite x; None if there is none."""
    lows, highs = [], []
    for xs in columns:
        if not math.isfinite(sum(xs)):
            xs = array("d", filter(math.isfinite, xs))
        if xs:
            lows.append(min(xs))
            highs.append(max(xs))
    return (min(lows), max(highs)) if lows else None


def _as_it_is(blocks: Iterable[tuple[Numbers, Numbers]], frame: Window) -> Reduced:
    """Every point, in order of x."""
    points = [
        (x, y) for xs, ys in blocks for x, y in zip(xs, ys, strict=True) if frame.low <= x <= frame.high
    ]
    points.sort(key=lambda point: point[0])  # stable: what has one x stays in its order
    finite = [point for point in points if math.isfinite(point[1])]
    events = [point for point in points if not math.isfinite(point[1])]
    return Reduced(
        xs=tuple(x for x, _ in finite),
        ys=tuple(y for _, y in finite),
        count=len(points),
        columns=None,
        means=tuple(finite),
        events=tuple(events),
        gaps=tuple(x for x, _ in events),
    )


def _add_for(count: int) -> Add:
    """The way that is quicker for so many points."""
    if count > PLAIN_UP_TO:
        try:
            from orp_tui.metrics.extremes_numpy import add
        except ImportError:  # an installation without numpy is slow, not broken
            return add_plainly
        return add
    return add_plainly
