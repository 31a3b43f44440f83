"""The same metric in runs that go on where the one before stopped → one curve.

From the first step that a later run has on, it alone counts: what an earlier one did after the
checkpoint with which the later one began was undone. A later one that counts its steps anew takes the
place of all before it.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping, Sequence

from orp_tui.core.series import Points, Series, Summary, summary_of


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """What is left of some runs."""

    blocks: tuple[Points, ...] = ()
    summary: Summary = dataclasses.field(default_factory=Summary)

    def then(self, part: Series) -> _Stretch:
        """With a later run behind it."""
        left = self.before(_least(part.blocks))
        return _Stretch((*left.blocks, *part.blocks), left.summary + part.summary)

    def before(self, step: float) -> _Stretch:
        """Without the points from that step on."""
        blocks = tuple(left for block in self.blocks if (left := _before(block, step)))
        if len(blocks) == len(self.blocks) and all(map(_is_same, blocks, self.blocks)):
            return self
        return _Stretch(blocks, functools.reduce(Summary.__add__, map(summary_of, blocks), Summary()))


class Joiner:
    """Joins the runs of one chain, anew only what has grown. One thread at a time."""

    def __init__(self) -> None:
        self._earlier: dict[str, tuple[list[Series], _Stretch]] = {}
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
        stretch = self._stretch(name, earlier).then(newest)
        series = Series(name, stretch.blocks, stretch.summary)
        self._joined[name] = parts, series
        return series

    def _stretch(self, name: str, parts: list[Series]) -> _Stretch:
        known = self._earlier.get(name)
        if known is None or not _are_same(known[0], parts):
            stretch = functools.reduce(_Stretch.then, parts, _Stretch())
            known = self._earlier[name] = parts, stretch
        return known[1]


def _is_same(one: object, other: object) -> bool:
    return one is other


def _are_same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(_is_same, some, others))


def _least(blocks: Iterable[Points]) -> float:
    """The smallest step; infinite if there is none."""
    import numpy as np

    found = min((float(np.fmin.reduce(np.frombuffer(block.steps))) for block in blocks), default=math.inf)
    return math.inf if math.isnan(found) else found


def _before(block: Points, step: float) -> Points:
    """The points of smaller steps; the block itself if that is all of them."""
    import numpy as np

    kept = np.frombuffer(block.steps) < step
    if kept.all():
        return block
    columns = (np.frombuffer(column)[kept].tolist() for column in (block.steps, block.values, block.times))
    return Points.of(*columns)
