"""One metric of many runs as far back as it goes: chains as one curve, long ones kept apart from memory."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import tempfile
from array import array
from collections.abc import Iterator, Sequence

from orp_tui.core.errors import StoreError
from orp_tui.core.layout import BasePaths
from orp_tui.core.series import LazyBlocks, Points, Series
from orp_tui.metrics.epochs import epoch_metric
from orp_tui.metrics.headed import HeadedBlocks
from orp_tui.metrics.header import Header, header_of
from orp_tui.metrics.merging import origin_of
from orp_tui.services.curves import Curves, Shown
from orp_tui.services.metric_plan import chain_of
from orp_tui.services.run_metrics import collection_of

MOST_IN_MEMORY = 50_000
"""Points of a series; a longer one that no cache has goes into a file without a name."""
_STRETCH = 4_096
_NUMBER = 8


@dataclasses.dataclass(frozen=True)
class History:
    """What is needed of one run to put a metric along any axis."""

    series: Series | None
    """None: the run has no such metric."""
    epochs: Series | None
    start: float
    """Its first time stamp; NaN if it has none."""


def history_of(paths: BasePaths, run_id: str, metric: str) -> History:
    """A metric of a run and of those that it goes on from, by the name under which it is shown or logged."""
    try:
        shown = _shown(paths, run_id)
    except StoreError:  # whoever meets damage sets the cache aside: now the files are read
        shown = _shown(paths, run_id)
    name = origin_of(metric, shown.origins)
    epochs = epoch_metric(shown.series)
    firsts = (one.end_times[0] for one in shown.series.values())
    return History(
        None if name is None else apart(shown.series[name]),
        None if epochs is None else apart(epochs),
        min(filter(math.isfinite, firsts), default=math.nan),
    )


def metrics_of(paths: BasePaths, run_id: str) -> tuple[str, ...]:
    """The names of a run's metrics, in the order in which they are shown."""
    return tuple(_shown(paths, run_id).series)


def _shown(paths: BasePaths, run_id: str) -> Shown:
    with contextlib.ExitStack() as unpacked:
        curves = Curves(
            [
                collection_of(paths.run(each), paths.artifact(each), paths, unpacked, is_final=True)
                for each in chain_of(paths, run_id)
            ]
        )
        curves.take()
        return curves.shown()


def apart(series: Series) -> Series:
    """The series; a long one that is all in memory is put into a file, which goes with the last who holds it."""
    if isinstance(series.blocks, LazyBlocks) or len(series) <= MOST_IN_MEMORY:
        return series
    return dataclasses.replace(series, blocks=FiledBlocks.of(series.blocks))


class _Unnamed:
    """A file without a name, that is gone with this object."""

    def __init__(self) -> None:
        """Raises OSError if there is no room for it."""
        self.descriptor, path = tempfile.mkstemp(prefix="orp-points-")
        os.unlink(path)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            os.close(self.descriptor)


@dataclasses.dataclass(frozen=True, eq=False)
class FiledBlocks(HeadedBlocks):
    """Points in a file that has no name, with the headers of their stretches in memory."""

    file: _Unnamed
    lengths: tuple[int, ...]
    """Points of each stretch."""
    known: tuple[Header, ...]
    tail: tuple[Points, ...] = ()

    @classmethod
    def of(cls, blocks: Sequence[Points]) -> FiledBlocks:
        """Raises OSError if there is no room for the file."""
        file = _Unnamed()
        lengths, headers = [], []
        with open(file.descriptor, "wb", closefd=False) as writer:
            for points in _cut(blocks):
                headers.append(header_of(points))
                lengths.append(len(points))
                for column in (points.steps, points.values, points.times):
                    writer.write(column.tobytes())
        return cls(file, tuple(lengths), tuple(headers))

    def headers(self) -> Iterator[Header]:
        return iter(self.known)

    def stretches(self, places: Sequence[int]) -> dict[int, Points]:
        return {place: self.block(place) for place in places}

    def block(self, place: int) -> Points:
        count = self.lengths[place]
        data = os.pread(self.file.descriptor, 3 * _NUMBER * count, 3 * _NUMBER * _STRETCH * place)
        columns = []
        for column in range(3):
            numbers = array("d")
            numbers.frombytes(data[column * _NUMBER * count : (column + 1) * _NUMBER * count])
            columns.append(numbers)
        return Points(columns[0], columns[1], columns[2])

    def __len__(self) -> int:
        return len(self.lengths) + len(self.tail)

    def __iter__(self) -> Iterator[Points]:
        yield from map(self.block, range(len(self.lengths)))
        yield from self.tail

    def followed_by(self, more: tuple[Points, ...]) -> FiledBlocks:
        return dataclasses.replace(self, tail=self.tail + more)


def _cut(blocks: Sequence[Points]) -> Iterator[Points]:
    """The same points in stretches of one length; only the last is shorter."""
    rest = Points.of((), ())
    for block in blocks:
        whole = Points.joined([rest, block]) if rest else block
        full = len(whole) // _STRETCH * _STRETCH
        for start in range(0, full, _STRETCH):
            yield _part(whole, start, start + _STRETCH)
        rest = _part(whole, full, len(whole))
    if rest:
        yield rest


def _part(points: Points, start: int, end: int) -> Points:
    return Points(points.steps[start:end], points.values[start:end], points.times[start:end])
