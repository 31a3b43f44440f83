"""Long series whose points are read only where a chart needs them: blocks of which the headers are at hand.

What is drawn is exact. A block that lies in one column is drawn by its header, one that
lies in two is read. Only where its points are gone by then (the file began anew meanwhile, and
the next look shows another series) its extremes stand for it.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence

from orp_tui.core.series import LazyBlocks, Points
from orp_tui.metrics.extremes import Extremes, Window
from orp_tui.metrics.header import Axis, Header

Ends = tuple[float, float]
AxisOf = Callable[[Header], Axis]


class HeadedBlocks(LazyBlocks):
    """The blocks of a long series, then those that are in memory (`tail`), in the order of writing."""

    tail: tuple[Points, ...] = ()

    @abc.abstractmethod
    def headers(self) -> Iterator[Header]:
        """Of each stretch that is not in the tail."""

    @abc.abstractmethod
    def stretches(self, places: Sequence[int]) -> dict[int, Points]:
        """The points of these stretches, by their places among the headers; those that are gone are left out."""


def steps_of(header: Header) -> Axis:
    """A stretch along its steps."""
    return header.steps


def times_of(header: Header) -> Axis:
    """A stretch along its time stamps."""
    return header.times


def ends_of(blocks: HeadedBlocks, axis_of: AxisOf) -> list[Ends]:
    """Least and greatest x of the stretches that have any, the tail left out."""
    return [(axis.low, axis.high) for axis in map(axis_of, blocks.headers()) if axis.low <= axis.high]


def count_within(blocks: HeadedBlocks, axis_of: AxisOf, ends: Ends) -> int:
    """No fewer points than lie between `ends`, the tail left out."""
    return int(sum(header.length for header in blocks.headers() if _touches(axis_of(header), ends)))


def points_within(blocks: HeadedBlocks, axis_of: AxisOf, ends: Ends) -> Iterator[Points]:
    """The stretches that reach into it, in order; the tail left out."""
    places = [place for place, header in enumerate(blocks.headers()) if _touches(axis_of(header), ends)]
    found = blocks.stretches(places)
    return (found[place] for place in places if place in found)


def nearest(blocks: HeadedBlocks, axis_of: AxisOf, x: float) -> Iterator[Points]:
    """The stretches of which no other comes nearer to `x`, in order; the tail left out."""
    away = [
        (max(axis.low - x, x - axis.high, 0.0), place)
        for place, axis in enumerate(map(axis_of, blocks.headers()))
        if axis.low <= axis.high
    ]
    least = min(away, default=(0.0, 0))[0]
    found = blocks.stretches([place for distance, place in away if distance == least])
    return (found[place] for place in sorted(found))


def add_stretches(
    found: Extremes, blocks: HeadedBlocks, axis_of: AxisOf, add: Callable[[Extremes, Points], None]
) -> None:
    """Take in all stretches in order: those inside one column by their headers, the others by `add`."""
    window = found.window
    wanted = [
        (place, header)
        for place, header in enumerate(blocks.headers())
        if _touches(axis_of(header), (window.low, window.high))
    ]
    apart = [place for place, header in wanted if not _is_in_one_column(window, axis_of(header))]
    points = blocks.stretches(apart)
    torn = set(apart)
    for place, header in wanted:
        if place not in torn:
            add_header(found, header, axis_of(header))
        elif place in points:
            add(found, points[place])
        else:
            _add_remains(found, header, axis_of(header))


def add_header(found: Extremes, header: Header, axis: Axis) -> None:
    """Take in a stretch that lies in one column of the window."""
    before, column = found.seen, found.columns[found.window.column(axis.low)]
    if header.finite:
        column.add(
            (axis.lowest, before + int(header.lowest_place), header.lowest),
            (axis.highest, before + int(header.highest_place), header.highest),
            int(header.finite),
            axis.total,
            header.total,
        )
        found.add_ends(
            (axis.left, before + int(axis.left_place), axis.left_value),
            (axis.right, before + int(axis.right_place), axis.right_value),
        )
    events = int(header.length - header.finite)
    found.non_finite += events
    if events and column.event is None:
        column.event = (axis.event, before + int(header.event_place), header.event)
    found.seen += int(header.length)


def _add_remains(found: Extremes, header: Header, axis: Axis) -> None:
    """What a header alone tells of a stretch in several columns: its ends and extremes, each in its column."""
    window, before = found.window, found.seen
    told = [
        (axis.left, before + int(axis.left_place), axis.left_value),
        (axis.lowest, before + int(header.lowest_place), header.lowest),
        (axis.highest, before + int(header.highest_place), header.highest),
        (axis.right, before + int(axis.right_place), axis.right_value),
    ]
    found.seen += int(header.length)
    inside = [point for point in told if window.low <= point[0] <= window.high]
    for point in inside if header.finite else ():
        found.columns[window.column(point[0])].add(point, point, 1, point[0], point[2])
        found.add_ends(point, point)


def _touches(axis: Axis, ends: Ends) -> bool:
    return axis.low <= ends[1] and axis.high >= ends[0]


def _is_in_one_column(window: Window, axis: Axis) -> bool:
    return (
        axis.whole > 0
        and window.low <= axis.low
        and axis.high <= window.high
        and window.column(axis.low) == window.column(axis.high)
    )
