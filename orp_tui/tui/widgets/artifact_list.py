"""What a run left behind: the members of its zip, what that only refers to, what was left out and why."""

from __future__ import annotations

import dataclasses
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
from orp_tui.tui.widgets.lines import LineList, cell
from orp_tui.tui.widgets.wrapping import tail_of_path

_SIZE = 9
_MOST_NOTE = 40


class ArtifactList(LineList):
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

    def show(self, files: RunFiles) -> None:
        """Show these files."""
        self._files = files
        self.put_rows([(str(place), file) for place, file in enumerate(files.files)])

    @property
    def title(self) -> str:
        """What the border says: `Artifacts 48 files, 1.4 MiB`."""
        files = self._files
        if files.zip_path is None:
            return "Files, no zip yet"
        if files.wrong:
            return "Artifacts: the zip can't be read"
        return f"Artifacts {counted(len(files.files) + files.more, 'file')}, {size(files.zip_bytes)}"

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
