"""The observer reads the metrics of the runs as they grow, and keeps them in the cache.

Reading and keeping are apart. What was read is told to whoever listens at once, and kept every
few seconds, points and marks together: what was told is not kept before, so a killed observer may
tell it twice, and never not at all. What could not be kept (a full disk, a cache that was deleted)
is read again later from the marks of the cache, by a second gatherer. So are runs that ended, for
the last time, and those that ended while nobody looked on.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from orp_tui.core.layout import BasePaths
from orp_tui.core.ports import MetricBatch
from orp_tui.core.run import Run
from orp_tui.metrics.cache.rows import identity
from orp_tui.metrics.cache.writer import RunNews
from orp_tui.metrics.gathering import Gatherer, SourceNews, is_news
from orp_tui.metrics.sources import SourceSpec
from orp_tui.services.metric_keeper import MetricKeeper
from orp_tui.services.metric_plan import plan_of

T = TypeVar("T")

READ_S = 0.1
"""So long one turn reads the live runs, divided among them; files of numbers come before logs."""
LEAST_S = 0.01
"""So long each of them may be read, however many there are."""
KEEP_EVERY_S = 5.0
KEEP_SHARE = 0.03
"""Of a core, for keeping: what costs much is done more seldom."""
MOST_PENDING = 200_000
"""Points that are read and not kept; then they are, whatever it costs."""
CATCH_UP_S = 0.5
CATCH_UP_BESIDE_S = 0.04
"""So long one turn catches up, while no run is live and while one is."""


class Listener(Protocol):
    """Is told what a run has logged, until its end."""

    def heard(self, run: Run, source: SourceSpec, batch: MetricBatch) -> None:
        """By the names that the source gives; maybe once more after the observer was killed. Never raises."""
        ...


@dataclasses.dataclass
class _Live:
    """A run that goes on."""

    run: Run
    gatherer: Gatherer
    behind: bool
    """The cache misses something that was read before."""
    pending: list[SourceNews] = dataclasses.field(default_factory=list)
    points: int = 0


class MetricTail:
    """One turn a second, from one thread."""

    def __init__(
        self,
        paths: BasePaths,
        *,
        listeners: Sequence[Listener] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = paths
        self._listeners = listeners
        self._clock = clock
        self._keeper = MetricKeeper(paths.metric_cache, self._fall_behind, clock)
        self._keep_at = 0.0
        self._live: dict[str, _Live] = {}
        self._broken: set[str] = set()
        """Runs that can't be read."""
        self._ended: collections.deque[Run] = collections.deque()
        self._again: dict[str, Gatherer] = {}
        """Gatherers that read once more, or for the last time."""

    @property
    def is_catching_up(self) -> bool:
        """Whether there are runs that have ended and are not read to their end."""
        return bool(self._ended)

    def take_ended(self, ended: Iterable[Run]) -> None:
        """Runs that have ended, the most interesting first: those not known are read when there is time."""
        self._keeper.open()
        done = {run.id for run in self._ended} | self._keeper.complete | self._keeper.refused
        self._ended += (run for run in ended if run.id not in done)

    def forget_others(self, are_known: Callable[[Sequence[str]], Collection[str]]) -> None:
        """As `MetricKeeper.forget_others`."""
        self._keeper.open()
        self._keeper.forget_others(are_known)

    def turn(self, active: Sequence[Run]) -> None:
        """Read on in the runs that go on, keep what is due, and catch up; `active`: all whose files may grow."""
        self._keeper.open()
        self._match(active)
        self._read(max(LEAST_S, READ_S / max(1, len(self._live))))
        if self._clock() >= self._keep_at or sum(live.points for live in self._live.values()) > MOST_PENDING:
            self._keep()
        self._catch_up(self._clock() + (CATCH_UP_BESIDE_S if self._live else CATCH_UP_S))

    def close(self) -> None:
        """Keep what was read."""
        self._keep()
        self._keeper.close()

    def _match(self, active: Sequence[Run]) -> None:
        """Begin with those that are new, and let go of those that have ended."""
        now = {run.id: run for run in active}
        ended = [run_id for run_id in self._live if run_id not in now]
        for run_id in ended:  # what it logged last is heard too: an alert may be in it
            live = self._live[run_id]
            self._safely(live.run, functools.partial(self._read_on, live, READ_S))
        if ended:
            self._keep()
        for run_id in ended:
            self._again.pop(run_id, None)
            live_then = self._live.pop(run_id, None)
            if live_then is not None and run_id not in self._keeper.refused:
                self._ended.appendleft(live_then.run)
        for run_id, run in now.items():
            if run_id in self._live:
                self._live[run_id].run = run
            elif run_id not in self._broken:
                self._begin(run)

    def _begin(self, run: Run) -> None:
        marks = self._keeper.marks(run.id)
        plan = self._safely(run, lambda: plan_of(self._paths.run(run.id), self._paths))
        if plan is not None:
            self._live[run.id] = _Live(run, Gatherer(plan, marks, self._clock), behind=marks is None)
            self._keeper.complete.discard(run.id)

    def _read(self, slice_s: float) -> None:
        for live in list(self._live.values()):
            self._safely(live.run, functools.partial(self._read_on, live, slice_s))

    def _read_on(self, live: _Live, slice_s: float) -> None:
        for news in _news(live.gatherer, self._clock() + slice_s):
            for listener in self._listeners:
                listener.heard(live.run, news.source, news.batch)
            if not live.behind and live.run.id not in self._keeper.refused:
                live.pending.append(news)
                live.points += sum(map(len, news.batch.points.values()))

    def _safely(self, run: Run, act: Callable[[], T]) -> T | None:
        """What comes of it. A run that can't be read is left alone from then on, and no other with it."""
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - readers may be anybody's, and files hold anything
            self._keeper.refuse(run.id, error)
            self._broken.add(run.id)
            self._live.pop(run.id, None)
            self._again.pop(run.id, None)
            return None

    def _keep(self) -> None:
        """Write what was read since the last time."""
        news = [
            RunNews(run_id, live.pending, live.gatherer.marks)
            for run_id, live in self._live.items()
            if live.pending and not live.behind and run_id not in self._keeper.refused
        ]
        if not news:
            return
        began = time.thread_time()
        self._keeper.write(news)
        took = time.thread_time() - began
        self._keep_at = self._clock() + max(KEEP_EVERY_S, took / KEEP_SHARE)
        for live in self._live.values():
            live.pending, live.points = [], 0

    def _fall_behind(self) -> None:
        self._again = {}
        for live in self._live.values():
            live.behind, live.pending, live.points = True, [], 0

    def _catch_up(self, until: float) -> None:
        """Read what the cache misses: of live runs first, then of those that have ended."""
        for live in list(self._live.values()):
            if live.behind and self._may_go_on(until) and live.run.id not in self._keeper.refused:
                self._safely(live.run, functools.partial(self._read_again, live, until))
        while self._ended and self._may_go_on(until):
            run = self._ended[0]
            done = self._live.keys() | self._keeper.complete
            if (
                run.id in done
                or self._safely(run, functools.partial(self._read_last, run, until))
                or run.id in self._keeper.refused
            ):
                self._ended.popleft()

    def _may_go_on(self, until: float) -> bool:
        return self._keeper.is_open and self._clock() < until

    def _read_again(self, live: _Live, until: float) -> None:
        """Bring the cache to where the run is read."""
        gatherer = self._second(live.run, is_final=False)
        if gatherer is None:
            return
        news = _news(gatherer, until)
        if news and not self._keeper.write([RunNews(live.run.id, news, gatherer.marks)]):
            return
        if gatherer.is_complete and _stand_alike(gatherer, live.gatherer):
            live.behind = False
            del self._again[live.run.id]

    def _read_last(self, run: Run, until: float) -> bool:
        """Read a run that has ended; whether that was all of it."""
        if not self._paths.run(run.id).folder.is_dir():
            return True  # in the trash, or moved away: it may come back as it is
        gatherer = self._second(run, is_final=True)
        if gatherer is None:
            return False
        news = _news(gatherer, until)
        identities = {source.key: identity(source.path) for source in gatherer.sources}
        news += _news(gatherer, until)  # so that they are from before a read that found no more
        done = gatherer.is_complete
        told = RunNews(run.id, news, gatherer.marks, done, identities if done else {})
        if not self._keeper.write([told]) or not done:
            return False
        self._keeper.complete.add(run.id)
        del self._again[run.id]
        return True

    def _second(self, run: Run, *, is_final: bool) -> Gatherer | None:
        """A gatherer that goes on where the cache stands; None if that can't be asked."""
        if run.id not in self._again:
            marks = self._keeper.marks(run.id)
            if marks is None:
                return None
            plan = dataclasses.replace(plan_of(self._paths.run(run.id), self._paths), is_final=is_final)
            self._again[run.id] = Gatherer(plan, marks, self._clock)
        return self._again[run.id]


def _news(gatherer: Gatherer, until: float) -> list[SourceNews]:
    """What is new; batches that say nothing are left out."""
    return [each for each in gatherer.batches(until) if is_news(each.batch)]


def _stand_alike(one: Gatherer, other: Gatherer) -> bool:
    """Whether both have read the same of every source that either has found."""
    marks, others = one.marks, other.marks
    return all(marks.get(source.key) == others.get(source.key) for source in (*one.sources, *other.sources))
