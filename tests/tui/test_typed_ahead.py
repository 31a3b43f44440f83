"""A hand that is faster than the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

import pytest
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from orp_tui.tui.typed_ahead import TypedAhead


async def until(condition: Callable[[], object], what: str) -> None:
    """Let the app go on until the condition holds."""
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(what)


class Asks(ModalScreen[str]):
    """A dialog with a field."""

    def __init__(self, field: Input | TextArea) -> None:
        super().__init__()
        self._field = field

    def compose(self) -> ComposeResult:
        yield self._field

    def on_mount(self) -> None:
        self._field.focus()


class List(Static, can_focus=True):
    """What has the focus at first."""


class Typed(TypedAhead[str]):
    """`/` shows a field, `t` a dialog with one, `n` one of many lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("slash", "ask", "Ask"),
        ("t", "dialog", "Dialog"),
        ("n", "note", "Note"),
        ("x", "wrong", "Wrong"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []
        self.wrong = 0
        self.field = Input()
        self.note = TextArea()

    def compose(self) -> ComposeResult:
        yield List("rows")
        yield Input(id="prompt")

    def on_mount(self) -> None:
        self.query_one(List).focus()

    def action_ask(self) -> None:
        self.screen.set_focus(self.query_one("#prompt"))

    def action_dialog(self) -> None:
        self.push_screen(Asks(self.field))

    def action_note(self) -> None:
        self.push_screen(Asks(self.note))

    def action_wrong(self) -> None:
        self.wrong += 1

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        self.kept.append(event.value)

    def burst(self, keys: str) -> None:
        """Keys that come in one breath."""
        for key in keys:
            name = {"/": "slash", "\n": "enter", "\b": "backspace"}.get(key, key)
            self.post_message(events.Key(name, key if key.isprintable() else None))


@pytest.mark.anyio
async def test_what_is_typed_in_one_breath_with_the_key_that_asks_is_in_the_field():
    app = Typed()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.burst("/next/t\b")

        await until(lambda: app.query_one("#prompt", Input).value == "next/", "the letters in the field")
        assert app.wrong == 0


@pytest.mark.anyio
async def test_an_enter_does_not_overtake_the_letters_before_it():
    app = Typed()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.burst("/abc\n")

        await until(lambda: app.kept == ["abc"], "what was kept")


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["t", "n"])
async def test_what_is_typed_ahead_of_a_dialog_is_in_its_field(key):
    app = Typed()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.burst(f"{key}next")

        await until(lambda: "next" in (app.field.value, app.note.text), "the letters in the dialog")
        assert app.wrong == 0


@pytest.mark.anyio
async def test_a_key_that_the_field_itself_leaves_to_others_is_done_once():
    app = Typed()
    app.bind("f5", "wrong")
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("slash", "f5")

        await until(lambda: app.wrong == 1, "the key")
        assert app.query_one("#prompt", Input).value == ""
