"""What a change gained: the metric that judges a run, against that of the run which it was derived from.

Runs that differ by their seed alone are values of one mean, so that two of them on either side give the
difference an interval. A run and its resumes are one curve and one value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from orp_tui.analysis.intervals import MeanDifference, mean_difference
from orp_tui.analysis.intervals import Sample as Values
from orp_tui.core.filters.folding import folded
from orp_tui.core.past_run import PastRun, best_goal
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.services.catalog import Sample

_LONGEST_CHAIN = 100
Key = tuple[str, str | None, str]
"""Variant, tree and metric: what the values of one mean have in common."""


class Samples(Protocol):
    """What is asked of the catalogue."""

    def runs_of(self, run_ids: Sequence[str]) -> list[PastRun]: ...
    def samples_of(self, variants: Sequence[str]) -> list[Sample]: ...


@dataclasses.dataclass(frozen=True)
class Gain:
    """The difference of two runs, or of the seeds of two variants."""

    metric: str
    """Text from outside; empty if the two are not judged by the same one."""
    difference: MeanDifference | None = None
    """The later one less the earlier one; None if nothing can be compared."""
    is_better: bool | None = None
    """By the metric's goal; None without a difference, or if that is 0."""
    why: str = ""
    """Why there is no difference, or why it has no interval; empty if it has one."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        found = self.difference
        return (
            found is not None
            and found.low is not None
            and found.high is not None
            and found.low * found.high > 0
        )

    @property
    def brief(self) -> str:
        """`+0.021 ± 0.008 better`, `-0.1 worse, one value`; `-` without a difference."""
        found = self.difference
        if found is None:
            return "-"
        sign = str(found).partition(" (n=")[0]
        way = "" if self.is_better is None else " better" if self.is_better else " worse"
        return f"{sign} {'unclear' if found.half is not None and not self.is_clear else way.strip()}".rstrip()

    @property
    def words(self) -> str:
        """`val_acc +0.021 ± 0.008 (n=5, 5), better`, one harmless line."""
        if self.difference is None:
            return one_line(self.why)
        way = "" if self.is_better is None else "better" if self.is_better else "worse"
        if self.difference.half is not None and not self.is_clear:
            way = "no clear difference"
        return one_line(", ".join(filter(None, (f"{self.metric} {self.difference}", way))))


class GainReader:
    """Gains between some runs; what is needed of others is asked for once."""

    def __init__(self, entries: Samples, runs: Sequence[PastRun]) -> None:
        self._ends = _chain_ends(entries, runs)
        variants = {run.variant for run in self._ends.values() if run.variant}
        self._values: dict[Key, dict[object, float]] = {}
        for place, sample in enumerate(entries.samples_of(sorted(variants))):
            key = (sample.variant, sample.tree, sample.primary)
            # The same seed once more is no value of its own: it would make the interval too narrow. The newest counts.
            seed = ("run", place) if sample.seed is None else ("seed", sample.seed)
            self._values.setdefault(key, {})[seed] = sample.value

    def of(self, before: PastRun, after: PastRun) -> Gain | None:
        """What `after` gained over `before`; None if neither is judged by a metric."""
        old, new = self._ends[before.id], self._ends[after.id]
        if old.primary is None and new.primary is None:
            return None
        if old.primary is None or new.primary is None or folded(old.primary) != folded(new.primary):
            return Gain(
                "", why=f"judged by different metrics: {old.primary or 'none'}, {new.primary or 'none'}"
            )
        metric = new.primary
        if _key(old, metric) == _key(new, metric) and new.variant:
            return Gain(metric, why="the same experiment: values of one mean")
        values = [self._of(run, metric) for run in (old, new)]
        for run, found in zip((old, new), values, strict=True):
            if not found:
                return Gain(metric, why=f"{run.id} has {_why_no_value(run)}")
        difference = mean_difference(Values.of(values[0]), Values.of(values[1]))
        return Gain(metric, difference, _is_better(new, metric, difference.difference), _why_bare(difference))

    def _of(self, run: PastRun, metric: str) -> list[float]:
        """The values of a run and of those that differ by their seed alone, one a seed."""
        known = list(self._values.get(_key(run, metric), {}).values())
        if known or run.state is not RunState.SUCCEEDED or run.primary_value is None:
            return known
        return [run.primary_value]


def _key(run: PastRun, metric: str) -> Key:
    return folded(run.variant), run.tree, folded(metric)


def _is_better(run: PastRun, metric: str, difference: float) -> bool | None:
    if difference == 0:
        return None
    known = run.metrics.get(metric)
    goal = (known.goal if known is not None else "") or best_goal(metric)
    return (difference > 0) == (goal == "maximize")


def _why_no_value(run: PastRun) -> str:
    if run.state is RunState.SUCCEEDED:
        return "no value of it"
    return (
        f"not succeeded: it is {run.state.value}"
        if run.state.is_final
        else f"no value yet: it is {run.state.value}"
    )


def _why_bare(found: MeanDifference) -> str:
    if found.half is not None:
        return ""
    return "no interval: that takes two seeds or more on either side"


def _chain_ends(entries: Samples, runs: Sequence[PastRun]) -> dict[str, PastRun]:
    """Each run → the last one that goes on from it, which has the curve of all."""
    known = {run.id: run for run in runs}
    for _ in range(_LONGEST_CHAIN):
        missing = {run.resumed_by for run in known.values() if run.resumed_by and run.resumed_by not in known}
        found = entries.runs_of(sorted(missing)) if missing else []
        if not found:
            break
        known |= {run.id: run for run in found}
    return {run.id: _end(run, known) for run in runs}


def _end(run: PastRun, known: dict[str, PastRun]) -> PastRun:
    seen = {run.id}
    while run.resumed_by in known and run.resumed_by not in seen:
        run = known[run.resumed_by]
        seen.add(run.id)
    return run
