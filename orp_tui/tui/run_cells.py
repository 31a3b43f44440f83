"""A past run as the cells of a row: words and the style class of its state, nothing drawn yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from orp_tui.core.columns import OF_CONFIG, OF_METRICS, Column, cell_text
from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.words import STATE_GLYPHS

LONGEST = 60
"""Cells of a text in the widest column."""
NARROW = 24
"""What columns of text are narrowed to before one has to go sideways."""
STAR = "★"
GAP = 2
_FIXED = ("id", "name")
"""Columns that stay when one goes sideways, if they stand first."""


@dataclasses.dataclass(frozen=True)
class RunCells:
    """The words of a row; each is one harmless line."""

    cells: tuple[str, ...]
    state_class: str
    is_starred: bool
    is_quiet: bool
    """Put out of sight, and shown all the same."""
    problem: str
    """What is wrong with its folder; stands in the place of what can't be known."""


def run_cells(run: PastRun, columns: Sequence[Column], now: float, *, ascii_only: bool) -> RunCells:
    """The cells of a run at `now`, seconds since 1970."""
    return RunCells(
        tuple(_cell(column, run, now, ascii_only) for column in columns),
        run.state.value,
        run.is_starred,
        run.is_archived,
        one_line(run.problem, 400),
    )


def _cell(column: Column, run: PastRun, now: float, ascii_only: bool) -> str:
    if column.kind == "id":
        return one_line(run.id.rpartition("_")[2], 20)
    if column.kind == "state":
        return f"{STATE_GLYPHS[run.state][ascii_only]} {cell_text(column, run, now)}"
    if column.kind == "star":
        return STAR if run.is_starred else ""
    return one_line(cell_text(column, run, now), LONGEST)


def sort_sign(place: int, count: int, descending: bool, ascii_only: bool) -> str:
    """`▲` for the only key of an order, `2▼` for the second of several."""
    arrow = ("v" if descending else "^") if ascii_only else ("▼" if descending else "▲")
    return f"{place + 1}{arrow}" if count > 1 else arrow


def headings(columns: Sequence[Column], signs: Mapping[Column, str]) -> tuple[str, ...]:
    """The words over the columns, with the signs of those that are sorted by."""
    return tuple(
        f"{one_line(column.heading, NARROW)} {signs[column]}"
        if column in signs
        else one_line(column.heading, NARROW)
        for column in columns
    )


class Widths:
    """How wide the columns are: as the widest cell seen so far, so that no column grows narrow under one's eyes."""

    def __init__(self, heads: Sequence[str]) -> None:
        self._widths = [cell_width(head) for head in heads]
        self.changes = 0
        """How often they have changed."""

    def see(self, rows: Iterable[Sequence[str]]) -> bool:
        """Whether a row makes a column wider."""
        wider = False
        for row in rows:
            for place, text in enumerate(row):
                if len(text) > self._widths[place] or not text.isascii():
                    width = min(LONGEST, cell_width(text))
                    if width > self._widths[place]:
                        self._widths[place], wider = width, True
        self.changes += wider
        return wider

    def fitted(self, columns: Sequence[Column], width: int) -> tuple[int, ...]:
        """Widths of all columns; those of words are narrowed as far as they may be if `width` is too little."""
        widths = list(self._widths)
        excess = sum(widths) + GAP * len(widths) - width
        for place in sorted(range(len(widths)), key=lambda place: -widths[place]):
            column = columns[place]
            if excess > 0 and not column.is_number and column.kind != "state":
                taken = min(excess, max(0, widths[place] - NARROW))
                widths[place] -= taken
                excess -= taken
        return tuple(widths)


def fixed_count(columns: Sequence[Column]) -> int:
    """How many of the first columns stay when one goes sideways."""
    count = 0
    while count < min(len(columns), len(_FIXED)) and columns[count].kind in _FIXED:
        count += 1
    return count


def places_shown(widths: Sequence[int], fixed: int, skipped: int, width: int) -> tuple[int, ...]:
    """Places of the columns that have room: the fixed ones, then those behind the skipped ones.

    The last one may be cut; one of which less than half could be seen is left out, but for the first of all.
    """
    shown: list[int] = []
    room = width
    for place in (*range(fixed), *range(fixed + skipped, len(widths))):
        if shown and room < max(3, widths[place] // 2):
            break
        shown.append(place)
        room -= widths[place] + GAP
    return tuple(shown)


def most_skipped(widths: Sequence[int], fixed: int, width: int) -> int:
    """How many columns have to be skipped for the last one to be seen whole."""
    room = width - sum(widths[:fixed]) - GAP * fixed
    skipped = len(widths) - fixed
    for place in range(len(widths) - 1, fixed - 1, -1):
        room -= widths[place] + GAP
        if room < -GAP:
            break
        skipped -= 1
    return min(skipped, max(0, len(widths) - fixed - 1))


def is_of_data(column: Column) -> bool:
    """Whether a column is of one project's own keys."""
    return column.kind == OF_CONFIG or column.kind in OF_METRICS
