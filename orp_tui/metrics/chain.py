"""The same metric in runs that go on where the one before stopped → one curve.

From the first step that a later run has on, it alone counts: what an earlier one did after the
checkpoint with which the later one began was undone. A later one that counts its steps anew takes the
place of all before it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

from orp_tui.core.series import Series, Summary
from orp_tui.metrics.chain_blocks import Piece, before, blocks_of, least, pieces_of, summary_of_piece


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Left:
    """What is left of some runs."""

    pieces: tuple[Piece, ...] = ()
    summary: Summary = dataclasses.field(default_factory=Summary)

    def then(self, part: Series) -> _Left:
        """With a later run behind it."""
        pieces = pieces_of(part.blocks)
        left = self.before(least(pieces))
        return _Left((*left.pieces, *pieces), left.summary + part.summary)

    def before(self, step: float) -> _Left:
        """Without the points from that step on."""
        kept = tuple(piece for each in self.pieces if (piece := before(each, step)) is not None)
        if _are_same(kept, self.pieces):
            return self
        return _Left(kept, functools.reduce(Summary.__add__, map(summary_of_piece, kept), Summary()))


class Joiner:
    """Joins the runs of one chain, anew only what has grown. One thread at a time."""

    def __init__(self) -> None:
        self._earlier: dict[str, tuple[list[Series], _Left]] = {}
        self._joined: dict[str, tuple[list[Series], Series]] = {}

    def join(self, runs: Sequence[Mapping[str, Series]]) -> dict[str, Series]:
        """Every metric of the runs, of which the oldest is first: in the order of the newest, then of those before."""
        names = dict.fromkeys(name for run in reversed(runs) for name in run)
        return {name: self._one(name, [run[name] for run in runs if name in run]) for name in names}

    def _one(self, name: str, parts: list[Series]) -> Series:
        """The same object while the parts are."""
        if len(parts) == 1:
            return parts[0]
        known = self._joined.get(name)
        if known is not None and _are_same(known[0], parts):
            return known[1]
        *earlier, newest = parts
        left = self._left_of(name, earlier).then(newest)
        series = Series(name, blocks_of(left.pieces), left.summary)
        self._joined[name] = parts, series
        return series

    def _left_of(self, name: str, parts: list[Series]) -> _Left:
        known = self._earlier.get(name)
        if known is None or not _are_same(known[0], parts):
            known = self._earlier[name] = parts, functools.reduce(_Left.then, parts, _Left())
        return known[1]


def _is_same(one: object, other: object) -> bool:
    return one is other


def _are_same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(_is_same, some, others))
