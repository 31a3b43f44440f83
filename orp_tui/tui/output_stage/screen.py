"""A screen as rows of cells: what a terminal shows, or what it should show."""

from __future__ import annotations

from orp_tui.tui.output_stage.clusters import MOST_MARKS, clusters_of, is_narrow
from orp_tui.tui.output_stage.pens import PLAIN, Pen

UNKNOWN = None
"""In place of the text of a cell: nobody knows what is there."""
SECOND_HALF = ""
"""In place of the text of a cell: the character before it is two cells wide."""


class Row:
    """One row: the text and the pen of each cell, in two lists of the same length."""

    __slots__ = ("pens", "texts")

    def __init__(self, columns: int) -> None:
        self.texts: list[str | None] = [UNKNOWN] * columns
        self.pens: list[Pen] = [PLAIN] * columns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and self.texts == other.texts and self.pens == other.pens

    __hash__ = None  # type: ignore[assignment]  # it changes

    def copy(self) -> Row:
        """The same cells in lists of their own."""
        twin = Row(0)
        twin.texts, twin.pens = self.texts[:], self.pens[:]
        return twin

    def fit(self, columns: int) -> None:
        """Cut the row, or add unknown cells."""
        more = columns - len(self.texts)
        if more < 0:
            self._part(columns)
            del self.texts[columns:], self.pens[columns:]
        self.texts += [UNKNOWN] * more
        self.pens += [PLAIN] * more

    def put(self, column: int, text: str, pen: Pen) -> int | None:
        """Draw text and answer the column behind it; None, and an undefined row, if it does not fit.

        Half of a wide character that loses its other half becomes a space.
        """
        if text.isascii() or is_narrow(text):
            return self._fill(column, list(text), pen)
        cells: list[str | None] = []
        for cluster, width in clusters_of(text):
            if width:
                cells += (cluster,) if width == 1 else (cluster, SECOND_HALF)
            elif not self._mark(column, cluster):
                return None
        return self._fill(column, cells, pen)

    def _fill(self, column: int, cells: list[str | None] | list[str], pen: Pen) -> int | None:
        end = column + len(cells)
        if end > len(self.texts):
            return None
        if cells:
            self._part(column)
            self._part(end)
            self.texts[column:end] = cells
            self.pens[column:end] = [pen] * len(cells)
        return end

    def _part(self, column: int) -> None:
        """Nothing reaches over the edge before `column`."""
        if 0 < column < len(self.texts) and self.texts[column] == SECOND_HALF:
            self.texts[column - 1] = self.texts[column] = " "

    def _mark(self, column: int, marks: str) -> bool:
        """Add marks to the character before `column`; False if it is not known. Without one they are lost."""
        if column == 0:
            return True
        place = column - 1
        if self.texts[place] == SECOND_HALF:
            place -= 1
        before = self.texts[place]
        if before is None:
            return False
        self.texts[place] = (before + marks)[:MOST_MARKS]
        return True


class Screen:
    """Rows of equal length, unknown at first."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = [Row(columns) for _ in range(rows)]

    def forget(self) -> None:
        """Nobody knows any more what is there."""
        self.rows = [Row(self.columns) for _ in self.rows]

    def fit(self, columns: int, rows: int) -> None:
        """Cut or grow it to a size; what is new is unknown."""
        self.columns = columns
        del self.rows[rows:]
        for row in self.rows:
            row.fit(columns)
        self.rows += [Row(columns) for _ in range(rows - len(self.rows))]
