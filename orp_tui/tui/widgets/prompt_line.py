"""One line at the bottom in which words are typed, in the place of the keys."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label


class PromptLine(Widget):
    """Hidden until `ask`; every change is told at once, Enter keeps it, Esc takes it back."""

    BINDINGS = [Binding("escape,ctrl+c", "give_up", "Back")]
    DEFAULT_CSS = """
    PromptLine { dock: bottom; height: 1; width: 1fr; display: none; layout: horizontal; }
    PromptLine Label { width: auto; padding: 0 1; }
    PromptLine Input { width: 1fr; border: none; height: 1; padding: 0; }
    """

    def compose(self) -> ComposeResult:
        yield Label("")
        yield Input(compact=True)

    def on_mount(self) -> None:
        self._changed: Callable[[str], None] | None = None
        self._before = ""
        self._from: Widget | None = None

    def ask(self, label: str, value: str, changed: Callable[[str], None]) -> None:
        """Let a person type; `changed` is called with the text at each change, and with `value` on Esc."""
        self._changed = changed
        self._before, self._from = value, self.screen.focused
        self.query_one(Label).update(Content(label))
        field = self.query_one(Input)
        field.value = value
        field.cursor_blink = getattr(getattr(self.app, "manners", None), "cursor_blink", True)
        self.display = True
        self.screen.add_class("-asking")
        # At once: keys that are typed ahead are meant for the field.
        self.screen.set_focus(field)

    def action_give_up(self) -> None:
        if self._changed is not None:
            self._changed(self._before)
        self._close()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._changed is not None:
            self._changed(event.value)

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        if self._changed is not None:
            self._changed(event.value)
        self._close()

    def _close(self) -> None:
        self._changed = None
        self.display = False
        self.screen.remove_class("-asking")
        if self._from is not None and self._from.is_attached:
            self._from.focus()
