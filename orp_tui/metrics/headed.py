"""Long series whose points are read only where a chart needs them: blocks of which the headers are at hand.

What is drawn is exact. A block that lies in one column is drawn by its header, one that
lies in two is read. Only where its points are gone by then (the file began anew meanwhile, and
the next look shows another series) its extremes stand for it.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence
from typing import overload

from orp_tui.core.series import LazyBlocks, Points
from orp_tui.metrics.extremes import Extremes, Window
from orp_tui.metrics.header import Axis, Header

Ends = tuple[float, float]
AxisOf = Callable[[Header], Axis]


class HeadedBlocks(LazyBlocks):
    """The blocks of a long series, then those that are in memory (`tail`), in the order of writing."""

    tail: tuple[Points, ...] = ()

    @property
    def end_times(self) -> tuple[float, float]:
        headers = list(self.headers())
        first = headers[0].times.first if headers else self.tail[0].times[0]
        return first, self.tail[-1].times[-1] if self.tail else headers[-1].times.last

    @abc.abstractmethod
    def headers(self) -> Iterator[Header]:
        """Of each stretch that is not in the tail."""

    @abc.abstractmethod
    def block(self, place: int) -> Points:
        """The block at a place before the tail, read; raises StoreError if it is gone."""

    @overload
    def __getitem__(self, place: int) -> Points: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Points, ...]: ...
    def __getitem__(self, place: int | slice) -> Points | tuple[Points, ...]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        place = place + len(self) if place < 0 else place
        if not 0 <= place < len(self):
            raise IndexError(place)
        apart = len(self) - len(self.tail)
        return self.block(place) if place < apart else self.tail[place - apart]

    @abc.abstractmethod
    def stretches(self, places: Sequence[int]) -> dict[int, Points]:
        """The points of these stretches, by their places among the headers; those that are gone are left out."""


def steps_of(header: Header) -> Axis:
    """A stretch along its steps."""
    return header.steps


def times_of(header: Header) -> Axis:
    """A stretch along its time stamps."""
    return header.times


class Along:
    """The headers of a series along an axis, looked at once; the tail is left out everywhere."""

    def __init__(self, blocks: HeadedBlocks, axis_of: AxisOf) -> None:
        self._blocks = blocks
        self._headers = list(blocks.headers())
        self._axes = list(map(axis_of, self._headers))

    def ends(self) -> list[Ends]:
        """Least and greatest x of the stretches that have any."""
        return [(axis.low, axis.high) for axis in self._axes if axis.low <= axis.high]

    def count_within(self, ends: Ends) -> int:
        """No fewer points than lie between `ends`."""
        return sum(int(self._headers[place].length) for place in self._touching(ends))

    def points_within(self, ends: Ends) -> Iterator[Points]:
        """The stretches that reach into it, in order."""
        return self._read(self._touching(ends))

    def distances(self, x: float) -> list[tuple[float, int]]:
        """How far each stretch that has any x is from this one at least, and its place."""
        return [
            (max(axis.low - x, x - axis.high, 0.0), place)
            for place, axis in enumerate(self._axes)
            if axis.low <= axis.high
        ]

    def read(self, place: int) -> Points | None:
        """One stretch; None if it is gone."""
        return self._blocks.stretches([place]).get(place)

    def add_to(self, found: Extremes, add: Callable[[Extremes, Points], None]) -> None:
        """Take in all stretches in order: those inside one column by their headers, the others by `add`."""
        window = found.window
        wanted = self._touching((window.low, window.high))
        torn = {place for place in wanted if not _is_in_one_column(window, self._axes[place])}
        points = self._blocks.stretches(sorted(torn))
        for place in wanted:
            header, axis = self._headers[place], self._axes[place]
            if place not in torn:
                add_header(found, header, axis)
            elif place in points:
                add(found, points[place])
            else:
                _add_remains(found, header, axis)

    def _touching(self, ends: Ends) -> list[int]:
        low, high = ends
        return [place for place, axis in enumerate(self._axes) if axis.low <= high and axis.high >= low]

    def _read(self, places: Sequence[int]) -> Iterator[Points]:
        found = self._blocks.stretches(places)
        return (found[place] for place in places if place in found)


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


def _is_in_one_column(window: Window, axis: Axis) -> bool:
    return (
        axis.whole > 0
        and window.low <= axis.low
        and axis.high <= window.high
        and window.column(axis.low) == window.column(axis.high)
    )
