"""Cells of a CSV file → columns of numbers."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Sequence

from orp_tui.metrics.readers.csv_header import Header
from orp_tui.metrics.rows import Column, Row


def columns_of(rows: Sequence[Sequence[str]], header: Header) -> dict[str, Column]:
    """Name → its number in each row, None where there is none; columns without any are left out.

    Each row has as many cells as the header.
    """
    found = {}
    for name, cells in zip(header.names, zip(*rows, strict=True), strict=True):
        if not name:
            continue
        if header.delimiter == ";" and any("," in cell for cell in cells):
            cells = tuple(cell.replace(",", ".") for cell in cells)  # as half of Europe writes numbers
        column = _times(cells, header.started) if name == "time" else _numbers(cells)
        if any(value is not None for value in column):
            found[name] = column
    return found


def long_rows(rows: Sequence[Sequence[str]], header: Header, places: tuple[int, int]) -> list[Row]:
    """Of a file of one value a row: the metric's name and value, with the step and time that it has."""
    columns = columns_of(rows, header)
    empty: Column = [None] * len(rows)
    values = columns.get(header.names[places[1]], empty)
    beside = {key: columns[key] for key in ("step", "time") if key in columns}
    return [
        {**{key: column[at] for key, column in beside.items()}, row[places[0]].strip(): values[at]}
        for at, row in enumerate(rows)
    ]


def _numbers(cells: Sequence[str]) -> Column:
    try:
        column: Column = list(map(float, cells))
    except ValueError:
        return _with_holes(cells)
    # To Python `1_000` is a number; in a file it is the name of something.
    return [_number(cell) for cell in cells] if "_" in "".join(cells) else column


def _with_holes(cells: Sequence[str]) -> Column:
    if "_" not in "".join(cells):
        with contextlib.suppress(ValueError):
            return [float(cell) if cell else None for cell in cells]
    return [_number(cell) for cell in cells]


def _number(cell: str) -> float | None:
    try:
        return float(cell) if cell and "_" not in cell else None
    except ValueError:
        return None


def _times(cells: Sequence[str], started: float) -> Column:
    column = _numbers(cells)
    if None in column:
        column = [_moment(cell) if time is None else time for cell, time in zip(cells, column, strict=True)]
    return [time if time is None else started + time for time in column] if started else column


def _moment(cell: str) -> float | None:
    """Seconds since 1970 of a date as ISO 8601 writes it, in local time if it names no other; None if it is none."""
    try:
        return datetime.datetime.fromisoformat(cell.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
