"""Short questions: yes or no, a line of text, one of a few."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

MANY = 5
"""Over so many runs the number has to be typed."""


class Confirm(ModalScreen[bool]):
    """`y` does it, Enter alone does not; for many runs their number has to be typed."""

    BINDINGS = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,q,ctrl+c", "answer(False)", "No"),
    ]

    def __init__(self, title: str, lines: Sequence[str], *, count: int = 1) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._count = count

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Static(Content("\n".join(self._lines)))
            if self._count > MANY:
                yield Static(
                    Content(f"Type {self._count} and Enter to do it, Esc to leave it."), classes="answer"
                )
                yield Input(id="count", restrict=r"[0-9]*", compact=True)
            else:
                yield Static(Content("y  do it      n, Esc  leave it"), classes="answer")

    def on_mount(self) -> None:
        if self._count > MANY:
            self.query_one(Input).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "answer" and parameters == (True,):
            return self._count <= MANY
        return True

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value == str(self._count))


class AskLine(ModalScreen[str | None]):
    """One line of text; None if the person went back."""

    BINDINGS = [Binding("escape,ctrl+c", "dismiss(None)", "Back")]

    def __init__(self, title: str, *, value: str = "", hint: str = "") -> None:
        super().__init__()
        self._title = title
        self._value = value
        self._hint = hint

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Input(self._value, compact=True)
            if self._hint:
                yield Static(Content(self._hint), classes="answer")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value)


class Choose(ModalScreen[str | None]):
    """One of a few, by Enter or by its letter; None if the person went back."""

    BINDINGS = [Binding("escape,ctrl+c,q", "dismiss(None)", "Back")]

    def __init__(self, title: str, options: Sequence[tuple[str, str, str]]) -> None:
        """Each option: its letter, its name as the answer, and the words shown."""
        super().__init__()
        self._title = title
        self._options = options

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield OptionList(
                *(
                    Option(Content(f"{letter}  {words}" if letter else words), id=name)
                    for letter, name, words in self._options
                ),
                compact=True,
            )

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def on_key(self, event: events.Key) -> None:
        for letter, name, _words in self._options:
            if letter and event.character == letter:
                # Else it would be a key of the screen beneath as well, which is on top by then.
                event.stop()
                event.prevent_default()
                self.dismiss(name)
                return

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)


class Said(ModalScreen[None]):
    """What was said, to be read again; the newest first."""

    BINDINGS = [Binding("escape,enter,q,exclamation_mark,ctrl+c", "dismiss(None)", "Back")]

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large") as box:
            box.border_title = Content("Messages")
            words = self._lines or ["nothing was said yet"]
            yield OptionList(*(Content(line) for line in words), compact=True)
            yield Static(Content("Esc  back"), classes="answer")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
