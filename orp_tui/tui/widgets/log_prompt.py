"""The line at the bottom of a log in which a search, a filter or a place is typed."""

from __future__ import annotations

import dataclasses

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label


class LogPrompt(Widget):
    """Hidden until `ask`. Enter gives the answer, Esc closes; Up brings back what was typed before."""

    BINDINGS = [
        Binding("escape,ctrl+c", "close", "Back", show=False),
        Binding("up", "older", "Typed before", show=False),
        Binding("down", "newer", "Typed after", show=False),
    ]
    DEFAULT_CSS = """
    LogPrompt { height: 1; width: 1fr; display: none; layout: horizontal; }
    LogPrompt Label { width: auto; }
    LogPrompt Input { width: 1fr; height: 1; border: none; padding: 0; }
    """

    @dataclasses.dataclass
    class Answered(Message):
        """What was typed; None if the prompt was closed without."""

        prompt: LogPrompt
        what: str
        text: str | None

        @property
        def control(self) -> LogPrompt:
            return self.prompt

    def __init__(self) -> None:
        super().__init__()
        self._what = ""
        self._typed: dict[str, list[str]] = {}
        self._place = 0

    def compose(self) -> ComposeResult:
        yield Label("")
        field = Input(compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor is 2 kB a second over the wire
        yield field

    def ask(self, what: str, sign: str, value: str = "") -> None:
        """Ask for `what`; `sign` stands before what is typed."""
        self._what = what
        self._place = len(self._history)
        self.query_one(Label).update(Content(sign))
        self.display = True
        field = self.query_one(Input)
        field.value = value
        field.cursor_position = len(value)
        self.screen.set_focus(field, scroll_visible=False)

    def action_close(self) -> None:
        if self.display:
            self.post_message(self.Answered(self, self._what, None))

    def action_older(self) -> None:
        self._recall(-1)

    def action_newer(self) -> None:
        self._recall(1)

    @property
    def _history(self) -> list[str]:
        return self._typed.setdefault(self._what, [])

    def _recall(self, step: int) -> None:
        self._place = max(0, min(len(self._history), self._place + step))
        field = self.query_one(Input)
        field.value = self._history[self._place] if self._place < len(self._history) else ""
        field.cursor_position = len(field.value)

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value
        if text and text not in self._history[-1:]:
            self._history.append(text)
        # Whoever asked takes the focus, and that closes it: hidden with the focus in it, it would
        # give that up later, when it is somebody else's.
        self.post_message(self.Answered(self, self._what, text))

    @on(Input.Changed)
    def _silent(self, event: Input.Changed) -> None:
        event.stop()

    def on_descendant_blur(self) -> None:
        """The focus went elsewhere: nothing is being typed any more."""
        if self.app.app_focus:
            self.display = False
