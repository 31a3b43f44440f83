"""The metrics of a chain of runs, or of any sources, as one set of curves."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

from orp_tui.core.series import Series
from orp_tui.metrics.chain import Joiner
from orp_tui.metrics.collecting import Collection
from orp_tui.metrics.merging import Origin, origin_of
from orp_tui.metrics.names import in_order


@dataclasses.dataclass(frozen=True)
class Shown:
    """What there is at one moment. Names are text from outside."""

    series: Mapping[str, Series]
    """In the order in which they are shown, the primary metric first."""
    origins: Mapping[str, Origin]
    """Where each metric comes from; of a chain, in its newest run that has it."""
    primary: str | None
    """The name under which the primary metric is shown; as it was asked for if it is not there."""


class Curves:
    """Read from one thread. The collections are those of a chain, the oldest run first."""

    def __init__(self, chain: Sequence[Collection], primary: str | None = None) -> None:
        self._chain = tuple(chain)
        self._primary = primary
        self._joiner = Joiner()
        self._order: list[str] = []

    def take(self, until: float = math.inf, progress: Callable[[], object] | None = None) -> bool:
        """Read on until there is no more, or the clock of the gatherers shows `until`; whether anything is new."""
        news = False
        for collection in self._chain:
            news |= collection.take(until, progress)
            if not collection.is_complete:
                break
        return news

    @property
    def is_complete(self) -> bool:
        """Whether all that was written is here."""
        return all(collection.is_complete for collection in self._chain)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with some sources, in words, those of the newest run first."""
        return tuple(words for collection in reversed(self._chain) for words in collection.troubles)

    @property
    def limits(self) -> tuple[str, ...]:
        """Where further metrics may be that were not looked for, in words."""
        return tuple(words for collection in reversed(self._chain) for words in collection.limits)

    @property
    def bytes(self) -> tuple[int, int]:
        """How many are read, and how many are known to be there."""
        told = [collection.bytes for collection in self._chain]
        return sum(done for done, _ in told), sum(there for _, there in told)

    @property
    def bad(self) -> int:
        """Records that were passed over."""
        return sum(collection.bad for collection in self._chain)

    @property
    def first_bad(self) -> str:
        """The first of them, in words; empty if there is none."""
        return next((each.first_bad for each in reversed(self._chain) if each.bad), "")

    def shown(self) -> Shown:
        """All of it under its names; what has not grown is the same object as before."""
        found = [collection.series() for collection in self._chain]
        series = self._joiner.join([each for each, _ in found])
        origins = {name: origin for _, each in found for name, origin in each.items()}
        primary = origin_of(self._primary, origins) or self._primary
        if series.keys() != set(self._order):
            self._order = in_order(series, primary)
        return Shown({name: series[name] for name in self._order}, origins, primary)
