"""Facts of runs → the rows of their comparison. Pure: nothing is read here.

A column is one run, or runs that differ by their seed alone. What a damaged run would have is not
known, so it makes no row differ.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from orp_tui.core.columns import scalar_text
from orp_tui.core.past_run import MetricValues, PastRun, Scalar, best_goal
from orp_tui.core.states import RunState
from orp_tui.core.words import state_word
from orp_tui.metrics.names import in_order, is_schedule, is_system, measured
from orp_tui.services.comparison import cells as making
from orp_tui.services.comparison import values as sections
from orp_tui.services.comparison.facts import RunFacts, samples_of
from orp_tui.services.comparison.values import UNKNOWN, Cell, Row, difference

Column = Sequence[RunFacts]
"""The runs of one column; never empty."""

_OF_EVERY_RUN = frozenset(
    {
        "ORP_RUN_ID", "ORP_RUN_DIR", "ORP_OUTPUT_DIR", "ORP_CONFIG_FILE", "ORP_METRICS_FILE", "ORP_SEED",
        "MASTER_PORT", "PET_MASTER_PORT",
    }
)  # fmt: skip
"""Variables that ORP sets for each run: that they differ says nothing."""
_NOT_COMPARED = frozenset({"submitted", "exit code", "seed"})
"""Rows of a run and of its config whose numbers say nothing by their difference."""


def rows_of(columns: Sequence[Column], *, baseline: int, now: float) -> Iterator[Row]:
    """All rows, section by section."""
    for section, name, cells, goal in _cells(columns, now):
        yield _row(section, name, cells, goal, baseline)


def _cells(columns: Sequence[Column], now: float) -> Iterator[tuple[str, str, list[Cell], str]]:
    yield from _of_run(columns, now)
    yield from _named(sections.CONFIG, columns, lambda facts: facts.run.config, _is_damaged)
    yield from _of_metrics(columns)
    yield from _named(sections.DELIVERABLES, columns, lambda facts: facts.deliverables, _is_damaged)
    for part in sections.OF_ENVIRONMENT:
        yield from _named(part, columns, functools.partial(_of_environment, part), _has_no_environment)


def _row(section: str, name: str, cells: Sequence[Cell], goal: str, baseline: int) -> Row:
    known = [cell for cell in cells if cell.is_known]
    is_same = all(making.is_same_value(known[0], cell) for cell in known[1:])
    found = None
    if len(cells) == 2 and not (section in (sections.RUN, sections.CONFIG) and name in _NOT_COMPARED):
        before, after = cells[baseline].number, cells[1 - baseline].number
        found = difference(before, after) if before is not None and after is not None else None
    return Row(section, name, tuple(cells), is_same, found, goal)


# The run itself

_TOLD: dict[str, making.Words] = {
    "submitted": making.in_local_time,
    "duration": making.in_seconds,
    "size": making.in_bytes,
    "commit": making.shortened,
    "code": making.shortened,
}
"""Rows of a run that are told otherwise than texts and numbers are."""
_OF_ITS_ROW = frozenset({"name", "reason", "why", "problem", "submitted", "duration", "exit code", "seed"})
"""What is known of a run whose folder is damaged or gone."""


def _of_run(columns: Sequence[Column], now: float) -> Iterator[tuple[str, str, list[Cell], str]]:
    yield sections.RUN, "state", [_state(column) for column in columns], ""
    told = [[_about(facts.run, now) for facts in column] for column in columns]
    for name in told[0][0]:
        cells = [
            UNKNOWN
            if _is_unheard_of(column) or (_is_damaged(column) and name not in _OF_ITS_ROW)
            else _cell([each[name] for each in values], _TOLD.get(name, scalar_text))
            for column, values in zip(columns, told, strict=True)
        ]
        if _says_something(cells):
            yield sections.RUN, name, cells, ""
    delivered = [_delivered(column) for column in columns]
    if _says_something(delivered):
        yield sections.RUN, "deliverables", delivered, ""
    versions = [
        UNKNOWN if _is_damaged(column) else _cell([_version(facts) for facts in column], scalar_text)
        for column in columns
    ]
    if _says_something(versions):
        yield sections.RUN, "python", versions, ""


def _about(run: PastRun, now: float) -> dict[str, Scalar]:
    """Name of a row → value, in the order in which they are shown."""
    return {
        "name": run.name, "reason": run.reason, "why": None if run.state is RunState.SUCCEEDED else run.detail, "problem": run.problem or None,
        "submitted": run.submitted_at, "duration": run.elapsed_s(now), "exit code": run.exit_code,
        "seed": run.seed, "size": run.bytes, "zip": run.zip.partition(":")[0], "commit": run.commit or None,
        "code": run.tree, "host": run.host or None, "parent": run.parent, "retry of": run.retry_of,
        "resume of": run.resume_of, "tags": " ".join(run.tags) or None, "note": run.note or None,
    }  # fmt: skip


def _state(column: Column) -> Cell:
    if _is_unheard_of(column):
        return UNKNOWN
    words = [state_word(facts.run.state) for facts in column]
    if len(column) == 1:
        return Cell(column[0].run.state.value, words[0])
    return making.counted_words(words)


def _is_unheard_of(column: Column) -> bool:
    """Whether nothing at all is known of it, not even its row."""
    return all(facts.run.problem and not facts.run.submitted_at for facts in column)


def _delivered(column: Column) -> Cell:
    runs = [facts.run for facts in column]
    if not any(run.deliverables_total for run in runs):
        return UNKNOWN if _is_damaged(column) else sections.NOTHING
    return making.folded([f"{run.deliverables_valid or 0}/{run.deliverables_total}" for run in runs])


def _version(facts: RunFacts) -> Scalar:
    version = facts.environment.get(sections.PYTHON, {}).get("version")
    return version.partition(" ")[0] if isinstance(version, str) else None


# What has names: config, deliverables, environment


def _named(
    section: str,
    columns: Sequence[Column],
    get: Callable[[RunFacts], Mapping[str, Scalar]],
    is_lacking: Callable[[Column], bool],
) -> Iterator[tuple[str, str, list[Cell], str]]:
    names = dict.fromkeys(name for column in columns for facts in column for name in get(facts))
    for name in names:
        cells = [
            UNKNOWN
            if is_lacking(column) and not any(get(facts) for facts in column)
            else _cell([get(facts).get(name) for facts in column], scalar_text)
            for column in columns
        ]
        yield section, name, cells, ""


def _cell(values: Sequence[Scalar], words: making.Words) -> Cell:
    return making.single(values[0], words) if len(values) == 1 else making.folded(values, words)


def _of_environment(part: str, facts: RunFacts) -> Mapping[str, Scalar]:
    found = facts.environment.get(part, {})
    return {name: value for name, value in found.items() if name not in _OF_EVERY_RUN}


def _has_no_environment(column: Column) -> bool:
    return not any(facts.environment for facts in column)


def _is_damaged(column: Column) -> bool:
    return all(facts.run.problem for facts in column)


def _says_something(cells: Sequence[Cell]) -> bool:
    return any(cell.is_known and cell.value is not None for cell in cells)


# Metrics


def _of_metrics(columns: Sequence[Column]) -> Iterator[tuple[str, str, list[Cell], str]]:
    every = [facts.run for column in columns for facts in column]
    primary = next((run.primary for run in every if run.primary), None)
    names = in_order(dict.fromkeys(name for run in every for name in run.metrics), primary)
    own, machine = (
        [name for name in names if not is_system(name)],
        [name for name in names if is_system(name)],
    )
    for section in (sections.BEST, sections.LAST, sections.FIRST):
        for name in own:
            goal = _goal(name, every)
            if section == sections.BEST and not goal:
                continue  # of a learning rate none is the best
            cells = [_metric(column, name, section, goal) for column in columns]
            if _says_something(cells):
                yield section, name, _with_best(cells, goal), goal
    for name in machine:
        cells = [_metric(column, name, sections.MACHINE, "") for column in columns]
        if _says_something(cells):
            yield sections.MACHINE, name, cells, ""


def _goal(name: str, runs: Sequence[PastRun]) -> str:
    """Which way it gets better; empty for what no run is judged by, as the learning rate."""
    said = next(
        (found.goal for run in runs if (found := run.metrics.get(name)) is not None and found.goal), ""
    )
    return said or ("" if is_schedule(name) else best_goal(name))


def _metric(column: Column, name: str, section: str, goal: str) -> Cell:
    if _is_damaged(column) and not any(facts.run.metrics for facts in column):
        return UNKNOWN
    counted = column if len(column) == 1 else samples_of(column)
    found = [facts.run.metrics[name] for facts in counted if name in facts.run.metrics]
    values = [value for each in found if (value := _value(each, name, section, goal)) is not None]
    if len(column) == 1:
        return Cell(values[0], measured(name, values[0])) if values else sections.NOTHING
    return making.mean_of(values)


def _value(found: MetricValues, name: str, section: str, goal: str) -> float | None:
    if section == sections.BEST:
        return found.lowest if (goal or best_goal(name)) == "minimize" else found.highest
    return {sections.LAST: found.last, sections.FIRST: found.first}.get(section, found.highest)


def _with_best(cells: list[Cell], goal: str) -> list[Cell]:
    """The best marked, all of them if several are equal; none where there is nothing to choose."""
    numbers = {number for cell in cells if (number := cell.number) is not None and math.isfinite(number)}
    if not goal or len(numbers) < 2:
        return cells
    best = min(numbers) if goal == "minimize" else max(numbers)
    return [_marked(cell) if cell.number == best else cell for cell in cells]


def _marked(cell: Cell) -> Cell:
    return Cell(cell.value, cell.text, is_best=True, interval=cell.interval)
