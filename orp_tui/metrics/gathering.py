"""All sources of one run, found and read on: one loop for the dashboard, the command line and the observer.

A run with nothing new costs a stat for each source, and now and then one for each folder. What
cannot be read is told in words and touches no other source.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orp_tui.core.ports import MetricBatch, MetricReader
from orp_tui.metrics.declared import Declared, declared_sources
from orp_tui.metrics.discovery import Discovery, Root
from orp_tui.metrics.name_filter import NameFilter
from orp_tui.metrics.readers.registry import open_reader
from orp_tui.metrics.sources import SourceSpec

Json = dict[str, Any]  # Any: values as JSON gives them

SYSTEM = "sys/"
"""Names of what the observer samples begin so."""
SCAN_PERIOD_S = 3.0
_SCAN_SHARE = 40
"""A pass over a large tree is made the more seldom, so that passes take at most a fortieth of a core."""
SLICE_S = 0.05
"""So long a pass may hold up the reading."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Where the metrics of one run are looked for."""

    fixed: tuple[SourceSpec, ...] = ()
    """Sources that are known by their path; they need not exist yet."""
    roots: tuple[Root, ...] = ()
    declared: tuple[Declared, ...] = ()
    """What the experiment file says of sources in the roots; nothing else is looked for there then."""
    include: tuple[str, ...] = ()
    """Globs of names: only these metrics are brought, if there are any."""
    exclude: tuple[str, ...] = ()
    """Globs of names: these are not."""
    is_final: bool = False
    """Nothing is written any more: one pass, and each last record is taken as it stands."""
    follow_links: bool = False
    """The paths were named by the user."""


@dataclasses.dataclass(frozen=True, slots=True)
class SourceNews:
    """What one read of one source brought."""

    source: SourceSpec
    batch: MetricBatch
    """By the names that the source gives; merging renames them."""


_MOST_EMPTY = 10_000
"""Reads in a row that say that there is more and bring nothing: a reader that would go on so for ever."""


class _Open:
    """One source and how far it is read."""

    def __init__(self, source: SourceSpec, reader: MetricReader, keeps: Callable[[str], bool]) -> None:
        self.source, self.reader = source, reader
        self._keeps = keeps
        self.more = False
        self.trouble = ""
        self._tail_told = False
        self._empty = 0

    def is_due(self) -> bool:
        return self.more or not self._tail_told or self.reader.changed()

    def read(self, *, final: bool) -> SourceNews:
        """What is new. A record without its end is taken when it has stood so for a whole look."""
        changed = self.more or self.reader.changed()
        batch = self.reader.read(final=final or not changed)
        self._empty = self._empty + 1 if batch.more and not is_news(batch) else 0
        self.more, self.trouble = batch.more, batch.trouble
        if self._empty > _MOST_EMPTY:
            self.more, self.trouble = False, "says that there is more, and brings nothing"
        self._tail_told = not self.more and (final or not changed)
        kept = {name: points for name, points in batch.points.items() if self._keeps(name)}
        return SourceNews(self.source, dataclasses.replace(batch, points=kept))


def is_news(batch: MetricBatch) -> bool:
    """Whether a batch changes what is known of a source."""
    return bool(batch.points or batch.restarted or batch.bad)


class Gatherer:
    """The sources of one plan. One thread at a time; never raises.

    `marks` is what `marks` of an earlier gatherer gave: what was read then is not brought again.
    """

    def __init__(
        self,
        plan: Plan,
        marks: Mapping[str, Json] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._marks = dict(marks or {})
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._names = NameFilter(plan.include, plan.exclude)
        self._system_names = NameFilter((), plan.exclude)
        self._discoveries = [] if plan.declared else [Discovery(root, clock) for root in plan.roots]
        self._scan_at = -math.inf
        self._scan_took = 0.0
        self._scanned = not plan.roots
        self._refused: tuple[str, ...] = ()
        self.limits: tuple[str, ...] = ()
        """Where further sources may be that were not looked for, in words."""
        for source in plan.fixed:
            self._add(source)

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        """Those found so far; the ones that are trusted most first."""
        return tuple(each.source for each in self._in_order())

    @property
    def marks(self) -> dict[str, Json]:
        """Source key → how far it is read, as JSON can hold it; also of sources that are gone now."""
        return {**self._marks, **{key: each.reader.mark for key, each in self._open.items()}}

    @property
    def is_complete(self) -> bool:
        """Whether all that was there at the last call is read; if not, the next call brings more at once."""
        return self._scanned and not any(each.more for each in self._open.values())

    @property
    def bytes(self) -> tuple[int, int]:
        """How many are read and how many there are, in the sources of which that is known."""
        done = there = 0
        for each in self._open.values():
            with contextlib.suppress(OSError, TypeError, ValueError):
                size = os.path.getsize(each.source.path)
                done += min(int(each.reader.mark.get("offset", size)), size)
                there += size
        return done, there

    @property
    def troubles(self) -> tuple[str, ...]:
        """What can't be read now, in words; text from outside is in them."""
        told = (f"{each.source.words} {each.trouble}" for each in self._in_order() if each.trouble)
        return (*told, *self._refused)

    def batches(self, until: float = math.inf) -> Iterator[SourceNews]:
        """All that is new, read by read, until there is no more or the clock shows `until`.

        At least one source is read on at each call. Files of numbers come before logs.
        """
        self._scan(until)
        due = [each for each in self._in_order() if each.is_due()]
        while due:
            for each in due:
                yield each.read(final=self._plan.is_final)
                if self._clock() >= until:
                    return
            due = [each for each in due if each.more]

    def _in_order(self) -> list[_Open]:
        return sorted(self._open.values(), key=lambda each: each.source.trust)

    def _scan(self, until: float) -> None:
        """Look for further sources, if it is time."""
        if self._clock() < self._scan_at or (self._scanned and self._plan.is_final):
            return
        began = self._clock()
        slice_end = min(until, began + SLICE_S) if self._scanned else until
        done = self._look_declared() if self._plan.declared else self._look_around(slice_end)
        self._scan_took += self._clock() - began
        if done:
            self._scanned = True
            self._scan_at = self._clock() + max(SCAN_PERIOD_S, self._scan_took * _SCAN_SHARE)
            self._scan_took = 0.0

    def _look_around(self, until: float) -> bool:
        done = True
        for discovery in self._discoveries:
            done &= discovery.look(until)
            for source in discovery.sources:
                self._add(source)
        self.limits = tuple(each.limited for each in self._discoveries if each.limited)
        return done

    def _look_declared(self) -> bool:
        refused: list[str] = []
        for root in self._plan.roots:
            found, words = declared_sources(root, self._plan.declared)
            refused += words
            for source in found:
                self._add(source)
        self._refused = tuple(refused)
        return True

    def _add(self, source: SourceSpec) -> None:
        if source.key not in self._open:
            reader = open_reader(
                source,
                mark=self._marks.get(source.key),
                follow_links=self._plan.follow_links,
                include=self._plan.include,
                exclude=self._plan.exclude,
            )
            self._open[source.key] = _Open(source, reader, self._keeps)

    def _keeps(self, name: str) -> bool:
        """Whether a metric is wanted; those that the observer samples are not meant by `include`."""
        names = self._system_names if name.startswith(SYSTEM) else self._names
        return names.keeps(name)
