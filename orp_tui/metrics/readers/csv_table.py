"""Rows of a CSV file, fitted to the names they stand under → points of each metric."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.series import Points
from orp_tui.core.words import counted
from orp_tui.metrics.readers.csv_cells import columns_of, long_rows
from orp_tui.metrics.readers.csv_header import Header
from orp_tui.metrics.readers.csv_records import Records
from orp_tui.metrics.rows import points_of, points_of_columns

Cells = list[str]


@dataclasses.dataclass(slots=True)
class Table:
    """Rows as long as the header they belong to."""

    parts: list[tuple[Header, list[Cells]]]
    """Never empty; the header of the last one holds for what comes after."""
    bad: int = 0
    first_bad: int = 0
    """Line of the first row that does not fit, counted from 1."""
    first_words: str = ""

    @property
    def header(self) -> Header:
        return self.parts[-1][0]


def table_of(records: Records, header: Header) -> Table:
    """The rows under their names: without empty ones and comments, short ones made longer."""
    table = Table([(header, [])])
    rows, width, cells = table.parts[-1][1], len(header.cells), header.written
    for row, end in zip(records.rows, records.ends, strict=True):
        if not cells.isdisjoint(row) and (other := table.header.again(row)):
            if other is not table.header:
                rows = []
                table.parts.append((other, rows))
                width, cells = len(other.cells), other.written
        elif len(row) == width and row[0][:1] != "#":
            rows.append(row)
        elif row and row[0][:1] != "#" and any(map(str.strip, row)):
            _fit(table, rows, row, width, end)
    return table


def _fit(table: Table, rows: list[Cells], row: Cells, width: int, end: int) -> None:
    while len(row) > width and not row[-1].strip():
        row.pop()
    if len(row) <= width:
        rows.append(row + [""] * (width - len(row)))
        return
    table.bad += 1
    if not table.first_bad:
        table.first_bad = end
        table.first_words = f"{counted(len(row), 'cell')} under {counted(width, 'name')}"


def points_in(rows: Sequence[Cells], header: Header, before: int) -> dict[str, Points]:
    """The points of each metric in `rows`, of which `before` stand earlier in the file."""
    if not rows:
        return {}
    if header.long is not None:
        return points_of(long_rows(rows, header, header.long), before)
    columns = columns_of(rows, header)
    found = points_of_columns(columns, len(rows), before)
    if found is not None:
        return found
    names = list(columns)
    told = zip(*columns.values(), strict=True)
    return points_of([dict(zip(names, row, strict=True)) for row in told], before)


def joined(earlier: dict[str, Points], later: dict[str, Points]) -> dict[str, Points]:
    """Both, one after the other. Metrics may share columns, so none is made longer in its place."""
    both = dict(earlier)
    for name, points in later.items():
        first = both.get(name)
        both[name] = points if first is None else _after(first, points)
    return both


def _after(first: Points, second: Points) -> Points:
    return Points(first.steps + second.steps, first.values + second.values, first.times + second.times)
