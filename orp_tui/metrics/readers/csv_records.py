"""Lines of a CSV file → rows of cells. A quoted cell may hold line ends, and a quote may never end."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from itertools import chain


@dataclasses.dataclass(slots=True)
class Records:
    """The rows in some lines."""

    rows: list[list[str]] = dataclasses.field(default_factory=list)
    """An empty one for an empty line."""
    ends: list[int] = dataclasses.field(default_factory=list)
    """How many lines there are up to the end of each row."""
    lines: int = 0
    """How many are used up; those after them are a row whose end has not come."""
    bad: int = 0
    """Lines that are in no row."""
    first_bad: int = 0
    """The first of them, counted from 1."""


def records_in(lines: Sequence[str], delimiter: str, *, waits: bool) -> Records:
    """The rows of whole lines. An open quote waits for its end, or is garbage."""
    found = Records()
    while found.lines < len(lines):
        end = _rows_into(found, lines, delimiter)
        if end is None:
            break
        if end > len(lines):
            if waits:
                break
            end = len(lines)
        _one_by_one(found, lines, delimiter, end)
    return found


def _rows_into(found: Records, lines: Sequence[str], delimiter: str) -> int | None:
    """Add rows up to the end, or to one that can't be read: how many lines there are up to the end of that.

    None if all were read. One more than all if the last row is open.
    """
    start = found.lines
    # The empty line behind the last one is a row of its own, unless it is within a quote.
    reader = csv.reader(chain(map(lines.__getitem__, range(start, len(lines))), ("",)), delimiter=delimiter)
    try:
        for row in reader:
            found.rows.append(row)
            found.ends.append(start + reader.line_num)
    except csv.Error:
        found.lines = max(start, found.ends[-1] if found.ends else 0)
        return min(start + reader.line_num, len(lines))
    is_open = found.rows.pop() != []
    found.ends.pop()
    found.lines = len(lines) if not is_open else max(start, found.ends[-1] if found.ends else 0)
    return len(lines) + 1 if is_open else None


def _one_by_one(found: Records, lines: Sequence[str], delimiter: str, end: int) -> None:
    """The lines up to `end`, each for itself: one of them spoilt the others."""
    for number in range(found.lines, end):
        row = only_row(lines[number], delimiter)
        if row is not None:
            found.rows.append(row)
            found.ends.append(number + 1)
        else:
            found.bad += 1
            found.first_bad = found.first_bad or number + 1
    found.lines = end


def only_row(line: str, delimiter: str) -> list[str] | None:
    """The row of a line; None if it is none, or not the whole of one."""
    try:
        row, *rest = csv.reader([line, ""], delimiter=delimiter)
    except csv.Error:
        return None
    return row if rest == [[]] else None
