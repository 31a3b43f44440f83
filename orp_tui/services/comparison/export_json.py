"""A comparison as JSON: every number whole, NaN and infinities as null."""

from __future__ import annotations

import json
import math
from typing import Any

from orp_tui.services.comparison.sheet import Sheet
from orp_tui.services.comparison.values import Cell, Row, RunColumn


def json_text(sheet: Sheet) -> str:
    """One document."""
    # What is no text, as half a surrogate pair in a name, JSON has its own escape for.
    return json.dumps(document(sheet), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def document(sheet: Sheet) -> dict[str, Any]:  # Any: JSON
    """What the text holds."""
    return {
        "runs": [_column(column) for column in sheet.columns],
        "baseline": sheet.columns[sheet.baseline].run_id if sheet.columns else None,
        "rows": [_row(part.title, sheet.corner, row) for part in sheet.parts for row in part.rows],
        "notes": list(sheet.notes),
    }


def _column(column: RunColumn) -> dict[str, Any]:  # Any: JSON
    return {
        "id": column.run_id,
        "ids": list(column.run_ids),
        "name": column.name,
        "state": column.state.value if column.state is not None else None,
        "problem": column.problem or None,
    }


def _row(section: str, corner: str, row: Row) -> dict[str, Any]:  # Any: JSON
    data: dict[str, Any] = {
        **({"section": section} if section else {}),
        corner or "name": row.name if row.place is None else row.place,
    }  # Any: JSON
    data["values"] = [_value(cell) for cell in row.cells]
    data["same"] = row.is_same
    if row.goal:
        data |= {"goal": row.goal, "best": [cell.is_best for cell in row.cells]}
    if not all(cell.is_known for cell in row.cells):
        data["known"] = [cell.is_known for cell in row.cells]
    if any(cell.interval is not None for cell in row.cells):
        data["intervals"] = [_interval(cell) for cell in row.cells]
    if row.difference is not None:
        data |= {"delta": row.difference.delta, "percent": row.difference.percent}
    return data


def _value(cell: Cell) -> Any:  # Any: a value as JSON has it
    value = cell.value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _interval(cell: Cell) -> dict[str, Any] | None:  # Any: numbers and None
    found = cell.interval
    return None if found is None else {"n": found.n, "mean": found.mean, "low": found.low, "high": found.high}
