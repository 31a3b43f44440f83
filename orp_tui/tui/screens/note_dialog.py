"""A note on runs, of several lines, written here or in the person's editor."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.tui.bindings import bindings, bindings_above

LONGEST = 16_000
"""Characters that a note may have."""
_HINT = "^d  keep      ^o  in your editor      Esc  back"


class NoteArea(TextArea):
    """What is pasted is harmless; the dialog's keys outrank those of the text."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("note")

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        room = max(0, LONGEST - len(self.text))
        self.insert(harmless(event.text)[:room])

    def action_keep(self) -> None:
        self._dialog.keep()

    def action_edit(self) -> None:
        self._dialog.edit()

    def action_back(self) -> None:
        self._dialog.back()

    @property
    def _dialog(self) -> WriteNote:
        assert isinstance(self.screen, WriteNote)
        return self.screen


class WriteNote(ModalScreen[str | None]):
    """The note; None if the person went back or wrote nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_above()]

    def __init__(self, title: str, *, before: str = "", text: str = "") -> None:
        """`before`: the newest note that is there, shown above; `text`: what to go on writing at."""
        super().__init__()
        self._title = title
        self._before = one_line(before, 400)
        self._text = harmless(text)
        self._is_warned = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -note") as box:
            box.border_title = Content(one_line(self._title, 70))
            if self._before:
                yield Static(Content(f"newest: {self._before}"), classes="before")
            yield NoteArea(self._text, compact=True, show_line_numbers=False, highlight_cursor_line=False)
            yield Static(Content(_HINT), classes="answer")

    def on_mount(self) -> None:
        area = self.query_one(NoteArea)
        area.cursor_blink = getattr(getattr(self.app, "manners", None), "cursor_blink", True)
        area.move_cursor(area.document.end)
        area.focus()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "note"

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._is_warned = False
        left = LONGEST - len(event.text_area.text)
        self._say(_HINT if left >= 0 else f"a note has at most {LONGEST:,} characters: {-left:,} too many")

    def keep(self) -> None:
        """End with what is written."""
        text = harmless(self.query_one(NoteArea).text).strip()
        if len(text) <= LONGEST:
            self.dismiss(text or None)

    def back(self) -> None:
        """End without a note; what is written is not thrown away at the first key."""
        if self.query_one(NoteArea).text.strip() and not self._is_warned:
            self._is_warned = True
            self._say("Esc again throws away what is written; ^d keeps it")
        else:
            self.dismiss(None)

    def edit(self) -> None:
        """Go on in the editor; what was saved there stands here again."""
        from orp_tui.services import terminal

        area = self.query_one(NoteArea)
        wrong: Any = None
        with self.app.suspend():
            try:
                text, wrong = terminal.edit_text(area.text)
            except (OrpError, OSError) as error:
                text, wrong = area.text, str(error)
        area.text = harmless(text)
        area.move_cursor(area.document.end)
        if wrong:
            self._say(one_line(wrong, 200))

    def _say(self, words: str) -> None:
        self.query_one(".answer", Static).update(Content(words))


def harmless(text: str) -> str:
    """Several lines, none of which acts on a terminal; tabs as blanks."""
    return sanitise("\n".join(text.splitlines()), keep_newlines=True).replace("\t", "    ")
