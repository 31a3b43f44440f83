"""A long series → what a chart of so many columns can show.

Each column keeps its least and its greatest value, where they stand and in their order; the
first and the last finite point are always kept. So no spike is lost, whatever the length. NaN and
infinities are events: counted, told by column, never drawn as a point and never dropped silently.

A window is reduced from the raw points in it, never from what was reduced before. A series no
longer than its columns can hold stays as it is. Two ways give the same: a plain one, and numpy's
for long series, which is imported only then. Of a series whose points are kept apart, only the
stretches are read of which the headers do not tell enough; that gives the same too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator

from orp_tui.core.series import Numbers, Points, Series
from orp_tui.metrics.extremes import Extremes, Reduced, Window, add_plainly, bounds_plainly
from orp_tui.metrics.headed import Along, AxisOf, HeadedBlocks, steps_of, times_of

By = Callable[[Points], Numbers]
"""A stretch of a series → the x of each of its points; what is not finite has none."""
Ends = tuple[float, float]
"""The least and the greatest x."""
Bounds = Callable[[Numbers], Ends | None]
Add = Callable[[Extremes, Numbers, Numbers], None]

PLAIN_UP_TO = 4_000
"""Points for which importing numpy takes longer than doing without."""


def by_step(points: Points) -> Numbers:
    """x is the step."""
    return points.steps


def by_time(points: Points) -> Numbers:
    """x is the time stamp."""
    return points.times


def extent(series: Series, by: By = by_step) -> Ends | None:
    """The least and the greatest finite x; None if there is none."""
    bounds = _way(len(series))[0]
    if isinstance(series.blocks, HeadedBlocks) and by in _AXES:
        found = _ends_of_headed(Along(series.blocks, _AXES[by]), series.blocks.tail, by, bounds)
    else:
        found = [ends for _, _, ends in _blocks(series, by, bounds, None)]
    return _around(found) if found else None


def reduce(series: Series, columns: int, by: By = by_step, window: Ends | None = None) -> Reduced:
    """The points of `series` for a chart of `columns` columns (at least 1).

    `window` is the stretch of x to show, ends included; without it, all. Points whose x is not
    finite or outside are left out, and not counted.
    """
    bounds, add = _way(len(series))
    if isinstance(series.blocks, HeadedBlocks) and by in _AXES:
        return _reduce_headed(series.blocks, max(1, columns), by, window, (bounds, add))
    blocks = list(_blocks(series, by, bounds, window))
    if not blocks:
        return Reduced((), (), 0, None)
    frame = Window(*(window or _around([ends for _, _, ends in blocks])), max(1, columns))
    if len(series) > 2 * frame.columns:
        found = Extremes(frame)
        for xs, ys, _ in blocks:
            add(found, xs, ys)
        if found.seen > 2 * frame.columns:
            return found.reduced()
    return _as_it_is([(xs, ys) for xs, ys, _ in blocks], frame)


def nearest_step(series: Series, by: By, x: float) -> float | None:
    """The step of the point whose x lies nearest to `x`; of equal ones the first. None if none has an x."""
    nearest, found = (math.inf, len(series)), None
    for away, order, read in _from_the_nearest(series, by, x):
        if away > nearest[0]:
            break  # no point of those that are left comes nearer
        block = read()
        for at, step in () if block is None else zip(by(block), block.steps, strict=True):
            if math.isfinite(at) and (abs(at - x), order) < nearest:
                nearest, found = (abs(at - x), order), step
    return found


def _from_the_nearest(
    series: Series, by: By, x: float
) -> list[tuple[float, int, Callable[[], Points | None]]]:
    """How far each block is from x at least, its place, and what reads it: None if it is gone."""
    bounds = _way(len(series))[0]
    found: list[tuple[float, int, Callable[[], Points | None]]] = []
    blocks = series.blocks
    if isinstance(blocks, HeadedBlocks) and by in _AXES:
        along = Along(blocks, _AXES[by])
        found += [(away, place, functools.partial(along.read, place)) for away, place in along.distances(x)]
        blocks = blocks.tail
    before = len(series) - len(blocks)  # behind all that is not in memory
    for place, block in enumerate(blocks, before):
        ends = bounds(by(block))
        if ends is not None:
            away = max(ends[0] - x, x - ends[1], 0.0)
            found.append((away, place, functools.partial(_same, block)))
    return sorted(found, key=lambda item: item[:2])


def _same(block: Points) -> Points:
    return block


_AXES: dict[By, AxisOf] = {by_step: steps_of, by_time: times_of}
"""What headers tell of."""


def _reduce_headed(
    blocks: HeadedBlocks, columns: int, by: By, window: Ends | None, way: tuple[Bounds, Add]
) -> Reduced:
    bounds, add = way
    along = Along(blocks, _AXES[by])
    ends = _ends_of_headed(along, blocks.tail, by, bounds)
    if not ends:
        return Reduced((), (), 0, None)
    frame = Window(*(window or _around(ends)), columns)
    inside = frame.low, frame.high
    tail = [
        block
        for block in blocks.tail
        if (at := bounds(by(block))) and at[0] <= frame.high and at[1] >= frame.low
    ]
    if along.count_within(inside) + sum(map(len, tail)) > 2 * columns:
        found = Extremes(frame)
        along.add_to(found, lambda found, some: add(found, by(some), some.values))
        for block in tail:
            add(found, by(block), block.values)
        if found.seen > 2 * columns:
            return found.reduced()
    points = [*along.points_within(inside), *tail]
    return _as_it_is([(by(some), some.values) for some in points], frame)


def _ends_of_headed(along: Along, tail: Iterable[Points], by: By, bounds: Bounds) -> list[Ends]:
    more = (bounds(by(block)) for block in tail)
    return [*along.ends(), *(ends for ends in more if ends is not None)]


def _blocks(
    series: Series, by: By, bounds: Bounds, window: Ends | None
) -> Iterator[tuple[Numbers, Numbers, Ends]]:
    """x, values and ends of the blocks that reach into the window."""
    for block in series.blocks:
        xs = by(block)
        ends = bounds(xs)
        if ends is not None and (window is None or (ends[0] <= window[1] and ends[1] >= window[0])):
            yield xs, block.values, ends


def _around(found: Iterable[Ends]) -> Ends:
    lows, highs = zip(*found, strict=True)
    return min(lows), max(highs)


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
        non_finite=len(events),
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
