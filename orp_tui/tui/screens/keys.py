"""The keys of a place: read, filtered, and run with Enter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from orp_tui.tui.bindings import PLACES, Key, keys_of


class Keys(ModalScreen[str | None]):
    """The answer is the id of the key to run; None if the person went back."""

    BINDINGS = [
        Binding("escape,ctrl+c,f1", "dismiss(None)", "Back"),
        Binding("down", "move(1)", "Down", priority=True),
        Binding("up", "move(-1)", "Up", priority=True),
        Binding("pagedown", "page(1)", "Page down", priority=True),
        Binding("pageup", "page(-1)", "Page up", priority=True),
    ]

    def __init__(self, places: Sequence[str], written: Callable[[Key], str]) -> None:
        """Keys of these places, in their order; `written` says how a key is written now."""
        super().__init__()
        self._places = places
        self._written = written

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large") as box:
            box.border_title = Content(f"Keys: {PLACES[self._places[0]]}")
            yield Input(placeholder="filter", compact=True)
            yield OptionList(compact=True)
            yield Static(classes="sentence")
            yield Static(Content("Enter  run it     Esc  back"), classes="answer")

    def on_mount(self) -> None:
        self._fill("")
        self.query_one(Input).focus()

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    async def action_page(self, by: int) -> None:
        options = self.query_one(OptionList)
        await self.app.run_action("page_down" if by > 0 else "page_up", default_namespace=options)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value)

    @on(Input.Submitted)
    def _run(self, event: Input.Submitted) -> None:
        event.stop()
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self.dismiss(options.get_option_at_index(options.highlighted).id)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """A line of the list may be cut; here the sentence is whole, with what does the same in a shell."""
        event.stop()
        key = next(
            (key for place in self._places for key in keys_of(place) if key.id == event.option_id), None
        )
        twin = f"  `{key.twin}`" if key is not None and key.twin else ""
        told = "" if key is None else f"{key.tooltip}{twin}"
        self.query_one(".sentence", Static).update(Content(told))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)

    def _fill(self, words: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        for place in self._places:
            found = [key for key in keys_of(place) if _holds(key, words)]
            if not found:
                continue
            options.add_option(Option(Content.styled(PLACES[place], "bold"), disabled=True))
            for key in found:
                options.add_option(Option(Content(line_of(key, self._written(key))), id=key.id))
        options.action_first()
        if not options.option_count:
            self.query_one(".sentence", Static).update()


def line_of(key: Key, written: str) -> str:
    """`x       Cancel          End the run: …`."""
    return f"{written:<9} {key.label:<16} {key.tooltip}"


def _holds(key: Key, words: str) -> bool:
    text = f"{key.keys} {key.label} {key.tooltip} {key.twin}".lower()
    return all(word in text for word in words.lower().split())
