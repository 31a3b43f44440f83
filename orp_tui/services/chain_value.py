"""The primary metric of live runs that go on from others, at the step that counts of the whole chain so far."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Collection, Mapping

from orp_tui.core.errors import StoreError
from orp_tui.core.layout import BasePaths
from orp_tui.core.series import Series
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.chain import Joiner
from orp_tui.metrics.primary import PrimaryRule, PrimaryValue, primary_value
from orp_tui.services import metric_history
from orp_tui.services.curves import Curves
from orp_tui.services.metric_plan import chain_of
from orp_tui.services.unpacked_metrics import is_better


@dataclasses.dataclass
class _Known:
    """What is kept of one chain between two looks: where its points lie, none of them."""

    runs: tuple[str, ...]
    """The oldest first."""
    joiner: Joiner = dataclasses.field(default_factory=Joiner)
    cache: tuple[int, int] | None = None
    """In which the series of the earlier runs were found."""
    earlier: list[dict[str, Series]] | None = None


class ChainValues:
    """Asked again and again, from one thread."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._known: dict[str, _Known] = {}

    def is_chain(self, run_id: str) -> bool:
        """Whether the run goes on from another."""
        return len(self._of(run_id).runs) > 1

    def value(self, run_id: str, rule: PrimaryRule, look_s: float) -> PrimaryValue | None:
        """From the observer's cache, or without one from files, read for `look_s` seconds; None if it can't be told."""
        try:
            joined = self._kept(self._of(run_id), rule)
            if joined is None:
                joined = self._read(run_id, look_s)
            return primary_value(joined, rule)
        except StoreError:  # the cache was made anew meanwhile: so is this, at the next look
            self._known.pop(run_id, None)
            return None

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Forget all other runs."""
        self._known = {key: known for key, known in self._known.items() if key in run_ids}

    def _of(self, run_id: str) -> _Known:
        if run_id not in self._known:
            self._known[run_id] = _Known(chain_of(self._paths, run_id))
        return self._known[run_id]

    def _kept(self, known: _Known, rule: PrimaryRule) -> Mapping[str, Series] | None:
        """The metrics that the rule names, if the cache has the newest run and all of the earlier ones."""
        *earlier, newest = known.runs
        now = metric_history.cache_of(self._paths)
        if now is None or not MetricCache(self._paths.metric_cache).summaries([newest]):
            return None
        if known.earlier is None or known.cache != now:
            if not all(metric_history.is_kept(self._paths, each) for each in earlier):
                return None
            known.joiner, known.cache = Joiner(), now
            known.earlier = [self._series(each, rule) for each in earlier]
        return known.joiner.join([*known.earlier, self._series(newest, rule)])

    def _series(self, run_id: str, rule: PrimaryRule) -> dict[str, Series]:
        cache = MetricCache(self._paths.metric_cache)
        names = dict.fromkeys(name for name in (rule.name, rule.best) if name is not None)
        found = {name: cache.series(run_id, name) for name in names}
        return {name: series for name, series in found.items() if series is not None}

    def _read(self, run_id: str, look_s: float) -> Mapping[str, Series]:
        """All metrics of the chain; {} if that takes longer, or needs a zip to be unpacked."""
        from orp_tui.services.run_metrics import collection_of

        runs = self._of(run_id).runs
        if any(is_better(self._paths.artifact(each), self._paths.run(each)) for each in runs[:-1]):
            return {}
        with contextlib.ExitStack() as stack:
            chain = [collection_of(self._paths.run(each), None, self._paths, stack) for each in runs]
            curves = Curves(chain)
            curves.take(time.monotonic() + look_s)
            return curves.shown().series if curves.is_complete else {}
