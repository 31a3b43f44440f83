"""Textual's own DataTable with the runs that the Runs screen lists: `python table_app.py BASE`. The anchor of its rows.

`2` fills it from the same index, `f` leaves those of one name, `r` turns the order round.
"""

from __future__ import annotations

import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

from orp_tui.core.columns import USUAL, cell_text, parse_column
from orp_tui.services.catalog import Catalog, Query
from orp_tui.services.context import open_context

PART = 1_000
WORD = "resnet"


class TableApp(App[None]):
    """Says `ready`, and what it shows."""

    BINDINGS = [("2", "fill", "Fill"), ("f", "leave", "Leave some"), ("r", "turn", "Turn round")]  # noqa: RUF012

    def __init__(self, base: Path) -> None:
        super().__init__()
        self._base = base
        self._cells: list[tuple[str, ...]] = []

    def compose(self) -> ComposeResult:
        yield Static("ready", id="words")
        yield Static("", id="where")
        yield DataTable(cursor_type="row")

    def action_fill(self) -> None:
        """All rows, fetched as the Runs screen fetches some."""
        columns = [parse_column(name) for name in USUAL]
        catalog = Catalog(open_context(base_dir=str(self._base)))
        numbers = catalog.find(Query()).numbers
        for start in range(0, len(numbers), PART):
            rows = catalog.rows(numbers[start : start + PART])
            self._cells += [
                tuple(cell_text(column, run) for column in columns) for run in rows if run is not None
            ]
        catalog.close()
        self._table.add_columns(*(column.heading for column in columns))
        self._show(self._cells)

    def action_leave(self) -> None:
        """Those whose name holds a word."""
        self._show([row for row in self._cells if WORD in row[1]])

    def action_turn(self) -> None:
        """The oldest first."""
        self._cells.reverse()
        self._show(self._cells)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Say where the cursor is: colour alone is not seen by whoever looks at the text."""
        self.query_one("#where", Static).update(f"row {event.cursor_row};")

    @property
    def _table(self) -> DataTable[str]:
        return self.query_one(DataTable)

    def _show(self, rows: list[tuple[str, ...]]) -> None:
        self._table.clear()
        self._table.add_rows(rows)
        self._table.focus()
        self.query_one("#words", Static).update(f"{len(rows):,} rows;")


if __name__ == "__main__":
    TableApp(Path(sys.argv[1])).run()
