"""A bare app for one widget or screen, with our themes and styles."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from orp_tui.tui.manners import Manners
from orp_tui.tui.styles import style_files
from orp_tui.tui.themes import register_themes, state_variables


class Stage(App[None]):
    """Shows the widgets it is given and keeps the messages that reach it."""

    CSS_PATH = style_files()

    def __init__(self, *widgets: Widget, manners: Manners | None = None) -> None:
        super().__init__()
        self._on_stage = widgets
        self.heard: list[Message] = []
        self.said: list[str] = []
        register_themes(self, manners or Manners())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return state_variables(self.current_theme)

    def say(self, words: str) -> None:
        """Keeps what the dashboard would show in a toast."""
        self.said.append(words)

    def compose(self) -> ComposeResult:
        yield from self._on_stage

    async def _on_message(self, message: Message) -> None:
        self.heard.append(message)
        await super()._on_message(message)

    def heard_of(self, kind: type[Message]) -> list[Any]:
        """The messages of a kind that reached the app, the oldest first."""
        return [message for message in self.heard if isinstance(message, kind)]


def drawn(widget: Widget) -> list[str]:
    """The lines that a line-API widget draws, each as wide as its room."""
    return [widget.render_line(y).text for y in range(widget.size.height)]
