"""A comparison as a table of headings and parts: what every screen and file format draws from."""

from __future__ import annotations

import dataclasses
import itertools

from orp_tui.core.words import duration, size
from orp_tui.services.comparison.values import RUN, Comparison, Difference, Row, RunColumn


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Some rows under a title."""

    title: str
    """Empty: without one."""
    rows: tuple[Row, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """Runs as columns, rows in parts."""

    corner: str
    """What the names of the rows are: `step`; empty if they need no word."""
    columns: tuple[RunColumn, ...]
    baseline: int
    parts: tuple[Part, ...]
    has_differences: bool = False
    """Whether there are two columns more, Δ and %."""
    notes: tuple[str, ...] = ()
    """What is to be known beside the numbers, in words."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Of all parts."""
        return tuple(row for part in self.parts for row in part.rows)


def sheet_of(comparison: Comparison) -> Sheet:
    """The rows that the comparison has, in their sections."""
    parts = tuple(
        Part(section, tuple(rows))
        for section, rows in itertools.groupby(comparison.rows, lambda row: row.section)
    )
    return Sheet(
        "",
        comparison.columns,
        comparison.baseline,
        parts,
        any(row.difference is not None for row in comparison.rows),
        tuple(_notes(comparison)),
    )


def _notes(comparison: Comparison) -> list[str]:
    notes = []
    if comparison.left_out:
        rows = "1 row is" if comparison.left_out == 1 else f"{comparison.left_out:,} rows are"
        notes.append(f"{rows} the same in all and left out")
    notes += [f"{column.heading}: {column.problem}" for column in comparison.columns if column.problem]
    return notes


def delta_words(row: Row) -> str:
    """`+0.013`, `-1h02m`; empty if there is no difference to be told."""
    found = row.difference
    if found is None:
        return ""
    if row.section == RUN and row.name in ("duration", "size"):
        words = duration(abs(found.delta)) if row.name == "duration" else size(abs(found.delta))
        return f"{'-' if found.delta < 0 else '+'}{words}"
    return f"{found.delta:+.4g}"


def percent_words(found: Difference | None) -> str:
    """`+1.4 %`; empty if there is none."""
    if found is None or found.percent is None:
        return ""
    return f"{found.percent:+.3g} %" if abs(found.percent) < 1e6 else f"{found.percent:+.1e} %"
