"""What a run left behind: the members of its zip, what that only refers to, what was left out and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.words import counted, size
from orp_tui.services.preview import Place
from orp_tui.services.run_files import RunFile, RunFiles
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.filtered import FilteredList
from orp_tui.tui.widgets.lines import cell
from orp_tui.tui.widgets.wrapping import tail_of_path

_SIZE = 9
_SORTS: tuple[tuple[str, Callable[[RunFile], Any] | None], ...] = (
    ("the zip's order", None),
    ("name", lambda file: file.path),
    ("size", lambda file: (-file.size, file.path)),
)  # Any: what can be compared
_MOST_NOTE = 40


class ArtifactList(FilteredList):
    """One file a line. It opens, checks and writes nothing itself: it posts wishes."""

    BINDINGS = bindings("artifacts")

    @dataclasses.dataclass
    class OpenRequested(Message):
        """Somebody wants to look into a file."""

        widget: ArtifactList
        place: Place

        @property
        def control(self) -> ArtifactList:
            return self.widget

    @dataclasses.dataclass
    class VerifyRequested(Message):
        """Somebody wants to know whether the zip is what its manifest says."""

        widget: ArtifactList

        @property
        def control(self) -> ArtifactList:
            return self.widget

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._files = RunFiles()
        self._sort, self._is_reversed = 0, False

    def show(self, files: RunFiles) -> None:
        """Show these files."""
        if files is not self._files:
            self._files = files
            self.show_filtered()

    def show_filtered(self) -> None:
        found = [
            (str(place), file)
            for place, file in enumerate(self._files.files)
            if not self._filter or self.lets_through(file.path.lower())
        ]
        key = _SORTS[self._sort][1]
        if key is not None:
            found.sort(key=lambda item: key(item[1]))
        if self._is_reversed:
            found.reverse()
        self.put_rows(found)

    def action_sort(self) -> None:
        self._sort = (self._sort + 1) % len(_SORTS)
        self._put_anew()

    def action_reverse(self) -> None:
        self._is_reversed = not self._is_reversed
        self._put_anew()

    def _put_anew(self) -> None:
        self.show_filtered()
        self.post_message(self.TitleChanged())

    def empty_lines(self, width: int) -> list[str]:
        return ["no file is called so; Esc shows all"] if self._filter and self._files.files else []

    @property
    def title(self) -> str:
        """What the border says: `Artifacts 48 files, 1.4 MiB`."""
        files = self._files
        if files.zip_path is None:
            return "Files, no zip yet"
        if files.wrong:
            return "Artifacts: the zip can't be read"
        words = [f"Artifacts {counted(len(files.files) + files.more, 'file')}, {size(files.zip_bytes)}"]
        if self._filter:
            words.append(f"{len(self.keys_shown):,} with {one_line(self._filter, 30)}")
        if self._sort or self._is_reversed:
            words.append(f"by {_SORTS[self._sort][0]}{', reversed' if self._is_reversed else ''}")
        return "  ".join(words)

    @property
    def file(self) -> RunFile | None:
        """The one under the cursor."""
        return self._rows.get(self.cursor_key) if self.cursor_key is not None else None

    def action_open_artifact(self) -> None:
        if self.file is not None and self.file.place is not None:
            self.post_message(self.OpenRequested(self, self.file.place))

    def action_verify(self) -> None:
        self.post_message(self.VerifyRequested(self))

    def on_click(self, event: events.Click) -> None:
        super().on_click(event)
        if event.chain == 2:
            self.action_open_artifact()

    def row_segments(self, key: str, row: RunFile, width: int, *, cursor: bool) -> list[Segment]:
        quiet = self.get_component_rich_style("lines--dim", partial=True)
        note = _note(row)
        room = max(1, width - 2 - _SIZE)
        beside = min(cell_width(note) + 2, _MOST_NOTE, room // 2) if note else 0
        name = room - beside
        path = tail_of_path(one_line(row.path), max(1, name - 1))
        is_counted = row.where != "left out" and not row.path.endswith("/")
        return [
            cell(">" if cursor else "", 2, Style()),
            cell(path, name, quiet if row.place is None else Style()),
            cell("", min(2, beside), quiet),
            cell(note, beside - 2, quiet),
            cell(size(row.size) if is_counted else "", _SIZE, Style(), right=True),
        ]


def _note(row: RunFile) -> str:
    """Why it is not in the zip, or what should be known of it."""
    if row.where == "left out":
        return one_line(f"left out: {row.note}")
    return one_line(row.note)
