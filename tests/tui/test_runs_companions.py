"""What stands beside the list of runs, in a real dashboard over real run folders: preview, filter, tags, views, trash."""

from __future__ import annotations

import contextlib
import shutil

import pytest
from many_runs import make_runs
from project import Project
from textual.widgets import Label

from orp_tui.services.annotations import read_annotations
from orp_tui.services.views import View, read_views, save_view
from orp_tui.tui.screens.delete_dialog import DeleteRuns
from orp_tui.tui.screens.tag_dialog import TagRuns
from orp_tui.tui.screens.views_dialog import ChooseView
from orp_tui.tui.widgets.filter_prompt import FilterPrompt
from orp_tui.tui.widgets.line_field import LineField
from orp_tui.tui.widgets.run_preview import RunPreviewPane

COUNT = 30


class Hands:
    """The Runs screen, and what one does there."""

    def __init__(self, app, pilot, project):
        self.app, self.pilot, self.project = app, pilot, project

    async def until(self, condition, what):
        for _ in range(1_500):
            with contextlib.suppress(LookupError):
                if answer := condition():
                    return answer
            await self.pilot.pause(0.02)
        raise AssertionError(f"not within thirty seconds: {what}")

    @property
    def found(self):
        """How many runs are listed; None before the first answer."""
        listing = self.app.screen.table.listing
        return listing.found if listing is not None else None

    @property
    def preview(self):
        return "\n".join(line.text for line in self.app.screen.query_one(RunPreviewPane).lines_shown)

    async def at(self, kind):
        """The dialog once it is there."""
        return await self.until(
            lambda: self.app.screen if isinstance(self.app.screen, kind) else None, kind.__name__
        )


@pytest.fixture
def base(tmp_path):
    """A project with thirty runs that have ended."""
    project = Project(tmp_path / "p")
    shutil.rmtree(project.paths.base, ignore_errors=True)
    make_runs(project.paths.base, COUNT)
    return project


@contextlib.asynccontextmanager
async def runs_screen(open_dashboard, project, size=(160, 45)):
    async with open_dashboard(project, size=size) as (app, pilot):
        hands = Hands(app, pilot, project)
        await pilot.press("2")
        await hands.until(lambda: app.screen.id == "runs" and hands.found, "the list of runs")
        await hands.until(lambda: app.screen.table.run is not None, "the run under the cursor")
        yield hands


@pytest.mark.anyio
async def test_the_preview_tells_of_the_run_under_the_cursor_and_of_the_next(base, open_dashboard):
    async with runs_screen(open_dashboard, base) as hands:
        first = hands.app.screen.table.run
        await hands.until(lambda: f"run      {first.id}" in hands.preview, "the first run")
        await hands.until(lambda: "Deliverables" in hands.preview, "what its files tell")
        await hands.pilot.press("j")
        await hands.until(lambda: f"run      {first.id}" not in hands.preview, "the next run")
        second = hands.app.screen.table.run
        await hands.until(lambda: f"run      {second.id}" in hands.preview, "the next run's id")


@pytest.mark.anyio
async def test_a_filter_is_live_counted_kept_and_found_again_with_up(base, open_dashboard):
    async with runs_screen(open_dashboard, base) as hands:
        every = hands.found
        await hands.pilot.press("slash")
        prompt = hands.app.screen.query_one(FilterPrompt)
        prompt.query_one(LineField).value = "name:*resnet*"
        await hands.until(lambda: hands.found not in (None, every), "fewer runs")
        count = prompt.query_one(".count", Label)
        await hands.until(lambda: f"{hands.found} of {COUNT}" in str(count.content), "the counter")
        few = hands.found
        prompt.query_one(LineField).value = "name:*resnet* nosuch:1"
        await hands.pilot.press("enter")
        assert prompt.is_asking
        assert hands.found == few
        prompt.query_one(LineField).value = "name:*resnet*"
        await hands.pilot.press("enter")
        assert not prompt.is_asking
        await hands.pilot.press("escape")
        await hands.until(lambda: hands.found != few, "all runs again")
        await hands.pilot.press("slash", "up")
        assert prompt.query_one(LineField).value == "name:*resnet*"


@pytest.mark.anyio
async def test_tags_are_given_and_taken_back(base, open_dashboard):
    async with runs_screen(open_dashboard, base) as hands:
        run = hands.app.screen.table.run
        folder = base.paths.run(run.id)
        await hands.pilot.press("t")
        await hands.at(TagRuns)
        hands.app.focused.insert_text_at_cursor("paper2 -nothing")
        await hands.pilot.press("enter")
        await hands.until(lambda: "paper2" in read_annotations(folder).tags, "the tag in its notes")
        await hands.until(lambda: "paper2" in hands.preview, "the tag in the preview")
        await hands.pilot.press("u")
        await hands.until(lambda: "paper2" not in read_annotations(folder).tags, "the tag gone")


@pytest.mark.anyio
async def test_a_run_goes_to_the_trash_and_comes_back(base, open_dashboard):
    async with runs_screen(open_dashboard, base) as hands:
        await hands.until(lambda: hands.app.screen.table.run.state.is_final, "a run that has ended")
        run = hands.app.screen.table.run
        folder = base.paths.run(run.id).folder
        await hands.pilot.press("D")
        dialog = await hands.at(DeleteRuns)
        await hands.until(lambda: dialog._removal is not None, "its size")
        await hands.pilot.press("y")
        await hands.until(lambda: not folder.exists(), "the folder gone")
        await hands.pilot.press("u")
        await hands.until(folder.exists, "the folder back")


@pytest.mark.anyio
async def test_two_keys_go_to_a_saved_view(base, open_dashboard):
    save_view(base.context, View("failed ones", "state:failed"))
    async with runs_screen(open_dashboard, base) as hands:
        await hands.pilot.press("w", "1")
        await hands.until(lambda: hands.app.screen.id == "runs", "the list again")
        await hands.until(lambda: hands.app.screen.here.filter == "state:failed", "the view's filter")
        await hands.pilot.press("w")
        await hands.at(ChooseView)
        await hands.pilot.press("s", "x", "enter")
        await hands.until(lambda: len(read_views(base.context)) == 2, "the view saved")
