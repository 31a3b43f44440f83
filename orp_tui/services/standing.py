"""How runs stand by the metric that judges them: for tables, of ended and of live runs alike.

An ended run's result has it. Of a live one it is the newest value; where its experiment reads it at the best
of another metric, that so far, from the observer's cache or, without one, from the run's own file; of a
resumed run, of all its chain.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection

from orp_tui.core.errors import StoreError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.sanitise import one_line
from orp_tui.core.sparkline import levels
from orp_tui.core.states import RunState
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.names import in_order
from orp_tui.metrics.outcome import outcome
from orp_tui.metrics.primary import MAXIMIZE, Nearest, PrimaryRule, PrimaryValue
from orp_tui.services.chain_value import ChainValues
from orp_tui.services.judged import Json, Standing, read_primary, rule_of, standing_of, value_words
from orp_tui.services.last_metrics import RECENT, LastMetric, LastMetrics
from orp_tui.services.watch import RunView

LOOK_S = 0.1
"""So long a live run's own file is read for the best step, where no observer has read it."""


class Standings:
    """Asked again and again, from one thread."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._last = LastMetrics(paths)
        self._chains = ChainValues(paths)
        self._rules: dict[str, PrimaryRule | None] = {}
        self._results: dict[str, Json | None] = {}

    def of(self, item: RunView) -> Standing | None:
        """How a run stands now; None if nothing was logged, or it waits."""
        if item.state is RunState.QUEUED:
            return None
        folder = self._paths.run(item.run.id)
        last = self._newest_of(item, folder)
        if item.run.state.is_final:
            ended = self._ended(folder)
            if ended is not None:
                return dataclasses.replace(ended, heights=_heights(last, ended.name))
        rule = self._rule(folder)
        if rule is not None and not rule.is_last and not item.state.is_final:
            found = self._so_far(folder, rule)
            if found is not None:
                return _standing(rule, found, _heights(last, rule.name))
        return None if last is None else _newest(last, rule)

    def _so_far(self, folder: RunPaths, rule: PrimaryRule) -> PrimaryValue | None:
        if self._chains.is_chain(folder.run_id):
            return self._chains.value(folder.run_id, rule, LOOK_S)
        return value_so_far(self._paths, folder, rule)

    def _newest_of(self, item: RunView, folder: RunPaths) -> LastMetric | None:
        """Of a live run whose own file does not say it, what the observer has read: the others may be long."""
        rule = self._rule(folder)
        if item.state.is_active and not folder.metrics.exists():
            kept = newest_kept(self._paths, folder.run_id, rule)
            if kept is not None:
                return kept
        last = self._last.of(folder)
        if not item.state.is_active or (last is not None and (rule is None or last.name == rule.name)):
            return last
        kept = newest_kept(self._paths, folder.run_id, rule)
        is_wanted = kept is not None and rule is not None and kept.name == rule.name
        return kept if last is None or is_wanted else last

    def advance(self, share_s: float = 0.02) -> bool:
        """Read on in files other than `metrics.jsonl`; whether any run has a new value."""
        return self._last.advance(share_s)

    def is_sure_of(self, item: RunView) -> bool:
        """Whether all that the run has logged was looked at, so that the newest value is the newest."""
        return self._last.is_complete(self._paths.run(item.run.id))

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Forget all other runs."""
        self._chains.keep_only(run_ids)
        self._last.keep_only({str(self._paths.run(run_id).folder) for run_id in run_ids})
        self._rules = {key: rule for key, rule in self._rules.items() if key in run_ids}
        self._results = {key: found for key, found in self._results.items() if key in run_ids}

    def _rule(self, folder: RunPaths) -> PrimaryRule | None:
        if folder.run_id not in self._rules:
            self._rules[folder.run_id] = rule_of(folder)
        return self._rules[folder.run_id]

    def _ended(self, folder: RunPaths) -> Standing | None:
        if folder.run_id not in self._results:
            self._results[folder.run_id] = read_primary(folder)
        found = self._results[folder.run_id]
        return None if found is None else standing_of(found)


def newest_kept(paths: BasePaths, run_id: str, rule: PrimaryRule | None) -> LastMetric | None:
    """The newest value of a run in the observer's cache, some seconds old; None if nothing is kept of it."""
    cache = MetricCache(paths.metric_cache)
    names = [row.name for row in cache.summaries([run_id]) if not row.name.startswith("sys/")]
    if not names:
        return None
    name = in_order(names, rule.name if rule is not None else None)[0]
    series = cache.series(run_id, name)
    if series is None or not len(series):
        return None
    try:
        recent = tuple(series.blocks[-1].values[-RECENT:])
    except StoreError:  # gone or damaged by now: the files tell
        return None
    return LastMetric(name, recent[-1], series.summary.last_step, recent)


def value_so_far(paths: BasePaths, folder: RunPaths, rule: PrimaryRule) -> PrimaryValue | None:
    """The primary of a live run, of its own part alone, at the step that its rule names, as far as it has got; None if that can't be told."""
    cache = MetricCache(paths.metric_cache)
    if cache.series(folder.run_id, rule.name) is None:
        return outcome(folder.metrics, rule, limit_s=LOOK_S).primary
    step = rule.step
    if rule.best is not None:
        best = cache.series(folder.run_id, rule.best)
        step = None
        if best is not None and best.summary.count > best.summary.non_finite:
            upward = rule.best_goal == MAXIMIZE
            step = best.summary.highest_step if upward else best.summary.lowest_step
    if step is None:
        return None
    nearest = Nearest(step)
    for block in cache.blocks(folder.run_id, rule.name, step, step):
        nearest.take(block)
    return nearest.found


def _standing(rule: PrimaryRule, found: PrimaryValue, heights: tuple[int, ...]) -> Standing:
    words = value_words(rule.name, found.value, found.step)
    return Standing(
        rule.name, found.value, words, True, rule.goal, found.step, rule.at_words, rule.warning, heights
    )


def _newest(last: LastMetric, rule: PrimaryRule | None) -> Standing:
    is_primary = rule is not None and last.name == rule.name
    late = " (last)" if is_primary and rule is not None and not rule.is_last else ""
    return Standing(
        last.name,
        last.value,
        one_line(f"{last.name} {last.words}{late}", 60),
        is_primary,
        rule.goal if is_primary and rule is not None else MAXIMIZE,
        last.step if math.isfinite(last.step) else None,
        heights=levels(last.recent),
    )


def _heights(last: LastMetric | None, name: str) -> tuple[int, ...]:
    return levels(last.recent) if last is not None and last.name == name else ()
