"""Facts of runs as a comparison takes them, made by hand; for tests."""

from __future__ import annotations

from typing import Any

from run_folders import run_id

from orp_tui.core.past_run import MetricValues, PastRun
from orp_tui.core.states import RunState
from orp_tui.services.comparison.build import build
from orp_tui.services.comparison.facts import RunFacts
from orp_tui.services.comparison.values import Comparison, Row


def past(called: str, **values: Any) -> PastRun:
    """A run that has succeeded."""
    usual = {
        "name": called,
        "state": RunState.SUCCEEDED,
        "submitted_at": 100.0,
        "started_at": 110.0,
        "ended_at": 170.0,
    }
    return PastRun(run_id(called), **{**usual, **values})


def metrics(**last: float) -> dict[str, MetricValues]:
    """Each with this last value, and others around it."""
    return {name: MetricValues(value + 1, value, value - 0.5, value + 1) for name, value in last.items()}


def facts(called: str, *, environment: Any = None, deliverables: Any = None, **values: Any) -> RunFacts:
    """A run with its folder."""
    return RunFacts(past(called, **values), environment or {}, deliverables or {})


def compared(*every: RunFacts, **options: Any) -> Comparison:
    """Their comparison at 200 seconds past the epoch."""
    return build(every, now=200.0, **options)


def row(comparison: Comparison, section: str, name: str) -> Row:
    """The one row of that name."""
    (found,) = [each for each in comparison.rows if (each.section, each.name) == (section, name)]
    return found


def texts(found: Row) -> list[str]:
    """What its cells say."""
    return [cell.text for cell in found.cells]
