"""Least and greatest value of each column of a chart, gathered from the blocks of a series."""

from __future__ import annotations

import dataclasses
import math
from array import array

from orp_tui.core.series import Numbers


@dataclasses.dataclass(frozen=True, slots=True)
class Reduced:
    """What is drawn of a series. `xs` never goes back."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    """Finite, as are `xs`; equally many."""
    count: int
    """Points that the series has in the window, those that are not finite included."""
    columns: int | None
    """To how many columns it was reduced; None if every finite point is here."""
    means: tuple[tuple[float, float], ...] = ()
    """Middle x and mean value of each column that has finite points; with `columns` None of each point."""
    events: tuple[tuple[float, float], ...] = ()
    """x and value of what is not finite: the first of each column."""
    gaps: tuple[float, ...] = ()
    """x of columns that hold nothing but events: a line breaks there."""
    non_finite: int = 0
    """How many of `count` are NaN or infinite."""

    def moved(self, by: float) -> Reduced:
        """The same with `by` added to every x."""
        if by == 0:
            return self
        return dataclasses.replace(
            self,
            xs=tuple(x + by for x in self.xs),
            means=tuple((x + by, y) for x, y in self.means),
            events=tuple((x + by, y) for x, y in self.events),
            gaps=tuple(x + by for x in self.gaps),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The stretch of x that is drawn, ends included. `low` is not above `high`."""

    low: float
    high: float
    columns: int

    @property
    def half_width(self) -> float:
        """Half, because the whole may be more than a double holds."""
        return self.high * 0.5 - self.low * 0.5

    def column(self, x: float) -> int:
        """The column of an x inside."""
        half = self.half_width
        if not half > 0:
            return 0
        return min(int((x * 0.5 - self.low * 0.5) / half * self.columns), self.columns - 1)


Point = tuple[float, int, float]
"""x, place in the order of writing, y. Points compare as they are drawn."""


class Column:
    """What is known of one column."""

    __slots__ = ("count", "event", "highest", "lowest", "sum_x", "sum_y")

    def __init__(self) -> None:
        self.count = 0
        """Finite values."""
        self.lowest: Point = (0.0, 0, math.inf)
        self.highest: Point = (0.0, 0, -math.inf)
        self.sum_x = self.sum_y = 0.0
        self.event: Point | None = None
        """The first value that is not finite, in order of writing."""

    def add(self, lowest: Point, highest: Point, count: int, sum_x: float, sum_y: float) -> None:
        """Take in finite points that were written after those that are here."""
        if not self.count or lowest[2] < self.lowest[2]:
            self.lowest = lowest
        if not self.count or highest[2] > self.highest[2]:
            self.highest = highest
        self.count += count
        self.sum_x += sum_x
        self.sum_y += sum_y

    def mean(self) -> tuple[float, float]:
        return self.sum_x / self.count, self.sum_y / self.count


class Extremes:
    """The columns of a chart, filled block by block in order of writing."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.columns = [Column() for _ in range(window.columns)]
        self.seen = 0
        """Points inside the window so far."""
        self.non_finite = 0
        """How many of them are NaN or infinite."""
        self.first: Point | None = None
        """The finite point furthest left."""
        self.last: Point | None = None

    def add_ends(self, first: Point, last: Point) -> None:
        """Take in the outermost finite points of a block."""
        if self.first is None or first[0] < self.first[0]:
            self.first = first
        if self.last is None or last[0] >= self.last[0]:
            self.last = last

    def reduced(self) -> Reduced:
        points: set[Point] = {point for point in (self.first, self.last) if point is not None}
        for column in self.columns:
            if column.count:
                points |= {column.lowest, column.highest}
        ordered = sorted(points)
        means = [column.mean() for column in self.columns if column.count]
        return Reduced(
            xs=tuple(x for x, _, _ in ordered),
            ys=tuple(y for _, _, y in ordered),
            count=self.seen,
            columns=self.window.columns,
            means=tuple(mean for mean in means if math.isfinite(sum(mean))),
            events=tuple((column.event[0], column.event[2]) for column in self.columns if column.event),
            gaps=tuple(column.event[0] for column in self.columns if column.event and not column.count),
            non_finite=self.non_finite,
        )


def bounds_plainly(xs: Numbers) -> tuple[float, float] | None:
    """Least and greatest finite x; None if there is none."""
    if not math.isfinite(sum(xs)):
        xs = array("d", filter(math.isfinite, xs))
    return (min(xs), max(xs)) if xs else None


def add_plainly(found: Extremes, xs: Numbers, ys: Numbers) -> None:
    """Take in a block, point by point."""
    low, high = found.window.low, found.window.high
    for x, y in zip(xs, ys, strict=True):
        if not low <= x <= high:
            continue
        column, point = found.columns[found.window.column(x)], (x, found.seen, y)
        found.seen += 1
        if math.isfinite(y):
            column.add(point, point, 1, x, y)
            found.add_ends(point, point)
            continue
        found.non_finite += 1
        if column.event is None:
            column.event = point
