"""Facts of some runs → their comparison."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.past_run import PastRun
from orp_tui.core.states import RunState
from orp_tui.services.comparison.facts import RunFacts, samples_of
from orp_tui.services.comparison.rows import rows_of
from orp_tui.services.comparison.values import Comparison, RunColumn


def build(
    every: Sequence[RunFacts], *, baseline: str | None = None, fold_seeds: bool = False, now: float
) -> Comparison:
    """The comparison, all rows included; `baseline` is a run's id, without it the first one's.

    `fold_seeds`: runs that differ by their seed alone are one column, with mean and interval.
    """
    columns = _folded(every) if fold_seeds else [[facts] for facts in every]
    place = next(
        (place for place, column in enumerate(columns) if any(facts.run.id == baseline for facts in column)),
        0,
    )
    return Comparison(
        tuple(map(_column, columns)),
        tuple(rows_of(columns, baseline=place, now=now)) if columns else (),
        place,
    )


def _folded(every: Sequence[RunFacts]) -> list[list[RunFacts]]:
    """Runs of one variant and the same frozen code together, where the first of them stands."""
    groups: dict[tuple[str | None, ...], list[RunFacts]] = {}
    for facts in every:
        run = facts.run
        # A run without a seed has a variant too, but two of those are no sample of seeds.
        has_seed = run.variant and run.seed is not None
        groups.setdefault((run.variant, run.tree) if has_seed else (run.id,), []).append(facts)
    return list(groups.values())


def _column(column: Sequence[RunFacts]) -> RunColumn:
    first = column[0].run
    states = {facts.run.state for facts in column}
    problems = [facts.run.problem for facts in column if facts.run.problem]
    names = dict.fromkeys(facts.run.name for facts in column)
    return RunColumn(
        tuple(facts.run.id for facts in column),
        ", ".join(names),
        None if not first.submitted_at else first.state if len(states) == 1 else _loudest(states),
        problems[0] if problems else "",
        tuple(facts.run.id for facts in samples_of(column)),
    )


def _loudest(states: set[RunState]) -> RunState | None:
    """Of folded runs that stand differently: one that goes on, so that it is looked at again; None if all have ended."""
    return next((state for state in RunState if state in states and not state.is_final), None)


def gone(run_id: str, known: PastRun | None = None) -> PastRun:
    """A run that nobody knows any more, with what was known of it."""
    problem = "it is not there any more"
    if known is not None:
        return dataclasses.replace(known, problem=problem)
    return PastRun(run_id, "", RunState.LOST, 0.0, problem=problem)
