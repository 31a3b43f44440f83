"""Runs as columns: rows scroll down, runs sideways, the names and the baseline stay. Sections fold, words filter."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.words import STATE_GLYPHS
from orp_tui.services.comparison.sheet import Sheet, delta_words, percent_words
from orp_tui.services.comparison.values import Cell, Row, RunColumn
from orp_tui.tui.compare_columns import Layout, Measures, lay_out, measure
from orp_tui.tui.compare_rows import Title, heads, rows_of, title_key
from orp_tui.tui.widgets.lines import LineList, cell

BEST = "*"
"""Behind the best value: it is not told by colour alone."""


class CompareTable(LineList):
    """Draws a Sheet. What its keys do is for the screen; it has a cursor for rows and one for columns."""

    HEAD = 2
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "compare--best", "compare--section", "compare--quiet", "compare--base", "compare--here", "compare--bad",
    }  # fmt: skip

    @dataclasses.dataclass
    class ColumnChanged(Message):
        """The cursor stands in the column of another run, or on none (None)."""

        widget: CompareTable
        run_id: str | None

        @property
        def control(self) -> CompareTable:
            return self.widget

    def __init__(self, *, empty: tuple[str, ...] = (), ascii_only: bool = False, **options: Any) -> None:
        """`empty`: what stands there without rows. `options`: as Widget takes them."""
        super().__init__(**options)
        self._sheet: Sheet | None = None
        self._empty = empty
        self._ascii = ascii_only
        self._folded: set[str] = set()
        self._words = ""
        self._here: str | None = None
        """The run in whose column the cursor stands."""
        self._first = 0
        """The first of the columns beside the baseline that is seen."""
        self._measures, self._layout = Measures(), Layout()

    # What is shown

    def show(self, sheet: Sheet | None, *, empty: tuple[str, ...] | None = None) -> None:
        """Show this; cursors, folded sections and the filter stay. None: nothing is known yet."""
        before, other = self._here, self._sheet
        self._sheet, self._measures = sheet, measure(sheet)
        if empty is not None and empty != self._empty:
            self._empty = empty
            self.refresh()
        ids = self._ids()
        if before not in ids:
            self._here = ids[min(1, len(ids) - 1)] if ids else None
        layout = self._layout
        self._arrange()
        # Rows may be what they were, and their heads not.
        if layout != self._layout or heads(other) != heads(sheet) or self._here != before:
            self.refresh()
        if self._here != before:
            self.post_message(self.ColumnChanged(self, self._here))

    @property
    def sheet(self) -> Sheet | None:
        """What was handed in last."""
        return self._sheet

    @property
    def column(self) -> RunColumn | None:
        """The column of the cursor; None if there is none."""
        columns = self._sheet.columns if self._sheet is not None else ()
        return next((column for column in columns if column.run_id == self._here), None)

    @property
    def seen(self) -> tuple[RunColumn, ...]:
        """The columns in sight, the baseline first."""
        if self._sheet is None:
            return ()
        return tuple(self._sheet.columns[place] for place in self._layout.places)

    @property
    def filter_words(self) -> str:
        """Words that the names of rows must hold; empty: all are shown."""
        return self._words

    @filter_words.setter
    def filter_words(self, words: str) -> None:
        self._words = words
        self._put()

    def go_to_run(self, run_id: str) -> None:
        """Put the column's cursor on a run that is shown."""
        if run_id in self._ids() and run_id != self._here:
            self._here = run_id
            self._arrange()
            self.refresh()
            self.post_message(self.ColumnChanged(self, run_id))

    def move_column(self, by: int) -> None:
        """Put the column's cursor so many columns further, and scroll there."""
        ids = self._ids()
        if self._here in ids:
            self.go_to_run(ids[min(max(ids.index(self._here) + by, 0), len(ids) - 1)])

    def fold(self) -> None:
        """Hide the rows of the section under the cursor, or show them again."""
        row = self._rows.get(self.cursor_key) if self.cursor_key is not None else None
        section = row.section if isinstance(row, Title | Row) else ""
        if section:
            self._folded ^= {section}
            self._put()
            self.go_to(title_key(section))

    def _ids(self) -> list[str]:
        """The runs in the order of the columns on the screen: the baseline, then the others."""
        if self._sheet is None:
            return []
        columns, base = self._sheet.columns, self._sheet.baseline
        return [
            columns[place].run_id for place in sorted(range(len(columns)), key=lambda place: place != base)
        ]

    def _arrange(self) -> None:
        """Find out which columns have room, those around the cursor among them, and put the rows."""
        width = self.scrollable_content_region.width or self.size.width
        ids = self._ids()
        wanted = ids.index(self._here) - 1 if self._here in ids else 0
        self._first = max(0, min(self._first, len(ids) - 2))
        if 0 <= wanted < self._first:
            self._first = wanted
        self._layout = lay_out(self._measures, width, self._first)
        while wanted >= self._first + len(self._layout.places) - 1 and wanted > self._first:
            self._first += 1
            self._layout = lay_out(self._measures, width, self._first)
        self._put()

    def _put(self) -> None:
        self.put_rows(rows_of(self._sheet, self._words, self._folded))

    def columns(self) -> Layout:
        return self._layout

    def on_resize(self) -> None:
        self._arrange()
        super().on_resize()
        self.refresh()

    # Drawing

    def empty_lines(self, width: int) -> list[str]:
        from orp_tui.tui.widgets.wrapping import wrapped

        if self._words:
            return [one_line(f"no row holds {self._words!r}", width)]
        return [line for text in self._empty for line in wrapped(text, width)]

    def render_line(self, y: int) -> Strip:
        return self._second_line() if y == 1 else super().render_line(y)

    def _second_line(self) -> Strip:
        width = self.scrollable_content_region.width
        style = self.get_component_rich_style("lines--head")
        return Strip(self._names()).adjust_cell_length(width, style).apply_style(style)

    def head_segments(self, width: int) -> list[Segment]:
        """Ids: the cursor's column in brackets, the baseline named."""
        sheet, layout = self._sheet, self._layout
        if sheet is None:
            return []
        more = [len(sheet.columns) - len(layout.places) - self._first, self._first]
        corner = one_line(sheet.corner, layout.name)
        before = f"‹{more[1]}" if more[1] and not self._ascii else f"<{more[1]}" if more[1] else ""
        segments = [cell(f"  {corner} {before}", layout.name + 2, Style())]
        for place, cells in zip(layout.places, layout.widths, strict=True):
            column = sheet.columns[place]
            words = column.heading + (" base" if place == sheet.baseline and len(sheet.columns) > 1 else "")
            is_here = column.run_id == self._here
            style = self._style("here" if is_here else "base" if place == sheet.baseline else "")
            segments.append(cell(f"[{words}]" if is_here else words, cells, style, right=True))
        segments += [
            cell(word, room, Style(), right=True)
            for word, room in zip(("Δ", "%"), layout.extra, strict=False)
        ]
        if more[0] > 0:
            segments.append(cell(f" {'>' if self._ascii else '›'}{more[0]}", 4, Style()))
        return segments

    def _names(self) -> list[Segment]:
        """States and names, and the word of what is wrong."""
        sheet, layout = self._sheet, self._layout
        if sheet is None:
            return []
        segments = [cell("", layout.name + 2, Style())]
        for place, cells in zip(layout.places, layout.widths, strict=True):
            column = sheet.columns[place]
            glyph = (
                STATE_GLYPHS[column.state][1 if self._ascii else 0] + " " if column.state is not None else ""
            )
            words = f"! {one_line(column.problem)}" if column.problem else f"{glyph}{one_line(column.name)}"
            segments.append(
                cell(
                    f" {one_line(words, cells - 1)}",
                    cells,
                    self._style("bad" if column.problem else ""),
                    right=True,
                )
            )
        return segments

    def row_segments(
        self, key: str, row: Any, width: int, *, cursor: bool
    ) -> list[Segment]:  # Any: Title or Row
        if isinstance(row, Title):
            mark = ("+" if row.is_folded else "-") if self._ascii else "▸" if row.is_folded else "▾"
            count = f"  {row.count} hidden" if row.is_folded else ""
            return [
                cell(">" if cursor else "", 1, Style()),
                cell(f"{mark} {row.section.upper()}{count}", width - 1, self._style("section")),
            ]
        layout = self._layout
        segments = [
            cell(">" if cursor else "", 2, Style()),
            cell(one_line(row.name) or "(no name)", layout.name, self._style("quiet" if row.is_same else "")),
        ]
        for place, cells in zip(layout.places, layout.widths, strict=True):
            segments += self._cell(row.cells[place], cells)
        extra = (delta_words(row), percent_words(row.difference))
        return [
            *segments,
            *(
                cell(f" {words}", room, Style(), right=True)
                for words, room in zip(extra, layout.extra, strict=False)
            ),
        ]

    def _cell(self, found: Cell, width: int) -> list[Segment]:
        room = width - 1 - len(BEST)
        text = one_line(found.text)
        if found.interval is not None and cell_width(text) > room:
            text = text.partition(" (n=")[0]  # the heading says of how many runs it is
        text = one_line(text, room)
        style = self._style("best" if found.is_best else "quiet" if found.value is None else "")
        # Numbers stay below each other, the mark stands beside them.
        gap = Segment(" " * max(1, width - cell_width(text) - len(BEST)), Style())
        return [gap, Segment(text, style), Segment(BEST if found.is_best else " ", style)]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"compare--{name}", partial=True) if name else Style()

    # The mouse

    def on_click(self, event: events.Click) -> None:
        super().on_click(event)
        right = self._layout.name + 2
        for place, cells in zip(self._layout.places, self._layout.widths, strict=True):
            if right <= event.x < right + cells and self._sheet is not None:
                self.go_to_run(self._sheet.columns[place].run_id)
            right += cells
