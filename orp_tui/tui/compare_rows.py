"""The rows of the table of a comparison: sections with their titles, less what is folded or filtered away."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from orp_tui.services.comparison.sheet import Sheet
from orp_tui.services.comparison.values import Row


@dataclasses.dataclass(frozen=True, slots=True)
class Title:
    """The line above a section."""

    section: str
    count: int
    is_folded: bool


def rows_of(sheet: Sheet | None, words: str, folded: Collection[str]) -> list[tuple[str, Title | Row]]:
    """Key and row, in order. `words`: what names must hold; `folded`: sections of which only the title is seen."""
    rows: list[tuple[str, Title | Row]] = []
    wanted = words.casefold().split()
    for part in sheet.parts if sheet is not None else ():
        kept = [row for row in part.rows if all(word in _words_of(row) for word in wanted)]
        if part.title and kept:
            rows.append((title_key(part.title), Title(part.title, len(kept), part.title in folded)))
        if part.title not in folded:
            rows += [(f"{part.title}\0{row.name if row.place is None else row.place}", row) for row in kept]
    return rows


def heads(sheet: Sheet | None) -> object:
    """What the lines above the rows say."""
    return None if sheet is None else (sheet.columns, sheet.baseline, sheet.corner)


def title_key(section: str) -> str:
    return f"\0{section}"


def _words_of(row: Row) -> str:
    """What is looked through for the words of a filter."""
    return f"{row.section} {row.name}".casefold()
