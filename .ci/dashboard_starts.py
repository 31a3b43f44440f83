"""Start the dashboard of an installed wheel, without a terminal, in the current folder: its runs must be there."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from orp_tui.services.context import open_context
from orp_tui.tui.app import OrpApp
from orp_tui.tui.manners import Manners


async def main() -> None:
    """Wait until the screen shows the run that succeeded here."""
    app = OrpApp(open_context(), Manners(), configs_dir=Path.cwd())
    async with app.run_test(size=(100, 30)) as pilot:
        deadline = time.monotonic() + 60
        while "succeeded" not in (shown := app.export_screenshot()):
            if time.monotonic() > deadline:
                raise SystemExit(f"no run on the screen:\n{shown}")
            await pilot.pause(0.1)
    print("the dashboard of the wheel shows its run")  # noqa: T201 - a script


asyncio.run(main())
