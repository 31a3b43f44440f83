"""A comparison as lines for a terminal or a file: in as many blocks of columns as its width needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.services.comparison.sheet import Sheet, delta_words, percent_words
from orp_tui.services.comparison.values import Cell

_GAP = "  "
_WIDEST_NAME, _WIDEST_CELL = 40, 40
BEST = "*"
"""Behind the best value: no colour has to tell it."""


def plain(sheet: Sheet, width: int = 10_000) -> str:
    """The table; where it is wider than `width`, the columns go on below, each time beside the baseline's."""
    names = [one_line(sheet.corner), "", *_names(sheet)]
    name_width = min(_WIDEST_NAME, max(map(cell_width, names)))
    columns = [_column(sheet, place) for place in range(len(sheet.columns))]
    extra = _extra(sheet) if sheet.has_differences else []
    blocks = [
        _block([names, *(columns[place] for place in places), *extra], name_width)
        for places in _split(
            sheet, [_width(column) for column in columns], width - name_width - sum(map(_width, extra))
        )
    ]
    notes = [one_line(note) for note in sheet.notes]
    if any(cell.is_best for row in sheet.rows for cell in row.cells):
        notes.insert(0, f"{BEST} the best")
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])]) + "\n"


def cell_text(cell: Cell) -> str:
    """What stands in a cell, the best marked."""
    return f"{cell.text}{BEST}" if cell.is_best else cell.text


def _names(sheet: Sheet) -> Iterator[str]:
    for part in sheet.parts:
        if part.title:
            yield part.title.upper()
        yield from (one_line(row.name, _WIDEST_NAME) for row in part.rows)


def _column(sheet: Sheet, place: int) -> list[str]:
    """The cells of one column, from its heading down; empty beside a part's title."""
    column = sheet.columns[place]
    base = " base" if place == sheet.baseline and len(sheet.columns) > 1 else ""
    cells = [f"{column.heading}{base}", one_line(column.name, 24)]
    for part in sheet.parts:
        if part.title:
            cells.append("")
        cells += [one_line(cell_text(row.cells[place]), _WIDEST_CELL) for row in part.rows]
    return cells


def _extra(sheet: Sheet) -> list[list[str]]:
    """The columns of differences."""
    deltas, percents = ["Δ", ""], ["%", ""]
    for part in sheet.parts:
        if part.title:
            deltas.append("")
            percents.append("")
        deltas += [delta_words(row) for row in part.rows]
        percents += [percent_words(row.difference) for row in part.rows]
    return [deltas, percents]


def _width(cells: Sequence[str]) -> int:
    return max(map(cell_width, cells), default=0) + len(_GAP)


def _split(sheet: Sheet, widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Which columns stand in each block; the baseline in all of them."""
    others = [place for place in range(len(widths)) if place != sheet.baseline]
    if not others:
        yield list(range(len(widths)))
    while others:
        block, left = [sheet.baseline], room - widths[sheet.baseline]
        while others and (len(block) == 1 or left >= widths[others[0]]):
            left -= widths[others[0]]
            block.append(others.pop(0))
        yield block


def _block(columns: Sequence[Sequence[str]], name_width: int) -> str:
    widths = [name_width, *(_width(cells) - len(_GAP) for cells in columns[1:])]
    return "\n".join(
        _GAP.join(
            cell + " " * (width - cell_width(cell)) if place == 0 else " " * (width - cell_width(cell)) + cell
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in zip(*columns, strict=True)
    )
