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

_NARROW = 16
"""Rows shorter than half of a header that has more names than this are torn."""


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

    @property
    def rows(self) -> int:
        return sum(len(rows) for _, rows in self.parts)

    def points(self, before: int) -> dict[str, Points]:
        """Of each metric, if `before` rows stand earlier in the file."""
        if len(self.parts) > 1:
            return _gathered(self.parts, before)
        header, rows = self.parts[0]
        return _points_in(rows, header, before)


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
    if len(row) == width or (len(row) < width and width <= max(_NARROW, 2 * len(row))):
        rows.append(row + [""] * (width - len(row)))
        return
    table.bad += 1
    if not table.first_bad:
        table.first_bad = end
        table.first_words = f"{counted(len(row), 'cell')} under {counted(width, 'name')}"


def _points_in(rows: Sequence[Cells], header: Header, before: int) -> dict[str, Points]:
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


def _gathered(parts: Sequence[tuple[Header, Sequence[Cells]]], before: int) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for header, rows in parts:
        for name, points in _points_in(rows, header, before).items():
            # Metrics may share a column of steps: what is made longer is always a column of our own.
            own = found.get(name)
            if own is None:
                own = found[name] = Points.of((), ())
            own.steps.extend(points.steps)
            own.values.extend(points.values)
            own.times.extend(points.times)
        before += len(rows)
    return found
