from __future__ import annotations

import pytest
from textual.app import App
from textual.widgets import Static

from orp_tui.tui.screens.keys import Keys


@pytest.mark.anyio
async def test_the_sentence_of_the_key_under_the_cursor_is_there_whole_with_its_command():
    app = App()
    async with app.run_test(size=(60, 20)) as pilot:
        await app.push_screen(Keys(["queue"], lambda key: key.keys))
        await pilot.press("down", "down")
        await pilot.pause()

        told = str(app.screen.query_one(".sentence", Static).content)
        assert told == "End the run: its stop signal, its grace, then SIGKILL.  `orp cancel RUN`"

        await pilot.press(*"no such key at all")
        await pilot.pause()
        assert app.screen.query_one(".sentence", Static) is not None
