"""Where the columns of a comparison stand in so many cells: the names, the baseline, then as many runs as have room."""

from __future__ import annotations

import dataclasses

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.services.comparison.sheet import Sheet, delta_words, percent_words
from orp_tui.services.comparison.values import RUN

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

    name: int
    places: tuple[int, ...] = ()
    """Which columns are seen, the baseline first."""
    widths: tuple[int, ...] = ()
    """Of each of them, the gap before it included."""
    extra: tuple[int, ...] = ()
    """Of the columns of differences; () if there are none."""


def lay_out(sheet: Sheet | None, width: int, first: int) -> Layout:
    """The columns beginning with the baseline and the one at `first` among the others."""
    if sheet is None or not sheet.columns:
        return Layout(_NAMES[0])
    rows = sheet.rows
    longest = max((cell_width(one_line(row.name, _NAMES[1])) for row in rows), default=0)
    name = min(max(longest, cell_width(sheet.corner), _NAMES[0]), _NAMES[1], max(_NAMES[0], width // 3))
    extra: tuple[int, ...] = ()
    if sheet.has_differences:
        words = [[delta_words(row) for row in rows], [percent_words(row.difference) for row in rows]]
        extra = tuple(max(map(cell_width, column), default=1) + 1 for column in words)
    room = width - name - 2 - sum(extra)
    others = [place for place in range(len(sheet.columns)) if place != sheet.baseline]
    wanted = [sheet.baseline, *others[first:]]
    natural = [_width(sheet, place, _CELLS[1]) for place in wanted]
    if sum(natural) > room:
        natural = [_width(sheet, place, _CUT) for place in wanted]
    places, widths = [], []
    for count, (place, cells) in enumerate(zip(wanted, natural, strict=True)):
        kept = _LESS if count < len(wanted) - 1 else 0
        if len(places) >= 2 and cells + kept > room:
            break
        # One run beside the baseline is seen in any case, if need be in less than it wants.
        cells = min(cells, max(_CELLS[0], room if places else room // 2))
        room -= cells
        places.append(place)
        widths.append(cells)
    return Layout(name, tuple(places), tuple(widths), extra)


def _width(sheet: Sheet, place: int, most: int) -> int:
    """What a column wants, if its texts may have so many cells."""
    column = sheet.columns[place]
    heading = cell_width(column.heading) + (len("[base] ") if place == sheet.baseline else len("[]"))
    longest = max(heading, min(cell_width(one_line(column.problem or column.name, _CELLS[1])) + 2, most))
    for row in sheet.rows:
        found = row.cells[place]
        is_number = found.number is not None and row.section != RUN
        longest = max(
            longest, min(cell_width(one_line(found.text, _CELLS[1])), _CELLS[1] if is_number else most)
        )
    return min(max(longest + 1, _CELLS[0]), _CELLS[1]) + _GAP
