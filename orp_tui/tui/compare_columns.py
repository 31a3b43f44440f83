"""Where the columns of a comparison stand in so many cells: the names, the baseline, then as many runs as have room."""

from __future__ import annotations

import dataclasses

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.services.comparison.sheet import Sheet, delta_words, percent_words
from orp_tui.services.comparison.values import RUN, Row

_NAMES = (8, 34)
_CELLS = (9, 24)
"""Least and most cells."""
_CUT = 15
"""Cells of a text where not all runs have room; numbers are never cut for others."""
_GAP = 2
_LESS = 4
"""For the number of runs that are out of sight at the right."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Widths in cells."""

    name: int = _NAMES[0]
    places: tuple[int, ...] = ()
    """Which columns are seen, the baseline first."""
    widths: tuple[int, ...] = ()
    """Of each of them, the gap before it included."""
    extra: tuple[int, ...] = ()
    """Of the columns of differences; () if there are none."""


@dataclasses.dataclass(frozen=True)
class Measures:
    """What a sheet wants, whatever room there is; to be found once, for it takes a look at every cell."""

    baseline: int = 0
    name: int = _NAMES[0]
    whole: tuple[int, ...] = ()
    """Of each column, its texts as long as they may be."""
    cut: tuple[int, ...] = ()
    """The same with its texts cut."""
    extra: tuple[int, ...] = ()


def measure(sheet: Sheet | None) -> Measures:
    """What the columns of a sheet want."""
    if sheet is None or not sheet.columns:
        return Measures()
    rows = sheet.rows
    longest = max((cell_width(one_line(row.name, _NAMES[1])) for row in rows), default=0)
    extra: tuple[int, ...] = ()
    if sheet.has_differences:
        words = [[delta_words(row) for row in rows], [percent_words(row.difference) for row in rows]]
        extra = tuple(max(map(cell_width, column), default=1) + 1 for column in words)
    wanted = [_wanted(sheet, place, rows) for place in range(len(sheet.columns))]
    return Measures(
        sheet.baseline,
        min(max(longest, cell_width(sheet.corner), _NAMES[0]), _NAMES[1]),
        tuple(whole for whole, _ in wanted),
        tuple(cut for _, cut in wanted),
        extra,
    )


def _wanted(sheet: Sheet, place: int, rows: tuple[Row, ...]) -> tuple[int, int]:
    """What a column wants, and what it wants with its texts cut."""
    column = sheet.columns[place]
    numbers = cell_width(column.heading) + (len("[base] ") if place == sheet.baseline else len("[]"))
    texts = cell_width(one_line(column.problem or column.name, _CELLS[1])) + 2
    for row in rows:
        found = row.cells[place]
        cells = cell_width(one_line(found.text, _CELLS[1]))
        if found.number is not None and row.section != RUN:
            numbers = max(numbers, cells)
        else:
            texts = max(texts, cells)
    return _within(max(numbers, texts)), _within(max(numbers, min(texts, _CUT)))


def _within(cells: int) -> int:
    return min(max(cells + 1, _CELLS[0]), _CELLS[1]) + _GAP


def lay_out(measures: Measures, width: int, first: int) -> Layout:
    """The columns beginning with the baseline and the one at `first` among the others."""
    if not measures.whole:
        return Layout()
    name = min(measures.name, max(_NAMES[0], width // 3))
    room = width - name - 2 - sum(measures.extra)
    others = [place for place in range(len(measures.whole)) if place != measures.baseline]
    wanted = [measures.baseline, *others[first:]]
    widths = measures.whole if sum(measures.whole) <= room else measures.cut
    places: list[int] = []
    taken: list[int] = []
    for count, place in enumerate(wanted):
        kept = _LESS if count < len(wanted) - 1 else 0
        if len(places) >= 2 and widths[place] + kept > room:
            break
        # One run beside the baseline is seen in any case, if need be in less than it wants.
        cells = min(widths[place], max(_CELLS[0], room if places else room // 2))
        room -= cells
        places.append(place)
        taken.append(cells)
    return Layout(name, tuple(places), tuple(taken), measures.extra)
