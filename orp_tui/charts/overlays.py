"""What is put into the cells around the lines: bands, goals, baselines, marks of what is not finite.

Only blank cells are taken, so that nothing of this hides a line.
"""

from __future__ import annotations

from collections.abc import Sequence

from orp_tui.charts.captions import DASHES
from orp_tui.charts.curve import Curve
from orp_tui.charts.frame import Frame
from orp_tui.charts.lines import Guide
from orp_tui.charts.look import Look
from orp_tui.charts.picture import LINE_ROLES, Role
from orp_tui.core.sanitise import cell_width, one_line

Cells = list[list[tuple[str, Role]]]

SHADE = "░"
_MOST_WORDS = 24


def put_bands(cells: Cells, curves: Sequence[Curve], frame: Frame, look: Look) -> None:
    """Shade from the least to the greatest of several members, column by column."""
    shade = ":" if look.markers == "ascii" else SHADE
    for place, curve in enumerate(curves):
        for cell, (low, high) in _band_cells(curve, frame).items():
            top, bottom = frame.row(high), frame.row(low)
            if top is None or bottom is None:
                continue
            for row in range(top, bottom + 1):
                _fill(cells, row, frame.left + cell, shade, LINE_ROLES[place])


def _band_cells(curve: Curve, frame: Frame) -> dict[int, tuple[float, float]]:
    """Cell → from where to where the band reaches in it; between two points it goes straight on."""
    found: dict[int, tuple[float, float]] = {}
    before: tuple[int, float, float] | None = None
    for one in curve.band:
        cell = frame.cell(one.x)
        if before is not None and cell > before[0] + 1:
            for between in range(before[0] + 1, cell):
                share = (between - before[0]) / (cell - before[0])
                found[between] = (
                    before[1] + share * (one.low - before[1]),
                    before[2] + share * (one.high - before[2]),
                )
        low, high = found.get(cell, (one.low, one.high))
        found[cell] = min(low, one.low), max(high, one.high)
        before = cell, one.low, one.high
    return found


def put_guides(cells: Cells, guides: Sequence[Guide], frame: Frame, look: Look) -> None:
    """A dashed line at each goal and baseline, with its words where there is room; an arrow to one that is far."""
    for guide in guides:
        row = frame.row(guide.value)
        dash = DASHES[guide.kind]
        words = one_line(guide.words, _MOST_WORDS)
        if row is None:
            above = guide.value > frame.y.high
            arrow = ("^" if above else "v") if look.markers == "ascii" else "↑" if above else "↓"
            _write(cells, 0 if above else frame.rows - 1, f"{words} {arrow}", frame)
            continue
        _write(cells, row, words, frame)
        for column in range(frame.left, len(cells[row])):
            _fill(cells, row, column, dash, "guide")


def _write(cells: Cells, row: int, words: str, frame: Frame) -> None:
    """Put words into blank cells of a row, as far right as there is room; nowhere if there is none."""
    line = cells[row]
    need = len(words) + 2
    if cell_width(words) != len(words):
        return  # a wide character would move what stands behind it
    for start in range(len(line) - need, frame.left - 1, -1):
        if all(cell == (" ", "plain") for cell in line[start : start + need]):
            line[start + 1 : start + need - 1] = [(char, "guide") for char in words]
            return


def put_events(cells: Cells, curves: Sequence[Curve], frame: Frame) -> None:
    """A mark on the x axis wherever a value is no finite number."""
    if not frame.has_axes or len(cells) <= frame.rows:
        return
    axis = cells[frame.rows]
    for curve in curves:
        for x, _ in curve.events:
            column = frame.left + frame.cell(x)
            if column < len(axis):
                axis[column] = ("!", "event")


def _fill(cells: Cells, row: int, column: int, char: str, role: Role) -> None:
    if 0 <= row < len(cells) and column < len(cells[row]) and cells[row][column] == (" ", "plain"):
        cells[row][column] = (char, role)
