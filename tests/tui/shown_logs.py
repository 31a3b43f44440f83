"""A log on a screen of its own: what stands in it, and hands to drive it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from screens import eventually
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from orp_tui.logs.status import LogStatus
from orp_tui.tui.styles import styles_dir
from orp_tui.tui.widgets.log_text import LogText
from orp_tui.tui.widgets.log_view import LogSources, LogView


class LogApp(App[None]):
    """One log view, and every status that it told."""

    CSS_PATH = styles_dir() / "log.tcss"

    def __init__(self, sources: LogSources | None) -> None:
        super().__init__()
        self.sources = sources
        self.told: list[LogStatus] = []

    def compose(self) -> ComposeResult:
        yield LogView(ticks_per_s=50)

    def on_mount(self) -> None:
        self.view.show(self.sources)
        self.view.focus()

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)

    def on_log_view_status_changed(self, event: LogView.StatusChanged) -> None:
        self.told.append(event.status)


class Shown:
    """A log on the screen of a pilot."""

    def __init__(self, app: LogApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.view = app, pilot, app.view

    def rows(self, stream: str = "stdout") -> list[str]:
        """What is drawn, without spaces at the ends; empty lines at the end left out."""
        text = self.view.query_one(f"#log-{stream}", LogText)
        rows = [text.render_line(y).text.rstrip() for y in range(text.size.height)] if text.display else []
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def status(self) -> LogStatus:
        return self.view.status

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is true."""
        await eventually(self.pilot, condition)

    async def shows(self, *last: str, stream: str = "stdout") -> None:
        """Wait until these are the last rows."""
        await self.until(lambda: self.rows(stream)[-len(last) :] == list(last))

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)


@contextlib.asynccontextmanager
async def log_shown(
    stdout: Path | str | None, stderr: Path | str | None = None, *, size: tuple[int, int] = (60, 12)
) -> AsyncIterator[Shown]:
    """`async with log_shown(path) as shown`."""
    sources = LogSources("run", stdout and str(stdout), stderr and str(stderr))
    app = LogApp(sources)
    async with app.run_test(size=size) as pilot:
        yield Shown(app, pilot)
