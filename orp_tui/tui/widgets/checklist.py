"""The deliverables of a run: a box each, what was found, and what is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from orp_tui.core.checklist import ChecklistItem, ChecklistReport, DeliverableStatus
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.words import size
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.lines import LineList, cell
from orp_tui.tui.widgets.wrapping import tail_of_path, wrapped

_BOX = 4
_GAP = 2
_LEAST_PATH, _MOST_PATH = 12, 60
_MOST_LINES = 6
"""Lines that the reason of one item may take, where there is room."""


@dataclasses.dataclass(frozen=True)
class ItemRow:
    """The words of one line; each is safe to show."""

    box: str
    """Empty on the lines that only go on with what the line before says."""
    path: str
    said: str
    status: DeliverableStatus


class Checklist(LineList):
    """One item a line; what is wrong with one is told whole where the pane has room for it."""

    BINDINGS = bindings("checklist")
    DEFAULT_CSS = """
    Checklist { scrollbar-gutter: stable; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"checklist--{status.value}" for status in DeliverableStatus}

    @dataclasses.dataclass
    class OpenRequested(Message):
        """Somebody wants to see what lies at an item's path."""

        widget: Checklist
        item: ChecklistItem

        @property
        def control(self) -> Checklist:
            return self.widget

    @dataclasses.dataclass
    class TitleChanged(Message):
        """Another number of items is valid, or it is another run's list."""

        widget: Checklist

        @property
        def control(self) -> Checklist:
            return self.widget

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._report: ChecklistReport | None = None

    def show(self, report: ChecklistReport | None) -> None:
        """Show this list; None if the run declares no deliverables, or nobody knows of any."""
        if report == self._report:
            return
        before = self.title
        self._report = report
        self._lay_out()
        if self.title != before:
            self.post_message(self.TitleChanged(self))

    @property
    def counts(self) -> tuple[int, int] | None:
        """How many items are valid, and how many there are; None if there is no list."""
        return None if self._report is None else (self._report.valid, len(self._report.items))

    @property
    def title(self) -> str:
        """What the border says: `Deliverables 3/7`."""
        if self.counts is None or not self.counts[1]:
            return "Deliverables"
        return f"Deliverables {self.counts[0]}/{self.counts[1]}"

    @property
    def item(self) -> ChecklistItem | None:
        """The one under the cursor."""
        if self._report is None or self.cursor_key is None or self.cursor_key == _NOTHING:
            return None
        return self._report.items[int(self.cursor_key.partition("+")[0])]

    def action_open_deliverable(self) -> None:
        if self.item is not None:
            self.post_message(self.OpenRequested(self, self.item))

    def on_click(self, event: events.Click) -> None:
        super().on_click(event)
        if event.chain == 2:
            self.action_open_deliverable()

    def action_cursor_down(self) -> None:
        self._step(1)

    def action_cursor_up(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        """To the next first line of an item."""
        keys = self.keys_shown
        place = self.cursor_place + by
        while 0 <= place < len(keys) and "+" in keys[place]:
            place += by
        if 0 <= place < len(keys):
            self._move_to(place)

    def on_resize(self) -> None:
        self._lay_out()
        super().on_resize()

    def _lay_out(self) -> None:
        items = self._report.items if self._report is not None else ()
        if not items:
            words = "" if self._report is None else "this experiment declares no deliverables"
            self.put_rows([(_NOTHING, ItemRow("", "", words, DeliverableStatus.MISSING))] if words else [])
            return
        assert self._report is not None
        room = self.scrollable_content_region.size
        self.put_rows(list(_rows(self._report, room.width, room.height)))

    def row_segments(self, key: str, row: ItemRow, width: int, *, cursor: bool) -> list[Segment]:
        style = self.get_component_rich_style(f"checklist--{row.status.value}", partial=True)
        if key == _NOTHING:
            return [cell(row.said, width, self.get_component_rich_style("lines--dim", partial=True))]
        path, said = _widths(width, self._longest)
        is_wrong = row.status is DeliverableStatus.INVALID
        return [
            cell(row.box, _BOX, style),
            cell(row.path, path, style if is_wrong else Style()),
            cell("", min(_GAP, said), Style()),
            cell(row.said, said - _GAP, style if is_wrong else Style()),
        ]

    @property
    def _longest(self) -> int:
        assert self._report is not None
        return longest_path(self._report)


_NOTHING = "nothing"


def longest_path(report: ChecklistReport) -> int:
    """Terminal cells of the longest path of a list."""
    return max((cell_width(one_line(item.path)) for item in report.items), default=0)


def words_of(item: ChecklistItem, *, final: bool) -> str:
    """What was found, or what is wrong, on one line: `test_accuracy 0.97 >= 0.95`."""
    said = one_line(item.detail or item.status.value).removeprefix(f"{one_line(item.path)}: ")
    if item.status is DeliverableStatus.MISSING and not final:
        said = "not there yet"
    elif said == f"nothing at {one_line(item.path)}":
        said = "missing"
    elif item.status is DeliverableStatus.GROWING:
        said = f"growing, {size(item.size_bytes)}"
    return said if item.required else f"{said} (optional)"


def _rows(report: ChecklistReport, width: int, height: int) -> Iterator[tuple[str, ItemRow]]:
    """A key and the words of each line; reasons go over several lines where all items still fit."""
    path, said = _widths(width, longest_path(report))
    words = [words_of(item, final=report.final) for item in report.items]
    folded = [
        wrapped(text, max(1, said - _GAP))[:_MOST_LINES]
        if said and item.status is not DeliverableStatus.VALID
        else [text]
        for item, text in zip(report.items, words, strict=True)
    ]
    fits = sum(map(len, folded)) <= height
    for place, item in enumerate(report.items):
        lines = folded[place] if fits else [words[place]]
        shown = tail_of_path(one_line(item.path), path)
        yield str(place), ItemRow(item.box, shown, lines[0], item.status)
        for number, line in enumerate(lines[1:], start=1):
            yield f"{place}+{number}", ItemRow("", "", line, item.status)


def _widths(width: int, longest: int) -> tuple[int, int]:
    """Cells for the path, and for what is said of it with the gap before; 0 where that has no room."""
    room = max(0, width - _BOX)
    path = min(longest, _MOST_PATH, max(_LEAST_PATH, room * 45 // 100), room)
    said = room - path
    return (room, 0) if said < _GAP + 6 else (path, said)
