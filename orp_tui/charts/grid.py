"""Several small charts in one room, of which each has its part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orp_tui.charts.picture import Picture, Row, Span
from orp_tui.core.sanitise import cell_width

LAYOUTS = (1, 2, 4)
"""How many charts there can be at once."""
_LEAST_WIDTH, _LEAST_HEIGHT = 34, 7
"""Of one of several; a smaller one would be labels without a line."""
_GAP = 1
"""Cells between two beside each other."""


class Part(NamedTuple):
    """Where one chart lies."""

    x: int
    y: int
    width: int
    height: int


def parts(count: int, width: int, height: int) -> list[Part]:
    """Where `count` charts lie; fewer of them where the room is too small for so many."""
    for wished in sorted(LAYOUTS, reverse=True):
        if wished <= count and (found := _parts(wished, width, height)):
            return found
    return [Part(0, 0, width, height)]


def most(width: int, height: int) -> int:
    """How many charts the room has space for."""
    return max(count for count in LAYOUTS if count == 1 or _parts(count, width, height))


def _parts(count: int, width: int, height: int) -> list[Part]:
    """Columns before rows, as long as they are wide enough; empty if they don't fit."""
    for columns in (2, 1) if count == 2 else (2, 1) if count == 4 else (1,):
        rows = count // columns
        wide, high = (width - _GAP * (columns - 1)) // columns, height // rows
        if count == 1 or (wide >= _LEAST_WIDTH and high >= _LEAST_HEIGHT):
            return [
                Part(
                    column * (wide + _GAP),
                    row * high,
                    wide if column < columns - 1 else width - column * (wide + _GAP),
                    high if row < rows - 1 else height - row * high,
                )
                for row in range(rows)
                for column in range(columns)
            ]
    return []


def composed(pictures: Sequence[Picture], places: Sequence[Part]) -> Picture:
    """The pictures, each in its part; what of a picture is wider than its part was never asked for."""
    if len(places) == 1 and pictures:
        return pictures[0]
    height = max((part.y + part.height for part in places), default=0)
    rows: list[list[Span]] = [[] for _ in range(height)]
    for picture, part in sorted(zip(pictures, places, strict=False), key=lambda pair: pair[1].x):
        for y in range(part.height):
            row: Row = picture.rows[y] if y < len(picture.rows) else ()
            before = part.x - sum(cell_width(span.text) for span in rows[part.y + y])
            if before > 0:
                rows[part.y + y].append(Span(" " * before))
            rows[part.y + y] += row
    return Picture(tuple(map(tuple, rows)))
