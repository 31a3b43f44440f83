"""What stands on a screen of the dashboard, and waiting for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from textual.app import App
from textual.pilot import Pilot

Found = TypeVar("Found")


def lines(app: App[object]) -> list[str]:
    """The rows of the screen as text."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text(app: App[object]) -> str:
    """The screen as text."""
    return "\n".join(lines(app))


async def eventually(pilot: Pilot[object], condition: Callable[[], Found], seconds: float = 20.0) -> Found:
    """The first true answer of `condition`, asked while the app goes on."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s; the screen is\n{text(pilot.app)}")
        await asyncio.sleep(0.02)
    await pilot.pause()
    return answer


async def sees(pilot: Pilot[object], *words: str, gone: str | None = None) -> None:
    """Wait until all the words are on the screen, and `gone` is not."""

    def there() -> bool:
        shown = text(pilot.app)
        return all(word in shown for word in words) and (gone is None or gone not in shown)

    await eventually(pilot, there)
