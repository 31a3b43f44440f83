"""A comparison as CSV: numbers as they are, texts that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io

from orp_tui.core.past_run import Scalar
from orp_tui.core.sanitise import one_line
from orp_tui.services.comparison.sheet import Sheet
from orp_tui.services.comparison.values import Cell

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")
"""A text that begins so is run by some spreadsheet."""


def csv_text(sheet: Sheet) -> str:
    """A row a value; of folded seeds the interval's ends and n have columns of their own."""
    has_intervals = [
        any(row.cells[place].interval is not None for row in sheet.rows)
        for place in range(len(sheet.columns))
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    has_titles = any(part.title for part in sheet.parts)
    head = [*(["section"] if has_titles else []), sheet.corner or "name"]
    for column, has_interval in zip(sheet.columns, has_intervals, strict=True):
        ids = "+".join(column.run_ids)
        head += [ids, *([f"{ids} low", f"{ids} high", f"{ids} n"] if has_interval else [])]
    writer.writerow([*head, *(["delta", "percent"] if sheet.has_differences else [])])
    for part in sheet.parts:
        for row in part.rows:
            cells: list[Scalar] = [
                *([_text(part.title)] if has_titles else []),
                _text(row.name) if row.place is None else _number(row.place),
            ]
            for cell, has_interval in zip(row.cells, has_intervals, strict=True):
                cells += [_plain(cell), *(_interval(cell) if has_interval else [])]
            if sheet.has_differences:
                found = row.difference
                cells += ["", ""] if found is None else [_number(found.delta), _number(found.percent)]
            writer.writerow(cells)
    return text.getvalue()


def _plain(cell: Cell) -> str:
    if not cell.is_known or cell.value is None:
        return ""
    if isinstance(cell.value, bool):
        return "true" if cell.value else "false"
    if isinstance(cell.value, int | float):
        return _number(cell.value)
    return _text(cell.value)


def _interval(cell: Cell) -> list[Scalar]:
    found = cell.interval
    return ["", "", ""] if found is None else [_number(found.low), _number(found.high), str(found.n)]


def _number(value: float | None) -> str:
    """Every digit of it."""
    return "" if value is None else repr(value)


def _text(text: str) -> str:
    """On one line: a lone carriage return breaks the file for most readers."""
    text = one_line(text)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    """A config value such as `-1` is a number to a spreadsheet, and nothing else."""
    try:
        float(text)
    except ValueError:
        return False
    return True
