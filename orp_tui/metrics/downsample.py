"""A long series → what a chart of so many columns can show.

Each column keeps its least and its greatest value, where they stand and in their order; the
first and the last finite point are always kept. So no spike is lost, whatever the length. NaN and
infinities are events: counted by column, never drawn as a point and never dropped silently.

A series no longer than its columns can hold stays as it is. Two ways give the same: a plain one,
and numpy's for long series, which is imported only then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from orp_tui.core.series import Numbers, Series
from orp_tui.metrics.extremes import Extremes, Reduced, Window, add_plainly, bounds_plainly

Bounds = Callable[[Numbers], tuple[float, float] | None]
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
    bounds, add = _way(len(series))
    blocks = []
    for block in series.blocks:
        xs = block.times if by_time else block.steps
        ends = bounds(xs)
        if ends is not None and (window is None or (ends[0] <= window[1] and ends[1] >= window[0])):
            blocks.append((xs, block.values, ends))
    if not blocks:
        return Reduced((), (), 0, None)
    whole = min(ends[0] for _, _, ends in blocks), max(ends[1] for _, _, ends in blocks)
    frame = Window(*(window or whole), max(1, columns))
    if len(series) > 2 * frame.columns:
        found = Extremes(frame)
        for xs, ys, _ in blocks:
            add(found, xs, ys)
        if found.seen > 2 * frame.columns:
            return found.reduced()
    return _as_it_is([(xs, ys) for xs, ys, _ in blocks], frame)


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


def _way(count: int) -> tuple[Bounds, Add]:
    """What is quicker for so many points."""
    if count > PLAIN_UP_TO:
        try:
            from orp_tui.metrics import extremes_numpy
        except ImportError:  # an installation without numpy is slow, not broken
            return bounds_plainly, add_plainly
        return extremes_numpy.bounds, extremes_numpy.add
    return bounds_plainly, add_plainly
