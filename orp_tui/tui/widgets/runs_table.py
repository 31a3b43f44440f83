"""All runs there ever were, or those that a filter finds: rows of chosen columns, or a tree of groups."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from orp_tui.core.columns import Column
from orp_tui.core.past_run import PastRun
from orp_tui.core.states import RunState
from orp_tui.core.words import counted
from orp_tui.tui.bindings import bindings
from orp_tui.tui.run_cells import (
    GAP,
    STAR,
    RunCells,
    Widths,
    fixed_count,
    headings,
    most_skipped,
    places_shown,
    run_cells,
    sort_sign,
)
from orp_tui.tui.run_listing import USUAL_COLUMNS, GroupRow, Listing
from orp_tui.tui.widgets.lines import cell
from orp_tui.tui.widgets.paged_list import PagedList
from orp_tui.tui.widgets.wrapping import wrapped

_SIGNS = 4
_INDENT = 2
_MORE = 2
"""Cells at the right that say that there are more columns."""
_AGES_S = 30.0
"""So often ages and the times of what runs are told anew."""


class RunsTable(PagedList[PastRun | GroupRow]):
    """Rows of runs. Verbs are the screen's business: they ask for `chosen`."""

    BINDINGS = bindings("runs")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"state--{state.value}" for state in RunState),
        "runs--group",
        "runs--problem",
    }
    HEAD = 1

    @dataclasses.dataclass
    class GroupToggled(Message):
        """A group is to be opened, or closed."""

        group: GroupRow

    @dataclasses.dataclass
    class GroupMarked(Message):
        """All runs of a group are to be marked, or no longer."""

        group: GroupRow

    @dataclasses.dataclass
    class RunOpened(Message):
        """Everything about the run under the cursor is wished for."""

    def __init__(self, *, ascii_only: bool = False, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._ascii = ascii_only
        self._listing: Listing | None = None
        self._columns = USUAL_COLUMNS
        self._cells: dict[int, tuple[object, RunCells]] = {}
        self._skipped = 0
        """Columns that are out of sight at the left."""
        self._known_fit: tuple[object, tuple[tuple[int, ...], tuple[int, ...]]] | None = None
        """For what widths and columns were fitted: each line asks."""
        self.empty_words: Sequence[str] = ()
        """What is said if there are no rows, a line each."""
        self._begin_widths()

    def on_mount(self) -> None:
        self.set_interval(_AGES_S, self._tell_ages)

    def _tell_ages(self) -> None:
        self._cells.clear()
        self._see()
        self.refresh()

    # What is shown

    @property
    def listing(self) -> Listing | None:
        """What is shown; None before the first answer."""
        return self._listing

    def show(
        self, listing: Listing, first: Mapping[int, PastRun | None] | None = None, *, to_top: bool = False
    ) -> None:
        """Show this list; `first` are rows of it that are read already.

        Cursor and marks stay with their runs, the cursor with its group too.
        """
        before, path = self._listing, self._path_of_cursor()
        self._listing = listing
        if before is None or before.question.sort != listing.question.sort:
            self._begin_widths()
        self.put_keys(listing.keys, first or {}, to_top=to_top)
        if path is not None and not to_top:
            self._go_to_group(path)

    def _path_of_cursor(self) -> tuple[object, ...] | None:
        group = self.group
        return group.path if group is not None else None

    def _go_to_group(self, path: tuple[object, ...]) -> None:
        assert self._listing is not None
        for place, group in enumerate(self._listing.groups):
            if group.path == path:
                self.go_to(-1 - place)
                return

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in their order."""
        return self._columns

    @columns.setter
    def columns(self, wanted: tuple[Column, ...]) -> None:
        self._columns, self._skipped = wanted or USUAL_COLUMNS, 0
        self._begin_widths()
        self._see()
        self.refresh()

    def _begin_widths(self) -> None:
        self._cells.clear()
        self._widths = Widths(self._heads())

    def _heads(self) -> tuple[str, ...]:
        sort = self._listing.question.sort if self._listing is not None else ()
        signs = {
            key.column: sort_sign(place, len(sort), key.descending, self._ascii)
            for place, key in enumerate(sort)
        }
        return headings(self._columns, signs)

    @property
    def group(self) -> GroupRow | None:
        """The group under the cursor; None if there is a run, or nothing."""
        key = self.cursor_key
        return self._listing.group(key) if self._listing is not None and key is not None else None

    @property
    def run(self) -> PastRun | None:
        """The run under the cursor; None if there is none, or it is not known yet."""
        found = self.row(self.cursor_key)
        return found if isinstance(found, PastRun) else None

    def fixed_row(self, key: int) -> GroupRow | None:
        return self._listing.group(key) if self._listing is not None and key < 0 else None

    def empty_lines(self, width: int) -> list[str]:
        lines = [part for words in self.empty_words for part in (wrapped(words, max(10, width - 4)) or [""])]
        return ["", *(f"  {line}" for line in lines)]

    # Columns

    def rows_seen(self, rows: Mapping[int, PastRun | GroupRow]) -> bool:
        cells = [self._cells_of(key, row).cells for key, row in rows.items() if isinstance(row, PastRun)]
        wider = self._widths.see(cells)
        return (
            self._widths.see(self._means(row) for row in rows.values() if isinstance(row, GroupRow)) or wider
        )

    def _cells_of(self, key: int, run: PastRun) -> RunCells:
        known = self._cells.get(key)
        if known is None or known[0] is not run:
            if len(self._cells) > 4 * max(50, self.size.height):
                self._cells.clear()
            known = run, run_cells(run, self._columns, time.time(), ascii_only=self._ascii)
            self._cells[key] = known
        return known[1]

    def _means(self, row: GroupRow) -> tuple[str, ...]:
        """What a group says in each column: the mean of a metric's last values."""
        return tuple(row.mean(column) for column in self._columns)

    def _fitted(self, width: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Widths of all columns, and the places of those that are shown."""
        asked = (width, self._lead, self._skipped, self._columns, self._widths.changes, self._widths)
        if self._known_fit is None or self._known_fit[0] != asked:
            room = width - self._lead
            widths = self._widths.fitted(self._columns, room)
            fixed = fixed_count(self._columns)
            skipped = min(self._skipped, most_skipped(widths, fixed, room - _MORE))
            places = places_shown(widths, fixed, skipped, room)
            if not places or places[-1] < len(widths) - 1:
                places = places_shown(widths, fixed, skipped, room - _MORE)
            self._known_fit = asked, (widths, places)
        return self._known_fit[1]

    def action_sideways(self, by: int) -> None:
        width = self.scrollable_content_region.width
        widths, _ = self._fitted(width)
        most = most_skipped(widths, fixed_count(self._columns), width - self._lead - _MORE)
        if sum(widths) + GAP * len(widths) - GAP <= width - self._lead:
            most = 0
        skipped = max(0, min(self._skipped + by, most))
        if skipped != self._skipped:
            self._skipped = skipped
            self.refresh()

    # Drawing

    def head_segments(self, width: int) -> list[Segment]:
        style = self.get_component_rich_style("lines--head")
        widths, places = self._fitted(width)
        heads = self._heads()
        segments = [cell("<" if self._skipped else "", self._lead, style, right=True)]
        for place in places:
            right = self._columns[place].is_number
            segments += [cell(heads[place], widths[place], style, right=right), Segment(" " * GAP, style)]
        if not places or places[-1] < len(self._columns) - 1:
            begin = Strip(segments).crop(0, width - _MORE).adjust_cell_length(width - _MORE, style)
            segments = [*begin, Segment(" >", style)]
        return segments

    def row_segments(self, key: int, row: PastRun | GroupRow, width: int, *, cursor: bool) -> list[Segment]:
        if isinstance(row, GroupRow):
            return self._group_segments(key, row, width, cursor=cursor)
        cells = self._cells_of(key, row)
        plain = self.plain
        if cells.is_quiet:
            plain += self.get_component_rich_style("lines--dim", partial=True)
        star = STAR if cells.is_starred else " "
        signs = cell(self.signs(key, cursor=cursor) + star, self._lead, plain)
        if cells.problem:
            return [signs, *self._problem_segments(cells, width)]
        return [signs, *self._cell_segments(cells, width, plain)]

    def _cell_segments(self, cells: RunCells, width: int, plain: Style) -> Iterator[Segment]:
        state = plain + self.get_component_rich_style(f"state--{cells.state_class}", partial=True)
        widths, places = self._fitted(width)
        for place in places:
            column = self._columns[place]
            style = state if column.kind in ("state", "reason", "detail") else plain
            yield cell(cells.cells[place], widths[place], style, right=column.is_number)
            yield Segment(" " * GAP, plain)

    @property
    def _lead(self) -> int:
        """Cells before the first column: signs, and what runs stand further right than the outermost group."""
        depth = len(self._listing.question.group_by) if self._listing is not None else 0
        return _SIGNS + _INDENT * depth

    def _problem_segments(self, cells: RunCells, width: int) -> Iterator[Segment]:
        """A damaged run: its id and its name, and what is wrong in the room of all other columns."""
        style = self.plain + self.get_component_rich_style("runs--problem", partial=True)
        widths, places = self._fitted(width)
        room = width - self._lead
        for place in range(min(len(places), fixed_count(self._columns))):
            yield cell(cells.cells[place], widths[place], style)
            yield Segment(" " * GAP, style)
            room -= widths[place] + GAP
        yield cell(f"! {cells.problem}", room, style)

    def _group_segments(self, key: int, row: GroupRow, width: int, *, cursor: bool) -> list[Segment]:
        style = self.plain + self.get_component_rich_style("runs--group", partial=True)
        widths, places = self._fitted(width)
        means = self._means(row)
        opened = ("v" if row.is_open else "+") if self._ascii else ("▾" if row.is_open else "▸")
        first = next((count for count, place in enumerate(places) if means[place]), len(places))
        room = width - _SIGNS
        if first < len(places):
            room = self._lead - _SIGNS + sum(widths[place] + GAP for place in places[:first])
        words = f"{' ' * (_INDENT * row.level)}{opened} {row.label}  {counted(row.group.count, 'run')}"
        for metric in row.metrics:
            if metric not in self._columns:
                words += f"  {metric.heading} {row.mean(metric)}"
        segments = [cell(self.signs(key, cursor=cursor), _SIGNS, style), cell(words, room, style)]
        for place in places[first:]:
            segments += [cell(means[place], widths[place], style, right=True), Segment(" " * GAP, style)]
        return segments

    # Keys

    def action_open_row(self) -> None:
        group = self.group
        if group is not None:
            self.post_message(self.GroupToggled(group))
        else:
            self.post_message(self.RunOpened())

    def action_go_left(self) -> None:
        """Close the group, or go to the one around; without groups: the columns at the left."""
        group, listing = self.group, self._listing
        if listing is None or not listing.question.group_by:
            self.action_sideways(-1)
        elif group is not None and group.is_open:
            self.post_message(self.GroupToggled(group))
        else:
            self._go_out(listing, len(group.path) - 1 if group is not None else None)

    def _go_out(self, listing: Listing, depth: int | None) -> None:
        """Go up to the group around: the nearest of that depth, or of any."""
        for place in range(self.cursor_place - 1, -1, -1):
            group = listing.group(self.keys_shown[place])
            if group is not None and depth in (None, len(group.path)):
                self._move_to(place)
                return

    def action_go_right(self) -> None:
        """Open the group, or go into it; without groups: the columns at the right."""
        group = self.group
        if group is not None and not group.is_open:
            self.post_message(self.GroupToggled(group))
        elif group is not None:
            self.action_cursor_down()
        else:
            self.action_sideways(1)

    def action_mark(self) -> None:
        if (group := self.group) is not None:
            self.post_message(self.GroupMarked(group))
        super().action_mark()
