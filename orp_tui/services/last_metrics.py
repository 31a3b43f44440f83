"""The newest value of the metric that stands for a run in a table, of many runs once a second."""

from __future__ import annotations

import collections
import dataclasses
import time
from collections.abc import Callable, Collection

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.words import number
from orp_tui.metrics.gathering import Gatherer
from orp_tui.metrics.merging import names_of, origin_of
from orp_tui.metrics.names import in_order
from orp_tui.metrics.recent import recent_points, stamp
from orp_tui.metrics.sources import SourceSpec
from orp_tui.services.metric_plan import plan_of
from orp_tui.services.run_metrics import primary_metric

SHARE_S = 0.02
"""So long one call of `advance` reads in files other than `metrics.jsonl`."""
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

    A run without `metrics.jsonl` is read through its other files, by and by in `advance`.
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
        if known[2] is not None:
            self._elsewhere.pop(key, None)
            return known[2]
        if key not in self._elsewhere:
            self._elsewhere[key] = _Elsewhere(folder, self._paths, known[1], self._clock)
            self._turns.append(key)
        return self._elsewhere[key].last

    def advance(self, share_s: float = SHARE_S) -> bool:
        """Read on in the files of runs without `metrics.jsonl`, each in its turn; whether any has a new value."""
        until, news = self._clock() + share_s, False
        for _ in range(len(self._turns)):
            key = self._turns.popleft()
            if key not in self._elsewhere:
                continue
            news |= self._elsewhere[key].advance(until)
            self._turns.append(key)
            if self._clock() >= until:
                break
        return news

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
        self._primary = primary
        self._gatherer = Gatherer(plan_of(folder, paths), clock=clock)
        self._newest: dict[SourceSpec, dict[str, tuple[tuple[float, ...], float]]] = {}
        """The newest values of each metric, and the step of the last."""

    def advance(self, until: float) -> bool:
        """Read on; whether there is a newer value."""
        before = self.last
        for news in self._gatherer.batches(until):
            if news.batch.restarted:
                self._newest.pop(news.source, None)
            newest = self._newest.setdefault(news.source, {})
            for name, points in news.batch.points.items():
                if len(points) and (name in newest or len(newest) < _MOST_NAMES):
                    before_it = newest[name][0] if name in newest else ()
                    newest[name] = (*before_it, *points.values[-RECENT:])[-RECENT:], points.steps[-1]
        self.last = self._chosen()
        return self.last != before

    def _chosen(self) -> LastMetric | None:
        origins = names_of(list(self._newest.items()))
        if not origins:
            return None
        primary = origin_of(self._primary, origins)
        name = in_order(origins, primary)[0]
        recent, step = self._newest[origins[name].source][origins[name].tag]
        return LastMetric(name, recent[-1], step, recent)


def last_primary(folder: RunPaths, primary: str | None) -> LastMetric | None:
    """The newest value of `primary` in the last MiB that was logged, else of the metric that is shown first there."""
    points = recent_points(folder.metrics, primary)
    if not points:
        return None
    name = in_order(points, primary)[0]
    recent = tuple(points[name].values[-RECENT:])
    return LastMetric(name, recent[-1], points[name].steps[-1], recent)
