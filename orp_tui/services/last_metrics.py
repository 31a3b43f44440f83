"""The newest value of the metric that stands for a run in a table, of many runs once a second."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Collection

from orp_tui.core.errors import StoreError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.words import number
from orp_tui.metrics.cache.reader import CachedRun, MetricCache
from orp_tui.metrics.gathering import SYSTEM, Gatherer, Plan, SourceNews, is_news
from orp_tui.metrics.merging import Origin, names_of, origin_of
from orp_tui.metrics.names import in_order
from orp_tui.metrics.recent import recent_points, stamp
from orp_tui.metrics.sources import SourceSpec
from orp_tui.services.metric_plan import plan_of, stage_of
from orp_tui.services.run_metrics import primary_metric

SHARE_S = 0.02
"""So long one call of `advance` reads in files other than `metrics.jsonl`."""
SELDOM_S = 10.0
"""So often a run is looked at that has said nothing for a minute: most of those shown have ended."""
_QUIET = 5
_MOST_NAMES = 1_000
RECENT = 20
"""Values that are kept of a metric, for a line of bars."""


@dataclasses.dataclass(frozen=True)
class LastMetric:
    """The newest value of the metric that stands for a run in a table."""

    name: str
    """Text from outside."""
    value: float
    step: float
    recent: tuple[float, ...] = dataclasses.field(default=(), compare=False)
    """Some of the values up to it, the oldest first; not compared, since NaN is not what it is."""

    @property
    def words(self) -> str:
        """`0.31`, as `number` gives it."""
        return number(self.value)


class LastMetrics:
    """The newest value of many runs: a stat each, and a few KiB of those that have grown.

    A run whose `metrics.jsonl` does not hold its primary metric, or anything, is read through its other
    files, by and by in `advance`; what the observer has kept of them is not read again.
    """

    def __init__(self, paths: BasePaths | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._paths = paths
        self._clock = clock
        self._known: dict[str, tuple[tuple[int, ...] | None, str | None, LastMetric | None]] = {}
        self._elsewhere: dict[str, _Elsewhere] = {}
        self._turns: collections.deque[str] = collections.deque()

    def of(self, folder: RunPaths) -> LastMetric | None:
        """Of the primary metric, else of the one that is shown first; None if nothing was logged that is known."""
        key, now = str(folder.folder), stamp(folder.metrics)
        known = self._known.get(key)
        if known is None or known[0] != now:
            primary = primary_metric(folder) if known is None else known[1]
            found = last_primary(folder, primary) if now is not None else None
            known = self._known[key] = now, primary, found
        _, primary, own = known
        if own is not None and primary in (None, own.name):
            self._elsewhere.pop(key, None)
            return own
        if key not in self._elsewhere:
            self._elsewhere[key] = _Elsewhere(folder, self._paths, primary, self._clock)
            self._turns.append(key)
        return self._elsewhere[key].last or own

    def advance(self, share_s: float = SHARE_S) -> bool:
        """Read on in the files of runs without `metrics.jsonl`, each in its turn; whether any has a new value.

        The time is shared evenly: one with long files leaves some to those behind it.
        """
        until, news = self._clock() + share_s, False
        for waiting in range(len(self._turns), 0, -1):
            key = self._turns.popleft()
            if key not in self._elsewhere:
                continue
            now = self._clock()
            news |= self._elsewhere[key].advance(now + (until - now) / waiting)
            self._turns.append(key)
            if self._clock() >= until:
                break
        return news

    def is_complete(self, folder: RunPaths) -> bool:
        """Whether what `of` says of a run is the newest that there is."""
        found = self._elsewhere.get(str(folder.folder))
        return found is None or found.is_complete

    def keep_only(self, folders: Collection[str]) -> None:
        """Forget runs other than these, by the text of their folder."""
        self._known = {key: value for key, value in self._known.items() if key in folders}
        self._elsewhere = {key: value for key, value in self._elsewhere.items() if key in folders}


class _Elsewhere:
    """The newest values in all files of one run; nothing else of them is kept."""

    def __init__(
        self, folder: RunPaths, paths: BasePaths | None, primary: str | None, clock: Callable[[], float]
    ) -> None:
        self.last: LastMetric | None = None
        self._folder, self._paths = folder, paths
        self._primary = primary
        self._clock = clock
        self._gatherer: Gatherer | None = None
        self._stage: tuple[bool, ...] = ()
        self._quiet = 0
        """Looks in a row that found nothing new."""
        self._due = -math.inf
        self._sources: dict[str, SourceSpec] = {}
        self._newest: dict[str, dict[str, tuple[tuple[float, ...], float]]] = {}
        """Key of a source → the newest values of each metric, and the step of the last."""

    @property
    def is_complete(self) -> bool:
        return self._gatherer is not None and self._gatherer.is_complete

    def advance(self, until: float) -> bool:
        """Read on; whether there is a newer value. What has long said nothing is looked at seldom."""
        if self._clock() < self._due:
            return False
        before, stage = self.last, stage_of(self._folder)
        has_news = self._gatherer is None or stage != self._stage
        if self._gatherer is None or has_news:
            self._newest, self._stage = {}, stage
            self._gatherer = self._begun()
        for news in self._gatherer.batches(until):
            if is_news(news.batch):
                self._take(news)
                has_news = True
        if has_news:
            self.last = self._chosen()
        self._quiet = 0 if has_news or not self.is_complete else self._quiet + 1
        self._due = self._clock() + min(SELDOM_S, self._quiet // _QUIET)
        return self.last != before

    def _begun(self) -> Gatherer:
        """Behind what the cache has, of which only the last values are taken."""
        cached = (
            None if self._paths is None else MetricCache(self._paths.metric_cache).run(self._folder.run_id)
        )
        if cached is None:
            return Gatherer(plan_of(self._folder, self._paths), clock=self._clock)
        for source in cached.sources:
            self._sources[source.spec.key] = source.spec
            self._newest[source.spec.key] = {
                name: ((series.summary.last,), series.summary.last_step)
                for name, series in itertools.islice(source.series.items(), _MOST_NAMES)
            }
        self._keep_recent(cached)
        plan = Plan(is_final=True) if cached.is_up_to_date else plan_of(self._folder, self._paths)
        return Gatherer(plan, cached.marks, self._clock)

    def _keep_recent(self, cached: CachedRun) -> None:
        """Read the last values of the metric that will be shown."""
        shown = self._shown()
        if shown is None:
            return
        _, chosen = shown
        source = next(each for each in cached.sources if each.spec.key == chosen.source.key)
        series = source.series[chosen.tag]
        with contextlib.suppress(StoreError, IndexError):
            recent = tuple(series.blocks[-1].values[-RECENT:])
            self._newest[chosen.source.key][chosen.tag] = recent, series.summary.last_step

    def _take(self, news: SourceNews) -> None:
        key = news.source.key
        if news.batch.restarted:
            self._newest.pop(key, None)
        self._sources[key] = news.source
        newest = self._newest.setdefault(key, {})
        for name, points in news.batch.points.items():
            if len(points) and (name in newest or len(newest) < _MOST_NAMES):
                before_it = newest[name][0] if name in newest else ()
                newest[name] = (*before_it, *points.values[-RECENT:])[-RECENT:], points.steps[-1]

    def _shown(self) -> tuple[str, Origin] | None:
        """The name of the metric that is shown, and where it comes from; None if the training has logged none."""
        known = [(self._sources[key], newest) for key, newest in self._newest.items()]
        origins = {name: each for name, each in names_of(known).items() if not name.startswith(SYSTEM)}
        if not origins:
            return None
        primary = origin_of(self._primary, origins)
        if self._primary is not None and primary is not None:
            return self._primary, origins[primary]
        name = in_order(origins)[0]
        return name, origins[name]

    def _chosen(self) -> LastMetric | None:
        shown = self._shown()
        if shown is None:
            return None
        name, origin = shown
        recent, step = self._newest[origin.source.key][origin.tag]
        return LastMetric(name, recent[-1], step, recent)


def last_primary(folder: RunPaths, primary: str | None) -> LastMetric | None:
    """The newest value of `primary` in the last MiB that was logged, else of the metric that is shown first there."""
    points = recent_points(folder.metrics, primary)
    if not points:
        return None
    name = in_order(points, primary)[0]
    recent = tuple(points[name].values[-RECENT:])
    return LastMetric(name, recent[-1], points[name].steps[-1], recent)
