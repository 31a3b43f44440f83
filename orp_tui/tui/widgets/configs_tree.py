"""The experiment files: a tree with what each is, what is wrong with it, and its newest run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.services.configs_read import Kind
from orp_tui.tui.bindings import bindings
from orp_tui.tui.config_rows import NOT_A_FILE, ConfigRow, RowMaker, without_experiments
from orp_tui.tui.widgets.filtered import FilteredList
from orp_tui.tui.widgets.lines import cell
from orp_tui.tui.widgets.wrapping import tail_of_path, wrapped

if TYPE_CHECKING:
    from orp_tui.services.configs import ConfigFile, ConfigsView

_STATES = (
    "queued", "held", "starting", "running", "finishing", "succeeded", "incomplete", "failed",
    "cancelled", "lost", "invalid", "valid", "quiet",
)  # fmt: skip
_SIGNS, _GLYPH, _WORD, _RUN = 2, 2, 13, 5
_WORDS_FROM, _RUNS_FROM, _NAMES_FROM = 30, 44, 64
"""Widths of the pane from which states have words, words have run ids, and experiments have their names."""
_SHORT_KEYS_BELOW = 50


class ConfigsTree(FilteredList):
    """Files in their folders. Verbs are the screen's business: they ask for `chosen_files`."""

    BINDINGS = bindings("configs")
    PLACE = "configs"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"state--{name}" for name in _STATES} | {"configs--folder"}

    @dataclasses.dataclass
    class ConfigHighlighted(Message):
        """The cursor stands on another file, or on none (None)."""

        file: ConfigFile | None

    def __init__(self, *, ascii_only: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._maker = RowMaker(ascii_only=ascii_only)
        self._view: ConfigsView | None = None
        self._files: dict[str, ConfigFile] = {}
        self._turned: dict[str, bool] = {}
        """Folder → whether it was closed (True) or opened by hand."""
        self._strange: set[str] = set()
        """Folders in which nothing is an experiment; they start closed."""
        self._awaited: str | None = None
        """A file that gets the cursor once it is there."""

    # What is shown

    def show(self, view: ConfigsView) -> None:
        """Show these files; the cursor stays with its file."""
        self._view = view
        self._files = {file.name: file for file in view.files}
        self._strange = without_experiments(view)
        self._show()
        if self._awaited is not None:
            self.reveal(self._awaited)
        self.post_message(self.TitleChanged())

    @property
    def view(self) -> ConfigsView | None:
        """What was last shown; None before anything was."""
        return self._view

    @property
    def title(self) -> str:
        """What the border says."""
        return self.title_of("Configs", len(self._files))

    def show_filtered(self) -> None:
        self._show()
        if self._filter and self.cursor_file is None:
            first = next((key for key in self.keys_shown if key in self._files), None)
            if first is not None:
                self.go_to(first)

    def file_of(self, path: Path) -> ConfigFile | None:
        """The file of that path as it was last shown; None if there is none."""
        return next((file for file in self._files.values() if file.path == path), None)

    @property
    def cursor_file(self) -> ConfigFile | None:
        """The file under the cursor; None on a folder, or if there is nothing."""
        return self._files.get(self.cursor_key or "")

    @property
    def cursor_folder(self) -> str | None:
        """The folder under the cursor, relative and with its `/`; None on a file."""
        key = self.cursor_key
        return key if key is not None and key.endswith("/") else None

    @property
    def chosen_files(self) -> tuple[ConfigFile, ...]:
        """What a verb acts on: the marks if there are any, else the file under the cursor, or all of its folder."""
        if self.marks:
            return tuple(self._files[key] for key in self.marks if key in self._files)
        folder = self.cursor_folder
        if folder is not None:
            return tuple(
                file
                for name, file in self._files.items()
                if name.startswith(folder) and (not self._filter or name in self._rows)
            )
        return (self.cursor_file,) if self.cursor_file is not None else ()

    def reveal(self, name: str) -> bool:
        """Put the cursor on a file, its folders opened; False if there is none of that relative name yet.

        Then that is done as soon as it is shown.
        """
        self._awaited = None if name in self._files else name
        if self._awaited is not None:
            return False
        place = name.find("/")
        while place >= 0:
            self._turned[name[: place + 1]] = False
            place = name.find("/", place + 1)
        self._show()
        return self.go_to(name)

    def _show(self) -> None:
        if self._view is None:
            return
        wanted = self.lets_through if self._filter else None
        rows = [(row.key, row) for row in self._maker.rows(self._view, wanted, self._is_closed)]
        has_files = any(row.is_choosable for _, row in rows)
        self.put_rows(rows if has_files else [])
        if not has_files:
            self.refresh()

    def _is_closed(self, folder: str) -> bool:
        return self._turned.get(folder, folder in self._strange)

    # Keys

    def toggle_folder(self) -> bool:
        """Open or close the folder under the cursor; False if there is none."""
        folder = self.cursor_folder
        if folder is None:
            return False
        self._turn(folder, not self._is_closed(folder))
        return True

    def action_open_folder(self) -> None:
        folder = self.cursor_folder
        if folder is not None and self._is_closed(folder):
            self._turn(folder, False)
        elif folder is not None:
            self.action_cursor_down()

    def action_close_folder(self) -> None:
        key = self.cursor_key or ""
        if key.endswith("/") and not self._is_closed(key):
            self._turn(key, True)
        else:
            outer = key.rstrip("/").rpartition("/")[0]
            if outer:
                self.go_to(f"{outer}/")

    def _turn(self, folder: str, closed: bool) -> None:
        self._turned[folder] = closed
        self._show()

    def action_mark(self) -> None:
        folder = self.cursor_folder
        if folder is None:
            super().action_mark()
            return
        if self._is_closed(folder):
            self._turn(folder, False)
        inside = {key for key in self._keys if key.startswith(folder) and key in self._files}
        self._marks = self._marks - inside if inside <= self._marks else self._marks | inside
        self.refresh()
        self.marks_changed()

    def action_mark_range(self) -> None:
        super().action_mark_range()
        self._marks &= self._files.keys()
        self.refresh()
        self.marks_changed()

    def action_mark_all(self) -> None:
        every = {key for key in self._keys if key in self._files and self._files[key].kind is not Kind.OTHER}
        self._marks = set() if every <= self._marks else every
        self.refresh()
        self.marks_changed()

    # The cursor stands on files and folders only

    def _move_to(self, place: int) -> None:
        last = len(self._keys) - 1
        place = max(0, min(place, last))
        down, up = range(place, last + 1), range(place, -1, -1)
        for other in (*down, *up) if place >= self.cursor_place else (*up, *down):
            if self._rows[self._keys[other]].is_choosable:
                super()._move_to(other)
                return

    def _set_cursor(self, key: str | None) -> None:
        if key is not None and NOT_A_FILE in key:
            before = self._keys[: self._keys.index(key)]
            key = next((other for other in reversed(before) if NOT_A_FILE not in other), None)
        if key != self._cursor:
            super()._set_cursor(key)
            self.post_message(self.ConfigHighlighted(self._files.get(key or "")))

    # Drawing

    def render_line(self, y: int) -> Strip:
        if self._keys or self._view is None:
            return super().render_line(y)
        lines = self._empty_lines(self.size.width)
        style = self.rich_style
        return Strip([cell(lines[y] if y < len(lines) else "", self.size.width, style)])

    def _empty_lines(self, width: int) -> list[str]:
        view = self._view
        assert view is not None
        place = tail_of_path(one_line(str(view.folder)), max(1, width - 2))
        if self._filter:
            words = ["No file holds these words.", "Esc takes the filter back."]
        elif not view.exists:
            words = ["There is no folder", place, "n makes it, with an experiment from a template."]
        else:
            words = ["No experiment file in", place, "n makes one from a template."]
        words += [one_line(note) for note in view.notes]
        return [f" {line}" for text in words for line in wrapped(text, max(1, width - 2))]

    def row_segments(self, key: str, row: ConfigRow, width: int, *, cursor: bool) -> list[Segment]:
        plain = self.rich_style
        indent = " " * min(2 * row.depth, max(0, width // 3))
        if not row.is_choosable:
            return self._beneath(row, indent, width)
        state = self._style_of(row.style)
        said = self._said(row, width)
        said_width = cell_width(said)
        name_style = plain
        if row.is_folder:
            name_style = plain + self.get_component_rich_style("configs--folder", partial=True)
        elif row.style == "quiet":
            name_style = state
        signs = cell(self.signs(key, cursor=cursor), _SIGNS, plain)
        if not row.is_folder and width >= _WORDS_FROM:
            indent += "  "
        room = width - _SIGNS - len(indent) - (said_width + 1 if said else 0)
        begin = [signs, Segment(indent, plain)]
        if width >= _NAMES_FROM and row.experiment and not row.is_folder:
            half = max(12, (room + len(indent)) // 2 - len(indent))
            dim = self._style_of("quiet")
            begin += [cell(row.name, half, name_style), cell(f" {row.experiment}", room - half, dim)]
        else:
            begin.append(cell(row.name, room, name_style))
        return [*begin, Segment(" ", plain), Segment(said, state)] if said else begin

    def _said(self, row: ConfigRow, width: int) -> str:
        """The state, right of the name: all columns of it as wide in every row."""
        if row.is_folder:
            return f"{row.glyph} {row.word}".strip() if width >= _WORDS_FROM else row.glyph
        if width < _WORDS_FROM:
            return f"{row.glyph} {row.run or ('' if row.word != 'invalid' else 'bad'):<4}"
        word = f"{row.glyph} {row.word:<{_WORD - _GLYPH}}"
        return f"{word} {row.run:<{_RUN - 1}}" if width >= _RUNS_FROM else word

    def _beneath(self, row: ConfigRow, indent: str, width: int) -> list[Segment]:
        """What is wrong with the file above, or a note on the folder."""
        style = self._style_of(row.style)
        words = row.brief if row.brief and width < _SHORT_KEYS_BELOW else row.name
        deeper = " " * (6 if width >= _WORDS_FROM else 4)
        gap = indent + deeper if row.style == "invalid" else " "
        return [Segment(gap, style), cell(words, width - len(gap), style)]

    def _style_of(self, name: str) -> Style:
        if not name:
            return self.rich_style
        return self.rich_style + self.get_component_rich_style(f"state--{name}", partial=True)
