"""The points of several runs in a row, of which some are read only when somebody asks."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from orp_tui.core.errors import StoreError
from orp_tui.core.series import Points, Summary, summary_of
from orp_tui.metrics.headed import HeadedBlocks
from orp_tui.metrics.header import Header, header_of

_TOGETHER = 16
"""Stretches that are read at once when all are wanted."""


class Stretch(NamedTuple):
    """One stretch of a long series, not read yet."""

    source: HeadedBlocks
    place: int
    header: Header

    def read(self) -> Points:
        """Raises StoreError if its points are gone."""
        found = self.source.stretches([self.place])
        if self.place not in found:
            raise StoreError("what was read of metrics before was made anew meanwhile; try again")
        return found[self.place]


Piece: TypeAlias = Points | Stretch
"""Some points of a run: in memory, or not read yet."""


def pieces_of(blocks: Iterable[Points]) -> tuple[Piece, ...]:
    """The blocks of a series, nothing of them read."""
    if isinstance(blocks, HeadedBlocks):
        own = (Stretch(blocks, place, header) for place, header in enumerate(blocks.headers()))
        return (*own, *blocks.tail)
    return tuple(blocks)


def summary_of_piece(piece: Piece) -> Summary:
    return piece.header.summary if isinstance(piece, Stretch) else summary_of(piece)


def least_step(piece: Piece) -> float:
    """The smallest step; NaN if there is none."""
    import numpy as np

    if isinstance(piece, Stretch):
        return piece.header.steps.low
    return float(np.fmin.reduce(np.frombuffer(piece.steps)))


def before(piece: Piece, step: float) -> Piece | None:
    """The points of smaller steps; the piece itself if that is all of them, None if it is none."""
    import numpy as np

    if isinstance(piece, Stretch):
        axis = piece.header.steps
        if axis.whole and axis.high < step:
            return piece
        if axis.whole and axis.low >= step:
            return None
        piece = piece.read()
    kept = np.frombuffer(piece.steps) < step
    if kept.all() or not kept.any():
        return piece if kept.any() else None
    columns = (np.frombuffer(column)[kept].tolist() for column in (piece.steps, piece.values, piece.times))
    return Points.of(*columns)


@dataclasses.dataclass(frozen=True, eq=False)
class ChainBlocks(HeadedBlocks):
    """Pieces in a row, each with its header, then those in memory (`tail`)."""

    pieces: tuple[Piece, ...]
    known: tuple[Header, ...]
    """Of each piece."""
    tail: tuple[Points, ...] = ()

    def headers(self) -> Iterator[Header]:
        return iter(self.known)

    def stretches(self, places: Sequence[int]) -> dict[int, Points]:
        found: dict[int, Points] = {}
        asked: dict[int, list[tuple[int, Stretch]]] = {}
        for place in places:
            piece = self.pieces[place]
            if isinstance(piece, Stretch):
                asked.setdefault(id(piece.source), []).append((place, piece))
            else:
                found[place] = piece
        for wanted in asked.values():
            read = wanted[0][1].source.stretches([piece.place for _, piece in wanted])
            found |= {place: read[piece.place] for place, piece in wanted if piece.place in read}
        return found

    def __len__(self) -> int:
        return len(self.pieces) + len(self.tail)

    def __iter__(self) -> Iterator[Points]:
        for start in range(0, len(self.pieces), _TOGETHER):
            places = range(start, min(start + _TOGETHER, len(self.pieces)))
            found = self.stretches(places)
            if len(found) < len(places):
                raise StoreError("what was read of metrics before was made anew meanwhile; try again")
            yield from (found[place] for place in places)
        yield from self.tail

    def block(self, place: int) -> Points:
        piece = self.pieces[place]
        return piece.read() if isinstance(piece, Stretch) else piece

    def followed_by(self, more: tuple[Points, ...]) -> ChainBlocks:
        return dataclasses.replace(self, tail=self.tail + more)


def blocks_of(pieces: Sequence[Piece]) -> Sequence[Points]:
    """A series' blocks: plain ones if all of them are in memory."""
    last = max((place for place, piece in enumerate(pieces) if isinstance(piece, Stretch)), default=-1)
    tail = tuple(piece for piece in pieces[last + 1 :] if not isinstance(piece, Stretch))
    if last < 0:
        return tail
    headed = tuple(pieces[: last + 1])
    return ChainBlocks(headed, tuple(map(_header_of, headed)), tail)


def _header_of(piece: Piece) -> Header:
    return piece.header if isinstance(piece, Stretch) else header_of(piece)


def least(pieces: Iterable[Piece]) -> float:
    """The smallest step of all; infinite if there is none."""
    steps = (step for step in map(least_step, pieces) if not math.isnan(step))
    return min(steps, default=math.inf)
