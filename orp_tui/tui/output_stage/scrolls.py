"""Finds rows that moved up or down together, as those of a log that goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from orp_tui.tui.output_stage.screen import UNKNOWN, Row

FEWEST_ROWS = 4
"""Fewer changed rows are sent as they are."""
EDGE = 2
"""Columns left and right that may differ: a border, a scroll bar."""


class Scroll(NamedTuple):
    """Rows that moved."""

    top: int
    bottom: int
    """The last row, itself included."""
    up: int
    """By how many rows; negative: down."""


def scroll_between(shown: list[Row], wanted: list[Row], changed: Collection[int]) -> Scroll | None:
    """The move that most changed rows share; None if there is none, or a row in it is not known."""
    if len(changed) < FEWEST_ROWS:
        return None
    found = _places(shown)
    moves = {row: found[key] - row for row in changed if (key := _key(wanted[row])) in found}
    votes = Counter(move for move in moves.values() if move)
    if not votes:
        return None
    up = votes.most_common(1)[0][0]
    rows = [row for row, move in moves.items() if move == up]
    top, bottom = min(*rows, *(row + up for row in rows)), max(*rows, *(row + up for row in rows))
    # What is not known could not be put right where the move takes it away.
    if any(UNKNOWN in wanted[row].texts for row in range(top, bottom + 1)):
        return None
    return Scroll(top, bottom, up)


def scrolled(rows: list[Row], scroll: Scroll) -> list[Row]:
    """What a terminal that showed `rows` shows after the move; the rows that came in are unknown."""
    top, bottom, up = scroll
    region = rows[top : bottom + 1]
    blank = [Row(len(rows[top].texts)) for _ in range(min(abs(up), len(region)))]
    moved = [*region[up:], *blank] if up > 0 else [*blank, *region[:up]]
    return [*rows[:top], *moved, *rows[bottom + 1 :]]


def _places(shown: list[Row]) -> dict[str, int]:
    """Content → row, of contents that are on the screen once."""
    keys = [_key(row) for row in shown]
    once = Counter(keys)
    return {key: row for row, key in enumerate(keys) if key and once[key] == 1}


def _key(row: Row) -> str:
    """What a row says between its edges; empty if nothing, or nobody knows."""
    if UNKNOWN in row.texts:
        return ""
    return "".join(filter(None, row.texts[EDGE:-EDGE])).strip()
