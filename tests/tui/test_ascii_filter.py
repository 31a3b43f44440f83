"""What is drawn with --ascii."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from screens import lines, sees

from orp_tui.core.sanitise import cell_width, sanitise
from orp_tui.tui.ascii_filter import in_ascii


@given(st.text(max_size=80))
def test_any_safe_text_becomes_ascii_of_the_same_width(text: str) -> None:
    safe = sanitise(text)

    shown = in_ascii(safe)

    assert shown.isascii()
    assert cell_width(shown) == cell_width(safe)


@pytest.mark.anyio
async def test_the_whole_dashboard_is_ascii(project, open_dashboard) -> None:
    project.submit("printf 'b\\303\\244r \\342\\226\\210'")
    project.leader()
    async with open_dashboard(project, size=(120, 40), ascii=True) as (app, pilot):
        await sees(pilot, "succeeded")

        assert all(line.isascii() for line in lines(app)), lines(app)
        await pilot.press("question_mark")
        await sees(pilot, "Keys: Queue")
        assert all(line.isascii() for line in lines(app)), lines(app)
