"""The metrics of a run as far back as they go: from the cache what was read before, from its files the rest.

A long run is there at once. Its points stay in the cache until a chart or an export asks for them;
without the cache, or with a damaged one, everything is read from the files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping

from orp_tui.core.layout import BasePaths
from orp_tui.core.series import Series
from orp_tui.metrics.cache.reader import CachedRun, MetricCache
from orp_tui.metrics.cache.rows import TagSummary
from orp_tui.metrics.collecting import Collection as Metrics
from orp_tui.metrics.collecting import table_for
from orp_tui.metrics.gathering import Gatherer, Plan
from orp_tui.metrics.sources import SourceSpec
from orp_tui.metrics.table import MetricTable
from orp_tui.services.metric_plan import plan_of


def collection_of(
    paths: BasePaths, run_id: str, plan: Plan | None = None, clock: Callable[[], float] = time.monotonic
) -> Metrics:
    """The metrics of a run, to be read on with `take`: it begins with what the cache has.

    Of a run that has ended, whose files are as they were when they were read last or gone, nothing
    is opened. Others are read on as `plan` says; None: as the run's folder says.
    """
    cached = MetricCache(paths.metric_cache).run(run_id)
    if cached is not None and cached.is_up_to_date:
        plan = Plan(is_final=True)
    marks = None if cached is None else cached.marks
    gatherer = Gatherer(plan or plan_of(paths.run(run_id), paths), marks, clock)
    return Metrics(gatherer, None if cached is None else _tables(cached))


def cache_of(paths: BasePaths | None) -> tuple[int, int] | None:
    """Which cache there is now: series that began with another one can't be read any more. None if there is none."""
    try:
        found = None if paths is None else os.stat(paths.metric_cache)
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def is_kept(paths: BasePaths, run_id: str) -> bool:
    """Whether all of a run is in the cache, so that none of its files has to be there."""
    cached = MetricCache(paths.metric_cache).run(run_id)
    return cached is not None and cached.is_up_to_date


def history(paths: BasePaths, run_id: str) -> Mapping[str, Series]:
    """Every metric of a run by the name under which it is shown, with all that was written until now."""
    metrics = collection_of(paths, run_id)
    metrics.take()
    return metrics.series()[0]


def summaries(
    paths: BasePaths, run_ids: Collection[str] | None = None, names: Collection[str] | None = None
) -> list[TagSummary]:
    """One row for each of these metrics of these runs (None: all) that was kept; fast for 100,000 runs.

    Of a run that goes on it is some seconds old; one that nobody has looked at yet is left out.
    """
    return MetricCache(paths.metric_cache).summaries(run_ids, names)


def _tables(cached: CachedRun) -> dict[SourceSpec, MetricTable]:
    tables = {}
    for source in cached.sources:
        tables[source.spec] = table_for(source.spec)
        tables[source.spec].begin_with(source.series, source.bad, source.first_bad)
    return tables
