"""The dashboard while its terminal becomes larger and smaller."""

from __future__ import annotations

import pytest
from screens import eventually, lines, sees, text
from textual import events

pytestmark = pytest.mark.anyio

NARROW, MEDIUM, WIDE, TINY = (80, 24), (120, 40), (160, 45), (50, 12)


async def test_frames_say_what_is_in_them_at_the_new_size(project, open_dashboard):
    project.submit()
    async with open_dashboard(project, size=NARROW) as (_app, pilot):
        await sees(pilot, "[Log", "Deliverables", "Info")

        await pilot.resize_terminal(*WIDE)
        await sees(pilot, "╭─ Info ─", "╭─ Configs", gone="[Log")
        await pilot.resize_terminal(*NARROW)
        await sees(pilot, "[Log", gone="╭─ Info ─")


@pytest.mark.parametrize("size", [NARROW, MEDIUM, TINY])
@pytest.mark.parametrize("pane", ["configs", "queue", "log", "checklist", "chart", "info"])
async def test_the_panel_with_the_focus_is_seen_at_every_size(project, open_dashboard, pane, size):
    project.submit()
    async with open_dashboard(project, size=WIDE) as (app, pilot):
        await sees(pilot, "wait")
        app.screen.query_one(f"#{pane}").focus()
        await pilot.pause()

        await pilot.resize_terminal(*size)

        await eventually(pilot, lambda: app.size == size and app.focused is not None)
        shown = app.screen.query_one(f"#{app.screen.pane_of_focus()}")
        await eventually(pilot, lambda: shown.has_focus_within or shown.has_focus)
        assert shown.display
        assert shown.region.area > 0
        assert app.screen.pane_of_focus() == pane


@pytest.mark.parametrize("width", [40, 60, 61, 70, 80, 100])
async def test_the_counts_never_touch_what_stands_before_them(project, open_dashboard, width):
    project.submit()
    async with open_dashboard(project, size=(width, 24)) as (app, pilot):
        await sees(pilot, "1 wait")
        first = lines(app)[0]

        before = first.partition("1 wait")[0]
        assert before.endswith(" "), text(app)
        assert before.rstrip()[-1] in "…mr:]y" or before.endswith("  "), first


async def test_tabs_and_panels_are_reached_where_one_alone_has_room(project, open_dashboard):
    project.submit()
    async with open_dashboard(project, size=TINY) as (app, pilot):
        await sees(pilot, "wait")
        seen = []
        for _ in range(6):
            await pilot.press("tab")
            seen.append(app.screen.pane_of_focus())
            await eventually(pilot, lambda: app.screen.query_one(f"#{seen[-1]}").region.area > 0)
        assert seen == ["log", "checklist", "chart", "info", "configs", "queue"]

        for tab in ("info", "log", "checklist", "chart", "info"):
            await pilot.press("right_square_bracket")
            await eventually(pilot, lambda tab=tab: app.screen.pane_of_focus() == tab)
            assert app.screen.query_one(f"#{tab}").region.area > 0


async def test_tabs_typed_ahead_each_go_one_panel_further(project, open_dashboard):
    project.submit()
    async with open_dashboard(project, size=WIDE) as (app, pilot):
        await sees(pilot, "wait")
        for key in ("tab", "tab", "tab"):
            app.post_message(events.Key(key, None))

        await eventually(pilot, lambda: app.screen.pane_of_focus() == "chart")
