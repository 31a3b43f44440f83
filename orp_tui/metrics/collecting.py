"""All metrics of one run in memory: what a gatherer brings, source by source, and as one set of names."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from orp_tui.core.series import Series
from orp_tui.core.words import counted
from orp_tui.metrics.gathering import Gatherer, is_news
from orp_tui.metrics.merging import Merger, Origin
from orp_tui.metrics.sources import SourceSpec
from orp_tui.metrics.table import MetricTable

BREATH_S = 0.0003
"""Between two reads of a long file."""


BY_STEP = frozenset({"tfevents"})
"""Kinds of sources that may bring the points of a metric in any order of their steps."""


def table_for(source: SourceSpec) -> MetricTable:
    """An empty one, which puts in order what that source may bring in disorder."""
    return MetricTable(by_step=source.kind in BY_STEP)


def others(bad: int) -> str:
    """What to say behind the first of so many records that were passed over; empty if there is no other."""
    return f"; {counted(bad - 1, 'more bad record')}" if bad > 1 else ""


class Collection:
    """The tables of one run. One thread at a time; the series it gives may go to any other."""

    def __init__(self, gatherer: Gatherer, tables: Mapping[SourceSpec, MetricTable] | None = None) -> None:
        """`tables` hold what was read before the marks with which the gatherer begins."""
        self._gatherer = gatherer
        self._tables = {source.key: (source, table) for source, table in (tables or {}).items()}
        self._merger = Merger()
        self._told: tuple[object, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all that was written is here."""
        return self._gatherer.is_complete

    def take(
        self,
        until: float = math.inf,
        progress: Callable[[], object] | None = None,
    ) -> bool:
        """Read on until there is no more, or the clock shows `until`; whether anything is new.

        Without a break between two reads other threads wait 5 ms for each call that they make
        meanwhile: the first chart, whose thread imports plotext, would come a second later.
        """
        news = False
        for each in self._gatherer.batches(until):
            if is_news(each.batch):
                known = self._tables.setdefault(each.source.key, (each.source, table_for(each.source)))
                news |= known[1].take(each.batch)
            if progress is not None:
                progress()
            time.sleep(BREATH_S)
        told = (self._gatherer.troubles, self.is_complete)
        news |= told != self._told
        self._told = told
        return news

    def series(self) -> tuple[dict[str, Series], dict[str, Origin]]:
        """Each metric by the name under which it is shown, and where it comes from."""
        return self._merger.merge([(source, table.series()) for source, table in self._tables.values()])

    @property
    def bytes(self) -> tuple[int, int]:
        """How many are read, and how many are known to be there."""
        return self._gatherer.bytes

    @property
    def bad(self) -> int:
        """Records that were passed over."""
        return sum(table.bad for _, table in self._tables.values())

    @property
    def first_bad(self) -> str:
        """The first of them, with its source, in words; empty if there is none."""
        told = (f"{source.words}, {table.first_bad}" for source, table in self._tables.values() if table.bad)
        return next(told, "")

    @property
    def limits(self) -> tuple[str, ...]:
        """Where further metrics may be that were not looked for, in words."""
        return self._gatherer.limits

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with some sources, in words; text from outside is in them."""
        told = list(self._gatherer.troubles)
        for source, table in self._tables.values():
            if table.bad:
                told.append(f"{source.words}, {table.first_bad}{others(table.bad)}")
            if table.left_out:
                left = f"{table.left_out:,} values are left out"
                told.append(f"{source.words} logs too many metrics; {left}")
        return tuple(told)
