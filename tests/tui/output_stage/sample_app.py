"""A small dashboard for the tests, run as `python sample_app.py plain|staged`; each key is one change.

The last line says how many changes are painted, so that a test knows when to look.
"""

from __future__ import annotations

import sys
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Header, Input, RichLog, Static, TabbedContent, TabPane

from orp_tui.tui.output_stage.driver import StagedDriver


class Dialog(ModalScreen[None]):
    BINDINGS: ClassVar = [Binding("f3", "app.dialog", "close")]
    CSS = "Dialog { align: center middle; } #box { width: 40; height: 7; border: thick red; }"

    def compose(self) -> ComposeResult:
        yield Static("Cancel the run?\n世界 [b]bold[/b] ✓", id="box")


class SampleApp(App[None]):
    CSS = """
    #top { height: 12; } #table { width: 1fr; } TabbedContent { height: 1fr; } #log { height: 1fr; border: round blue; }
    #input { width: 30; } #done { height: 1; }
    """
    BINDINGS: ClassVar = [
        Binding(key, action, action)
        for key, action in {
            "f1": "rows", "f2": "log", "f3": "dialog", "f4": "tab", "f5": "toast", "f6": "theme", "f7": "bell",
            "f8": "shell", "f9": "crash", "f10": "quit", "f12": "burst", "ctrl+z": "suspend_process",
        }.items()
    ]  # fmt: skip

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal(id="top"):
            yield DataTable(id="table", cursor_type="row")
            yield Input(placeholder="filter", id="input")
        with TabbedContent():
            with TabPane("Log"):
                yield RichLog(id="log", auto_scroll=True, wrap=False)
            with TabPane("Other"):
                yield Static("other tab\n" + "日本語 text\n" * 5)
        yield Static("changes: 0", id="done")
        yield Footer()

    def on_mount(self) -> None:
        self.changes = 0
        table = self.query_one(DataTable)
        table.add_columns("run", "state", "loss")
        for number in range(60):
            table.add_row(f"exp_{number:04d}", Text("✓ done", style="green"), f"{1 / (number + 1):.5f}")
        table.focus()

    def done(self) -> None:
        self.changes += 1
        self.call_after_refresh(self.say, f"changes: {self.changes}")

    def say(self, words: str) -> None:
        self.query_one("#done", Static).update(words)

    def action_rows(self) -> None:
        table = self.query_one(DataTable)
        for number in range(8):
            table.update_cell_at((number, 2), f"{self.changes}.{number}世")
        table.move_cursor(row=self.changes * 3 % 60, animate=False)
        self.done()

    def action_log(self) -> None:
        for number in range(3):
            line = f"step {self.changes}-{number} loss=0.{number} é e\u0301 🚀 世界 {'=' * (number * 9)}"
            self.query_one(RichLog).write(Text(line, style="bold magenta" if number else ""), animate=False)
        self.done()

    def action_burst(self) -> None:
        self.left = 30
        self.timer = self.set_interval(0.01, self.one_of_burst)

    def one_of_burst(self) -> None:
        self.left -= 1
        self.action_log()
        self.query_one(Input).value = f"{self.left} left"
        if not self.left:
            self.timer.stop()

    async def action_dialog(self) -> None:
        if isinstance(self.screen, Dialog):
            self.pop_screen()
            self.done()
        else:
            await self.push_screen(Dialog())

    def action_tab(self) -> None:
        tabs = self.query_one(TabbedContent)
        tabs.active = "tab-2" if tabs.active == "tab-1" else "tab-1"
        self.done()

    def action_toast(self) -> None:
        self.notify("saved 世界 ✓", title="Note", timeout=3600)
        self.done()

    def action_theme(self) -> None:
        self.theme = "textual-light" if self.theme == "textual-dark" else "textual-dark"
        self.done()

    def action_bell(self) -> None:
        self.bell()
        self.copy_to_clipboard("copied")
        self.done()

    def action_shell(self) -> None:
        with self.suspend():
            print("in the shell", flush=True)
            input()
        self.done()

    def action_crash(self) -> None:
        raise ZeroDivisionError("a fault of the app")

    def on_input_changed(self) -> None:
        if self.query_one(Input).has_focus:
            self.done()


if __name__ == "__main__":
    SampleApp(driver_class=StagedDriver if sys.argv[1] == "staged" else None).run()
