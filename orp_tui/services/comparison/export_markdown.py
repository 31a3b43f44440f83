"""A comparison as a Markdown table, as GitHub and most others draw it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orp_tui.core.sanitise import one_line
from orp_tui.services.comparison.sheet import Sheet, delta_words, percent_words
from orp_tui.services.comparison.values import Cell, Row

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")


def markdown(sheet: Sheet) -> str:
    """One table; a part's title is a row of its own. The best is bold, numbers stand right."""
    head = [
        _escaped(sheet.corner),
        *(f"{_escaped(item.heading)} {_escaped(item.name)}".strip() for item in sheet.columns),
    ]
    if len(sheet.columns) > 1:
        head[sheet.baseline + 1] += " (baseline)"
    extra = ["Δ", "%"] if sheet.has_differences else []
    lines = [_line([*head, *extra]), _line([":--", *["--:"] * (len(head) - 1 + len(extra))])]
    for part in sheet.parts:
        if part.title:
            lines.append(_line([f"**{_escaped(part.title)}**", *[""] * (len(head) - 1 + len(extra))]))
        lines += [_line([*_row(row), *(_differences(row) if extra else [])]) for row in part.rows]
    notes = [f"{_escaped(note)}." for note in sheet.notes]
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def _row(row: Row) -> list[str]:
    return [_escaped(row.name), *map(_cell, row.cells)]


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    return f"**{text}**" if cell.is_best else text


def _differences(row: Row) -> list[str]:
    return [_escaped(delta_words(row)), _escaped(percent_words(row.difference))]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """On one line, with nothing in it that Markdown or HTML would act on."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    # An address or a name would else become a link or a mention.
    return _SPECIAL.sub(r"\\\1", text).replace("://", ":&#8203;//").replace("@", "&#64;")
