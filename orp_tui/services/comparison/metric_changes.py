"""What differs in metrics between two runs."""

from __future__ import annotations

import dataclasses

from orp_tui.services.comparison.reader import ComparisonReader
from orp_tui.services.comparison.values import BEST, FIRST, LAST, Cell
from orp_tui.services.context import Context

_WHICH = {LAST: "last", BEST: "best", FIRST: "first"}


@dataclasses.dataclass(frozen=True)
class MetricChange:
    """One value of a metric that differs."""

    name: str
    """Text from outside."""
    value: str
    """last, best or first."""
    before: float | None
    """None: was not there, or is no finite number."""
    after: float | None
    delta: float | None
    percent: float | None
    """Of the size of the one before; None if that is 0."""
    is_better: bool | None
    """Whether the second run's is the better one; None where none is, as for a learning rate."""


def metric_changes(context: Context, before: str, after: str) -> list[MetricChange]:
    """Last, best and first of every metric that differ between two runs, by their ids."""
    with ComparisonReader(context) as reader:
        found = reader.look([before, after]).only_differing()
    return [
        MetricChange(
            row.name,
            _WHICH[row.section],
            _number(row.cells[0]),
            _number(row.cells[1]),
            row.difference.delta if row.difference is not None else None,
            row.difference.percent if row.difference is not None else None,
            row.cells[1].is_best if any(cell.is_best for cell in row.cells) else None,
        )
        for row in sorted(
            found.rows, key=lambda row: list(_WHICH).index(row.section) if row.section in _WHICH else 9
        )
        if row.section in _WHICH and len(row.cells) == 2
    ]


def _number(cell: Cell) -> float | None:
    value = cell.number
    return value if value is not None and value == value and abs(value) != float("inf") else None
