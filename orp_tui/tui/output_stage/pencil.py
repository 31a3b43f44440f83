"""Writes cells to the terminal, and knows where its cursor and which its pen is meanwhile."""

from __future__ import annotations

from orp_tui.tui.output_stage.clusters import is_certain
from orp_tui.tui.output_stage.pens import CSI, PLAIN, RESET, Pen, turn
from orp_tui.tui.output_stage.screen import SECOND_HALF, Row
from orp_tui.tui.output_stage.spans import Span

Place = tuple[int, int]
"""Row and column, from 0."""


class Pencil:
    """The bytes of one patch."""

    def __init__(self, cursor: Place | None, pen: Pen | None) -> None:
        """Where the terminal's cursor is and how it draws now; None: not known."""
        self.cursor = cursor
        self.sent: list[str] = []
        self._pen = PLAIN
        if pen is None:
            self.sent.append(RESET)
        else:
            self._pen = pen

    @property
    def length(self) -> int:
        """Characters so far."""
        return sum(map(len, self.sent))

    def move(self, row: int, column: int) -> None:
        """Put the cursor there."""
        if self.cursor != (row, column):
            self.sent.append(_step(self.cursor, row, column))
            self.cursor = (row, column)

    def draw(self, number: int, row: Row, span: Span) -> None:
        """Send the cells of a span of a row."""
        begin, end = span
        while begin < end:
            pen = row.pens[begin]
            stop = begin + 1
            while stop < end and (row.pens[stop] is pen or row.pens[stop] == pen):
                stop += 1
            self._run(number, row, (begin, stop), pen)
            begin = stop

    def rest(self) -> None:
        """Leave the terminal with its own colours, whatever writes to it next."""
        self._turn(PLAIN)

    def scroll(self, top: int, bottom: int, up: int) -> None:
        """Move the rows `top` to `bottom` up, or down if negative; what comes in is blank.

        By line feeds in a scroll region: every terminal since the VT100 can do that.
        """
        # New rows get the background of the pen.
        self.rest()
        edge, step = (bottom, "\n") if up > 0 else (top, "\x1bM")
        self.sent.append(f"{CSI}{top + 1};{bottom + 1}r{CSI}{edge + 1}H{step * abs(up)}{CSI}r")
        self.cursor = None

    def _run(self, number: int, row: Row, span: Span, pen: Pen) -> None:
        """Cells of one pen."""
        begin, end = span
        # An unknown cell is never in a span.
        texts = [text or "" for text in row.texts[begin:end]]
        text = "".join(texts)
        if is_certain(text):
            self.move(number, begin)
            self._turn(pen)
            self.sent.append(text)
            self._advance(number, end, len(row.texts))
            return
        for column, cluster in enumerate(texts, begin):
            if cluster == SECOND_HALF:
                continue
            wide = column + 1 < end and row.texts[column + 1] == SECOND_HALF
            self._one(number, column, cluster, pen, wide=wide, columns=len(row.texts))

    def _one(self, number: int, column: int, cluster: str, pen: Pen, *, wide: bool, columns: int) -> None:
        """One character; a doubtful one on cleared ground, and with the cursor's place behind it unknown."""
        self.move(number, column)
        self._turn(pen)
        if len(cluster) == 1 and is_certain(cluster):
            self.sent.append(cluster)
            self._advance(number, column + 1 + wide, columns)
            return
        self.sent.append("  " if wide else " ")
        self.sent.append(_address(number, column))
        self.sent.append(cluster)
        self.cursor = None

    def _advance(self, row: int, column: int, columns: int) -> None:
        # Behind the last column terminals differ on where the cursor is.
        self.cursor = (row, column) if column < columns else None

    def _turn(self, pen: Pen) -> None:
        if pen is not self._pen:
            self.sent.append(turn(self._pen, pen))
            self._pen = pen


def _step(cursor: Place | None, row: int, column: int) -> str:
    """The shortest way there."""
    if cursor is not None and cursor[0] == row and column > cursor[1]:
        by = column - cursor[1]
        return f"{CSI}{by}C" if by > 1 else f"{CSI}C"
    return _address(row, column)


def _address(row: int, column: int) -> str:
    if column:
        return f"{CSI}{row + 1};{column + 1}H"
    return f"{CSI}{row + 1}H" if row else f"{CSI}H"
