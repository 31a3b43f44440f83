"""The screen of all past runs over a real base directory: what it lists, what its keys do, what it remembers."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from many_runs import make_runs
from screens import eventually, sees, text
from textual.pilot import Pilot

from orp_tui.services.annotations import read_annotations
from orp_tui.services.context import Context, open_context
from orp_tui.tui.app import OrpApp
from orp_tui.tui.manners import Manners
from orp_tui.tui.place import Place
from orp_tui.tui.screens.columns import ColumnList
from orp_tui.tui.screens.runs import RunsScreen
from orp_tui.tui.widgets.run_preview import RunPreviewPane

pytestmark = pytest.mark.anyio

COUNT = 60


@pytest.fixture
def lab(tmp_path: Path) -> Context:
    """Sixty past runs, some of them archived, of which nobody has made a list yet."""
    base = tmp_path / "experiments"
    make_runs(base, COUNT)
    return open_context(base_dir=str(base))


@contextlib.asynccontextmanager
async def runs_screen(
    context: Context, *, size: tuple[int, int] = (120, 30), place: Place | None = None
) -> AsyncIterator[tuple[RunsScreen, Pilot[str]]]:
    place = dataclasses.replace(place or Place(), screen="runs")
    app = OrpApp(context, Manners(), configs_dir=context.paths.base, place=place)
    async with app.run_test(size=size, notifications=True) as pilot:
        await eventually(pilot, lambda: isinstance(app.screen, RunsScreen))
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        yield screen, pilot


async def listed(screen: RunsScreen, pilot: Pilot[str]) -> None:
    """Wait until every run is indexed, and the list is the answer to the last question."""
    await eventually(
        pilot,
        lambda: (
            screen.is_listed
            and screen.table.run is not None
            and (screen.table.listing is not None and screen.table.listing.total == COUNT)
        ),
    )


async def type_filter(pilot: Pilot[str], words: str) -> None:
    names = {":": "colon", ".": "full_stop", " ": "space", "-": "minus", "<": "less_than_sign"}
    await pilot.press("slash", *(names.get(char, char) for char in words))


async def test_runs_are_indexed_listed_and_filtered_and_esc_shows_all_again(lab):
    async with runs_screen(lab) as (screen, pilot):
        await listed(screen, pilot)
        shown = screen.table.listing.found
        await type_filter(pilot, "state:failed")
        await eventually(pilot, lambda: screen.is_listed and screen.table.listing.found < shown)
        await pilot.press("enter")
        await eventually(pilot, lambda: screen.table.run is not None and screen.table.has_focus)
        assert screen.table.run.state.value == "failed"
        await pilot.press("escape")

        await eventually(pilot, lambda: screen.table.listing.found == shown)


async def test_a_filter_that_finds_nothing_says_how_many_it_hides_and_which_key_helps(lab):
    place = Place(choices={"runs.filter": "name:nobody"})
    async with runs_screen(lab, place=place) as (screen, pilot):
        await sees(pilot, f"hides {COUNT} runs", "Esc", "filter: name:nobody")

        assert screen.table.run is None


async def test_an_empty_project_says_what_to_do(tmp_path):
    async with runs_screen(open_context(base_dir=str(tmp_path / "none"))) as (_screen, pilot):
        await sees(pilot, "nothing was run here yet", "1  goes to the dashboard")


async def test_the_place_is_remembered_and_taken_up_again(lab):
    async with runs_screen(lab) as (screen, pilot):
        await listed(screen, pilot)
        await pilot.press("O")
        await eventually(pilot, lambda: screen.is_listed and screen.here.sort)
        await pilot.press("down", "down")
        await eventually(pilot, lambda: screen.table.cursor_place == 2 and screen.table.run is not None)
        await eventually(pilot, lambda: screen.here.run_id == screen.table.run.id)
        kept, run_id = pilot.app.place, screen.table.run.id
    assert kept.screen == "runs"
    async with runs_screen(lab, place=Place.from_json(kept.to_json())) as (screen, pilot):
        await eventually(pilot, lambda: screen.table.run is not None and screen.table.run.id == run_id)

        assert [str(key.column) for key in screen.here.sort] == ["submitted"]
        assert screen.table.cursor_place == 2


async def test_a_star_a_tag_and_the_archive_are_kept_in_the_folder_and_can_be_undone(lab):
    async with runs_screen(lab) as (screen, pilot):
        await listed(screen, pilot)
        run = screen.table.run
        folder = lab.paths.run(run.id)
        before = read_annotations(folder)
        await pilot.press("f")
        await eventually(pilot, lambda: read_annotations(folder).is_starred is not before.is_starred)
        await eventually(pilot, lambda: screen.table.run.is_starred is not before.is_starred)
        await pilot.press("t", *"mine", "enter")
        await eventually(pilot, lambda: "mine" in read_annotations(folder).tags)
        await eventually(pilot, lambda: "mine" in screen.table.run.tags)
        assert screen.table.run.id == run.id
        await pilot.press("u")
        await eventually(pilot, lambda: read_annotations(folder).tags == before.tags)
        await pilot.press("u")
        await eventually(pilot, lambda: read_annotations(folder).is_starred is before.is_starred)
        await pilot.press("E")

        await eventually(pilot, lambda: screen.table.run is not None and screen.table.run.id != run.id)
        assert read_annotations(folder).is_archived


async def test_a_run_goes_to_the_trash_after_a_look_and_comes_back(lab):
    async with runs_screen(lab) as (screen, pilot):
        await listed(screen, pilot)
        await type_filter(pilot, "-has:parent state:ended is:chain-end")
        await pilot.press("enter")
        await eventually(pilot, lambda: screen.is_listed and screen.table.run is not None)
        await pilot.press("end")
        await eventually(pilot, lambda: screen.is_listed and screen.table.run is not None)
        gone = screen.table.run.id
        await pilot.press("D")
        await sees(pilot, gone, "y  delete")
        await pilot.press("y")
        await eventually(pilot, lambda: not lab.paths.run(gone).folder.exists())
        await eventually(pilot, lambda: screen.table.listing.total == COUNT - 1)
        await pilot.press("u")

        await eventually(pilot, lambda: lab.paths.run(gone).folder.exists())
        await eventually(pilot, lambda: screen.table.listing.total == COUNT)


async def test_groups_open_into_groups_and_these_into_runs(lab):
    place = Place(choices={"runs.group": "cfg.data.name,cfg.optimizer"})
    async with runs_screen(lab, place=place) as (screen, pilot):
        await eventually(pilot, lambda: screen.table.group is not None and not screen.table.group.level)
        await sees(pilot, "data.name = ")
        await pilot.press("enter")
        await eventually(pilot, lambda: screen.table.group is not None and screen.table.group.is_open)
        await pilot.press("right")
        await eventually(pilot, lambda: screen.table.group.level == 1)
        count = screen.table.group.group.count
        await pilot.press("right")
        await eventually(pilot, lambda: screen.table.group.is_open)
        await pilot.press("space", "down")
        await eventually(pilot, lambda: screen.table.run is not None and len(screen.table.marks) == count)
        await pilot.press("left", "left")

        await eventually(pilot, lambda: not screen.table.group.is_open)
        assert len(screen.table.marks) == count


async def test_the_order_is_chosen_by_name_and_another_key_comes_after_it(lab):
    async with runs_screen(lab) as (screen, pilot):
        await listed(screen, pilot)
        await pilot.press("o", "slash", *"seed", "enter")
        await eventually(pilot, lambda: [str(key.column) for key in screen.here.sort] == ["seed"])
        await pilot.press("o", "slash", *"name", "tab")
        await eventually(pilot, lambda: isinstance(pilot.app.focused, ColumnList))
        await pilot.press("space", "enter")

        await eventually(pilot, lambda: [str(key.column) for key in screen.here.sort] == ["seed", "name"])
        await sees(pilot, "sort: seed ▲, name ▲", "NAME 2▲")


@pytest.mark.parametrize(
    ("size", "is_shown"), [((160, 45), True), ((80, 24), True), ((80, 18), False), ((50, 12), False)]
)
async def test_the_preview_is_there_where_it_has_room(lab, size, is_shown):
    async with runs_screen(lab, size=size) as (screen, pilot):
        await listed(screen, pilot)
        pane = screen.query_one(RunPreviewPane)
        assert pane.display is is_shown
        if is_shown:
            await eventually(pilot, lambda: pane.run == screen.table.run)
            assert (pane.region.y > screen.table.region.y) is (size[0] < 120)
            await pilot.press("p")
            assert not pane.display
        await pilot.resize_terminal(140, 40)
        await pilot.pause()

        assert pane.display is not is_shown
        assert screen.table.run.id.rpartition("_")[2] in text(pilot.app)


async def test_a_catalogue_that_breaks_is_made_again_and_the_list_goes_on(lab):
    async with runs_screen(lab) as (screen, pilot):
        await listed(screen, pilot)
        lab.paths.catalog.write_bytes(b"garbage" * 1000)
        await pilot.press("ctrl+r", "O")

        await eventually(pilot, lambda: screen.is_listed and screen.here.sort and screen.table.listing.found)
        await listed(screen, pilot)


async def test_esc_goes_back_to_the_dashboard_last_of_all(lab):
    async with runs_screen(lab) as (screen, pilot):
        await listed(screen, pilot)
        await pilot.press("space", "escape")
        assert not screen.table.marks
        await pilot.press("escape")

        await sees(pilot, "[1]Dashboard")
        assert pilot.app.place.screen == ""
