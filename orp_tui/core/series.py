"""One metric over the steps of a run: what readers bring and charts draw.

A reader brings `Points`; a `SeriesBuilder` gathers them; a `Series` is what it holds at one
moment and never changes, so a thread may draw it while another goes on reading.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

Numbers: TypeAlias = "array[float]"
"""Of type code `d`: 8 bytes a number."""

BLOCK = 16_384
"""Points that share one block; only the last block of a series is copied when it is looked at."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Points:
    """A stretch of points of one metric, in the order in which they were written.

    Raises ValueError if the columns are not equally long.
    """

    steps: Numbers
    """May go back, where a training was resumed."""
    values: Numbers
    """NaN and infinities included: they are events."""
    times: Numbers
    """Seconds since 1970, or whatever the training took for time; NaN where it gave none."""

    def __post_init__(self) -> None:
        if not len(self.steps) == len(self.values) == len(self.times):
            raise ValueError(
                f"{len(self.steps)} steps, {len(self.values)} values, {len(self.times)} times: not one series"
            )

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        # Of millions of numbers it would take seconds, and tools make one of every argument they see.
        return f"<Points: {len(self)}>"

    @classmethod
    def of(cls, steps: Iterable[float], values: Iterable[float], times: Iterable[float] = ()) -> Points:
        """Points from numbers of any kind; without `times` they have none."""
        columns = [array("d", steps), array("d", values), array("d", times)]
        return cls(columns[0], columns[1], columns[2] or array("d", [math.nan]) * len(columns[0]))

    @classmethod
    def joined(cls, parts: Sequence[Points]) -> Points:
        """Several stretches as one. Readers share columns between metrics, so none of those given is changed."""
        if len(parts) == 1:
            return parts[0]
        whole = cls.of((), ())
        for part in parts:
            for column, more in zip(_columns(whole), _columns(part), strict=True):
                column.extend(more)
        return whole


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """What a table says of a series. Steps that it has none of are NaN."""

    count: int = 0
    """Points, those that are no finite number included."""
    first_step: float = math.nan
    last_step: float = math.nan
    last: float = math.nan
    """The value logged last, whatever it is."""
    lowest: float = math.nan
    """Least finite value; NaN if there is none."""
    lowest_step: float = math.nan
    highest: float = math.nan
    highest_step: float = math.nan
    non_finite: int = 0
    """How many values are NaN or infinite."""
    first_non_finite_step: float = math.nan

    def __add__(self, more: Summary) -> Summary:
        """Of two stretches, the second after the first. Where both are equal, the earlier step stays."""
        if not self.count:
            return more
        if not more.count:
            return self
        down = more.lowest < self.lowest or math.isnan(self.lowest)
        up = more.highest > self.highest or math.isnan(self.highest)
        return Summary(
            count=self.count + more.count,
            first_step=self.first_step,
            last_step=more.last_step,
            last=more.last,
            lowest=more.lowest if down else self.lowest,
            lowest_step=more.lowest_step if down else self.lowest_step,
            highest=more.highest if up else self.highest,
            highest_step=more.highest_step if up else self.highest_step,
            non_finite=self.non_finite + more.non_finite,
            first_non_finite_step=self.first_non_finite_step
            if self.non_finite
            else more.first_non_finite_step,
        )


def summary_of(points: Points) -> Summary:
    """One pass over the points."""
    if not points:
        return Summary()
    steps, values = points.steps, points.values
    finite, non_finite, first_bad = values, 0, math.nan
    if not math.isfinite(sum(values)):  # a sum can also overflow: then nothing is found, and nothing lost
        bad = [place for place, value in enumerate(values) if not math.isfinite(value)]
        if bad:
            finite = array("d", filter(math.isfinite, values))
            non_finite, first_bad = len(bad), steps[bad[0]]
    low, high = (min(finite), max(finite)) if finite else (math.nan, math.nan)
    return Summary(
        count=len(points),
        first_step=steps[0],
        last_step=steps[-1],
        last=values[-1],
        lowest=low,
        lowest_step=steps[values.index(low)] if finite else math.nan,
        highest=high,
        highest_step=steps[values.index(high)] if finite else math.nan,
        non_finite=non_finite,
        first_non_finite_step=first_bad,
    )


class LazyBlocks(Sequence[Points]):
    """Blocks that are read when somebody asks for them."""

    @property
    @abc.abstractmethod
    def end_times(self) -> tuple[float, float]:
        """Time stamps of the first point and the last, without reading; there is at least one."""

    @abc.abstractmethod
    def followed_by(self, more: tuple[Points, ...]) -> LazyBlocks:
        """The same with further ones at the end."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series:
    """A metric as it was at one moment."""

    name: str
    """As the training logs it: text from outside."""
    blocks: Sequence[Points]
    """In the order of writing; none of them is empty or will change. `LazyBlocks` for a long one that is kept apart."""
    summary: Summary

    def __len__(self) -> int:
        return self.summary.count

    def __repr__(self) -> str:
        return f"<Series {self.name!r}: {len(self)} points>"

    def __iter__(self) -> Iterator[tuple[float, float]]:
        """Step and value of every point."""
        for block in self.blocks:
            yield from zip(block.steps, block.values, strict=True)

    @property
    def has_times(self) -> bool:
        """Whether every point has a time stamp, as far as its ends tell."""
        return not math.isnan(sum(self.end_times))

    @property
    def end_times(self) -> tuple[float, float]:
        """Time stamps of the points written first and last; NaN where there is none."""
        if not self.summary.count:
            return math.nan, math.nan
        if isinstance(self.blocks, LazyBlocks):
            return self.blocks.end_times
        return self.blocks[0].times[0], self.blocks[-1].times[-1]

    @classmethod
    def of(
        cls, name: str, steps: Iterable[float], values: Iterable[float], times: Iterable[float] = ()
    ) -> Series:
        """A series of the points given."""
        builder = SeriesBuilder(name)
        builder.extend(Points.of(steps, values, times))
        return builder.series()


class SeriesBuilder:
    """A series that grows, from nothing or from `base`. One thread at a time."""

    def __init__(self, name: str, base: Series | None = None) -> None:
        self.name = name
        self._base: Sequence[Points] = () if base is None else base.blocks
        self._full: list[Points] = []
        self._tail = Points.of((), ())
        self._summary = Summary() if base is None else base.summary
        self._view: Series | None = None

    def extend(self, points: Points) -> None:
        """Add points after those that are there."""
        if not points:
            return
        self._view = None
        self._summary += summary_of(points)
        for column, more in zip(_columns(self._tail), _columns(points), strict=True):
            column.extend(more)
        whole = len(self._tail) // BLOCK * BLOCK
        if whole:
            self._full += [_part(self._tail, start, start + BLOCK) for start in range(0, whole, BLOCK)]
            self._tail = _part(self._tail, whole, len(self._tail))

    def series(self) -> Series:
        """What it holds now; the same object until there is more."""
        if self._view is None:
            tail = (_part(self._tail, 0, len(self._tail)),) if self._tail else ()
            self._view = Series(self.name, _joined(self._base, (*self._full, *tail)), self._summary)
        return self._view


def _joined(blocks: Sequence[Points], more: tuple[Points, ...]) -> Sequence[Points]:
    return blocks.followed_by(more) if isinstance(blocks, LazyBlocks) else (*blocks, *more)


def _columns(points: Points) -> tuple[Numbers, Numbers, Numbers]:
    return points.steps, points.values, points.times


def _part(points: Points, start: int, end: int) -> Points:
    return Points(points.steps[start:end], points.values[start:end], points.times[start:end])
