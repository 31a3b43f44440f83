"""The tree around a run on its screen: keys lead along it, and the side says what changed."""

from __future__ import annotations

import json
import shutil

import pytest
from rich.cells import cell_len
from screens import eventually, lines, sees, text

from orp_tui.services.parents import with_parent
from orp_tui.services.submit import sources_of_file
from orp_tui.store.database import transaction
from orp_tui.tui.screens.compare import CompareScreen
from orp_tui.tui.screens.lineage import LineageScreen
from orp_tui.tui.screens.run_detail import RunDetailScreen
from orp_tui.tui.widgets.info_panel import InfoPanel

pytestmark = pytest.mark.anyio

LOGS_SEED = 'echo "{\\"step\\": 1, \\"acc\\": 0.$((ORP_SEED + 5))}" >> $ORP_METRICS_FILE'
"""The same command for each seed; seed 1 logs 0.6."""
SIZES = [(50, 12), (60, 15), (80, 24), (120, 40), (200, 60)]


def submitted(project, name, *, parent=None, acc=0.5, seed=None, **config):
    path = project.folder / f"{name}.yaml"
    logs = f'echo \'{{"step": 1, "acc": {acc}}}\' >> $ORP_METRICS_FILE'
    experiment = {"name": name, **({"parent": parent, "rationale": "to see"} if parent else {})}
    path.write_text(
        json.dumps(
            {
                "experiment": experiment,
                "training": {
                    "script": ["sh", "-c", logs if seed is None else LOGS_SEED, "sh"],
                    "config": config,
                    **({} if seed is None else {"seeds": [seed]}),
                },
                "metrics": {"primary": {"name": "acc", "goal": "maximize"}},
            }
        )
    )
    (source,) = sources_of_file(project.context, path)
    path.unlink()
    with project.context.store() as connection:
        source = with_parent(connection, project.paths, source)
    return project.submit_source(source)


@pytest.fixture
def family(project):
    """A run, two children, and a child of the second one."""
    first = submitted(project, "base", lr=0.1)
    one = submitted(project, "one", parent=first, lr=0.2)
    two = submitted(project, "two", parent=first, acc=0.75, lr=0.3)
    last = submitted(project, "last", parent=two, acc=0.7, lr=0.4)
    project.settle()
    return first, one, two, last


async def opened(app, pilot, run_id) -> LineageScreen:
    screen = LineageScreen(run_id)
    await app.push_screen(screen)
    await eventually(pilot, lambda: screen.found is not None and screen.kin is not None)
    return screen


def page(app):
    """All that the page of a run says, out of sight or not; its long lines are wrapped."""
    return "\n".join(line.text for line in app.screen.query_one(InfoPanel).lines_shown)


def here(screen):
    return screen.kin.run_id


@pytest.mark.parametrize("size", SIZES)
async def test_the_tree_is_seen_at_every_size(project, open_dashboard, family, size):
    async with open_dashboard(project, size=size) as (app, pilot):
        screen = await opened(app, pilot, family[0])

        await sees(pilot, "└─", "two", family[3].rpartition("_")[2])
        assert all(cell_len(line) <= size[0] for line in lines(app))
        assert here(screen) == family[0]


async def test_keys_go_to_parent_child_and_what_lies_beside(project, open_dashboard, family):
    first, one, two, last = family
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, first)

        visited = []
        for key in ("l", "n", "l", "h", "N", "N", "h", "h"):
            await pilot.press(key)
            visited.append(here(screen))

        assert visited == [one, two, last, two, one, two, first, first]
        await pilot.press("j", "l")
        await eventually(pilot, lambda: any("nothing was made from it" in words for words in app.said))


async def test_the_side_says_what_changed_and_what_it_gained(project, open_dashboard, family):
    async with open_dashboard(project, size=(160, 40)) as (app, pilot):
        await opened(app, pilot, family[2])

        await sees(pilot, "acc +0.25 (n=1, 1, no interval), better", "0.1 → 0.3", "because", "to see")
        assert family[0] in page(app)


async def test_enter_opens_the_run_and_d_compares_it_with_its_parent(project, open_dashboard, family):
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        await opened(app, pilot, family[2])
        await pilot.press("enter")
        await eventually(pilot, lambda: isinstance(app.screen, RunDetailScreen))
        await eventually(pilot, lambda: f"child       ✓ {family[3]}" in page(app))
        assert "What was made from it" in page(app)
        await pilot.press("escape", "d")
        await eventually(pilot, lambda: isinstance(app.screen, CompareScreen))

        assert app.screen.wanted.run_ids == (family[0], family[2])
        await pilot.press("escape", "escape")
        await eventually(pilot, lambda: app.screen.id == "dashboard")


async def test_o_shows_the_tree_around_another_run(project, open_dashboard, family):
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, family[3])
        await sees(pilot, "+1 more")
        assert "one" not in text(app)

        await pilot.press("h", "h", "o")

        await sees(pilot, "one", gone="+1 more")
        assert here(screen) == family[0]


async def test_seeds_are_one_row_until_f_shows_each(project, open_dashboard):
    first = submitted(project, "base", lr=0.1)
    made = [submitted(project, "many", parent=first, lr=0.2, seed=seed) for seed in (1, 2, 3)]
    project.settle()
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, first)
        await sees(pilot, "3 seeds", "acc 0.7", "+0.2")

        await pilot.press("f")

        await sees(pilot, *(run_id.rpartition("_")[2] for run_id in made), gone="3 seeds")
        assert here(screen) == first


async def test_l_on_the_page_of_a_run_shows_its_lineage(project, open_dashboard, family):
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        await app.push_screen(RunDetailScreen(family[2]))
        await eventually(pilot, lambda: f"parent      {family[0]}" in page(app))

        await pilot.press("l")

        await eventually(pilot, lambda: isinstance(app.screen, LineageScreen))
        await sees(pilot, "base", "last")


async def test_a_parent_that_was_removed_is_a_row_and_nothing_can_be_done_with_it(
    project, open_dashboard, family
):
    with project.context.store() as connection, transaction(connection):
        connection.execute("DELETE FROM run WHERE id = ?", (family[0],))
    shutil.rmtree(project.run(family[0]).folder)
    project.accepted.remove(family[0])
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        await opened(app, pilot, family[2])
        await sees(pilot, "(not here)")

        await pilot.press("h", "enter")
        await eventually(pilot, lambda: any("not here any more" in words for words in app.said))
        await pilot.press("l", "d")

        await eventually(pilot, lambda: any("one of the two" in words for words in app.said))
        assert isinstance(app.screen, LineageScreen)


async def test_without_glyphs_the_tree_is_drawn_in_ascii(project, open_dashboard, family):
    async with open_dashboard(project, size=(80, 24), ascii=True) as (app, pilot):
        await opened(app, pilot, family[0])
        await sees(pilot, "`- + ", "|- + ")

        assert text(app).isascii()


async def test_a_hostile_name_and_a_run_that_was_never_here_draw_harmlessly(project, open_dashboard):
    made = submitted(project, "evil \x1b[2J[red]name", lr=1)
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        await opened(app, pilot, made)
        await sees(pilot, "[red]name")
        await app.push_screen(LineageScreen("exp_20200101_000000_none"))

        await sees(pilot, "not here")
        await pilot.press("l", "d", "n", "o", "z", "enter", "y", "escape")
