"""A small Textual program for tests: says hello, shows the keys it gets, hands out a file, breaks on demand."""

from __future__ import annotations

import io
import os
import sys

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class Breaking(io.BytesIO):
    """A file whose reader ends halfway."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 100_000:
            os._exit(9)
        return super().read(size)


class SmallApp(App[None]):
    """`d`, `h`, `e` and `w` deliver files, `b` breaks, `q` leaves."""

    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Static(f"hello from {os.getpid()} [", markup=False)
        yield Static("keys:", id="keys")
        yield Static("", id="size")

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#size", Static).update(f"size {event.size.width}x{event.size.height}")

    def on_key(self, event: events.Key) -> None:
        keys = self.query_one("#keys", Static)
        keys.update(f"{keys.content} {event.key}")
        match event.key:
            case "d":
                self.deliver_binary(io.BytesIO(b"\x00\xff" * 100_000), save_filename='odd "name"\n.bin')
            case "h":
                self.deliver_text(io.StringIO("<script>1</script>"), save_filename="page.html")
            case "e":
                self.deliver_binary(Breaking(bytes(1_000_000)), save_filename="halves")
            case "w":
                self.set_interval(0.002, self.change_everything)
                self.deliver_binary(io.BytesIO(bytes(3_000_000)), save_filename="large")
            case "b":
                print("\x1b]0;title\x07last words", file=sys.__stderr__)
                os._exit(7)
            case "q":
                self.exit()

    def change_everything(self) -> None:
        """Some kilobytes of output."""
        self.turn = getattr(self, "turn", 0) + 1
        letter = chr(ord("a") + self.turn % 26)
        self.query_one("#size", Static).update("\n".join(letter * 75 for _ in range(20)))


if __name__ == "__main__":
    SmallApp().run()
