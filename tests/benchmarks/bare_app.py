"""The least that a Textual app can be: a line of text that counts its keys. The anchor of the dashboard's rows."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class BareApp(App[None]):
    """Says `ready`, then how many keys it was given."""

    keys = 0

    def compose(self) -> ComposeResult:
        yield Static("ready", id="words")

    def on_key(self, _: events.Key) -> None:
        self.keys += 1
        self.query_one("#words", Static).update(f"key {self.keys};")


if __name__ == "__main__":
    BareApp().run()
