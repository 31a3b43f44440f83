"""The Compare screen: how it is reached, its panes at every size, its keys, runs that go on or go away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from many_runs import make_runs
from screens import eventually, lines, sees, text

from orp_tui.core.sanitise import cell_width
from orp_tui.tui.feeds_compare import Compared
from orp_tui.tui.screens.compare import CompareScreen
from orp_tui.tui.screens.run_detail import RunDetailScreen
from orp_tui.tui.widgets.compare_table import CompareTable
from orp_tui.tui.widgets.metric_chart import MetricChart

SIZES = [(60, 15), (80, 24), (120, 40), (160, 45)]


@pytest.fixture
def lab(project):
    """A project in which twelve runs have ended."""
    make_runs(project.paths.base, 12)
    return project


def ids_of(project) -> list[str]:
    return sorted(path.name for path in project.paths.runs.iterdir())


def short(run_id: str) -> str:
    return run_id.rpartition("_")[2]


async def opened(app, pilot, run_ids, **options) -> CompareScreen:
    """The screen, once it has looked."""
    screen = CompareScreen(run_ids, **options)
    await app.push_screen(screen)
    await eventually(pilot, lambda: screen.comparison is not None)
    return screen


@pytest.mark.anyio
async def test_the_key_says_how_a_comparison_is_made_before_there_is_one(project, open_dashboard):
    async with open_dashboard(project) as (app, pilot):
        await pilot.press("3")

        await sees(pilot, "Nothing is compared yet", "orp compare RUN RUN")
        await pilot.press("b", "x", "u", "w", "d", "c", "enter", "space", "left")
        await pilot.press("escape")
        await eventually(pilot, lambda: app.screen.id == "dashboard")


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
async def test_every_pane_is_seen_at_every_size_and_fits(lab, open_dashboard, size):
    ids = ids_of(lab)[:3]
    async with open_dashboard(lab, size=size) as (app, pilot):
        screen = await opened(app, pilot, ids)
        await sees(pilot, short(ids[0]), "base")
        seen = {screen.seen}
        for _ in range(5):
            await pilot.press("right_square_bracket")
            await pilot.pause()
            seen.add(screen.seen)
            assert all(cell_width(line) <= size[0] for line in lines(app))

        assert {pane for panes in seen for pane in panes} == {
            "table",
            "chart",
            "code",
            "environment",
            "steps",
        }
        assert screen.is_wide == (size[0] >= 120)


@pytest.mark.anyio
async def test_the_table_and_the_curves_stand_beside_each_other_where_there_is_room(lab, open_dashboard):
    async with open_dashboard(lab, size=(160, 45)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(lab)[:3])

        assert screen.seen == ("table", "chart")
        await sees(pilot, "METRICS, LAST", "[Chart val_acc")
        chart = screen.query_one(MetricChart)
        await eventually(pilot, lambda: len(chart.choice.runs) == 3)
        names = [run.name for run in chart.choice.runs]
        assert [name.partition(" ")[0] for name in names] == [short(run_id) for run_id in ids_of(lab)[:3]]


@pytest.mark.anyio
async def test_only_rows_that_differ_are_shown_until_all_are_wanted(lab, open_dashboard):
    async with open_dashboard(lab, size=(100, 60)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(lab)[:3])
        table = screen.query_one("#table", CompareTable)
        few = len(table.keys_shown)

        await pilot.press("a")

        assert len(table.keys_shown) > few
        await sees(pilot, "all rows")
        await pilot.press("a")
        assert len(table.keys_shown) == few


@pytest.mark.anyio
async def test_another_baseline_a_run_taken_out_and_put_back(lab, open_dashboard):
    ids = ids_of(lab)[:3]
    async with open_dashboard(lab, size=(100, 40)) as (app, pilot):
        screen = await opened(app, pilot, ids)
        table = screen.query_one("#table", CompareTable)
        await eventually(pilot, lambda: table.column is not None)

        await pilot.press("l", "b")
        await sees(pilot, f"{short(ids[2])} base")
        assert app.compared.baseline == ids[2]

        table.go_to_run(ids[0])
        await pilot.press("x")
        await eventually(pilot, lambda: screen.comparison.run_ids == (ids[1], ids[2]))
        await pilot.press("x")
        await sees(pilot, "two runs")
        assert screen.wanted.run_ids == (ids[1], ids[2])

        await pilot.press("u")
        await eventually(pilot, lambda: len(screen.comparison.run_ids) == 3)
        assert (lab.paths.run(ids[0]).folder).exists()


@pytest.mark.anyio
async def test_key_three_shows_the_last_comparison_again(lab, open_dashboard):
    ids = ids_of(lab)[:2]
    async with open_dashboard(lab) as (app, pilot):
        await opened(app, pilot, ids, baseline=ids[1])
        await pilot.press("1")
        await pilot.press("3")

        await sees(pilot, f"{short(ids[1])} base")
        assert app.compared == Compared(tuple(ids), ids[1])


@pytest.mark.anyio
async def test_enter_opens_the_run_of_the_column_and_escape_comes_back(lab, open_dashboard):
    ids = ids_of(lab)[:2]
    async with open_dashboard(lab) as (app, pilot):
        screen = await opened(app, pilot, ids)
        await eventually(pilot, lambda: screen.query_one("#table", CompareTable).column is not None)

        await pilot.press("enter")
        await eventually(pilot, lambda: isinstance(app.screen, RunDetailScreen))
        await sees(pilot, ids[1])
        await pilot.press("escape")
        assert app.screen is screen
        await pilot.press("escape")
        assert app.screen.id == "dashboard"


@pytest.mark.anyio
async def test_words_filter_the_rows_and_escape_forgets_them_first(lab, open_dashboard):
    async with open_dashboard(lab, size=(100, 40)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(lab)[:2])
        await sees(pilot, "val_acc")

        await pilot.press("slash", *"loss", "enter")
        await sees(pilot, "val_loss", gone="val_acc ")
        await pilot.press("escape")
        await sees(pilot, "val_acc")
        assert app.screen is screen


@pytest.mark.anyio
async def test_a_metric_is_shown_step_by_step_by_other_axes_and_less_the_baseline(lab, open_dashboard):
    async with open_dashboard(lab, size=(100, 40)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(lab)[:3], tab="steps")
        await eventually(pilot, lambda: screen.aligned is not None)
        assert screen.aligned.metric == "val_acc"
        await sees(pilot, "[Steps val_acc", "step")

        await pilot.press("d")
        await sees(pilot, "less the baseline")
        await pilot.press("c")
        await eventually(pilot, lambda: screen.aligned is not None and screen.aligned.metric != "val_acc")
        await pilot.press("minus", "minus", "minus")
        await eventually(pilot, lambda: screen.aligned is not None and len(screen.aligned.places) <= 6)
        await pilot.press("t")
        await eventually(pilot, lambda: screen.aligned is not None and screen.aligned.along == "epoch")


@pytest.mark.anyio
async def test_seeds_are_one_column_with_an_interval(lab, open_dashboard):
    with_seeds = [run_id for run_id in ids_of(lab) if _request(lab, run_id).get("seed") is not None]
    async with open_dashboard(lab, size=(160, 45)) as (app, pilot):
        screen = await opened(app, pilot, with_seeds)

        await pilot.press("f")
        await eventually(pilot, lambda: len(screen.comparison.columns) < len(with_seeds))
        await sees(pilot, "±")
        assert not screen.query_one(MetricChart).apart


def _request(project, run_id: str) -> dict[str, object]:
    return json.loads(project.paths.run(run_id).request.read_text())


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("tab", "end"), [("table", "md"), ("environment", "csv"), ("steps", "json"), ("code", "txt")]
)
async def test_what_is_seen_is_written_to_a_file_and_none_is_overwritten(
    lab, open_dashboard, tmp_path, monkeypatch, tab, end
):
    monkeypatch.chdir(tmp_path)
    async with open_dashboard(lab, size=(100, 40)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(lab)[:2], tab=tab)
        await eventually(pilot, lambda: tab != "steps" or screen.aligned is not None)
        await eventually(pilot, lambda: tab != "code" or screen.code is not None)
        target = tmp_path / f"out.{end}"
        for said in (f"wrote {target}"[-20:], "already"):
            await pilot.press("w")
            await eventually(pilot, lambda: app.screen is not screen)
            app.screen.query_one("Input").value = target.name
            await pilot.press("enter")
            await eventually(
                pilot, lambda said=said: any(said in words.replace("\n", "") for words in app.said)
            )

        assert target.stat().st_size > 10


@pytest.mark.anyio
async def test_the_table_can_be_copied_as_markdown(lab, open_dashboard):
    ids = ids_of(lab)[:2]
    async with open_dashboard(lab, size=(100, 40)) as (app, pilot):
        screen = await opened(app, pilot, ids)
        await eventually(pilot, lambda: screen.query_one("#table", CompareTable).column is not None)

        choices = screen.copy_choices()

        assert "| val" in choices["what is seen as Markdown"][1]
        assert choices["id"][1] == ids[1]
        assert "screen" in choices


@pytest.mark.anyio
async def test_a_run_that_is_deleted_while_it_is_looked_at_keeps_its_column_and_says_so(lab, open_dashboard):
    ids = ids_of(lab)[:2]
    async with open_dashboard(lab, size=(160, 45)) as (app, pilot):
        screen = await opened(app, pilot, ids)

        shutil.rmtree(lab.paths.run(ids[1]).folder)

        await eventually(pilot, lambda: "gone" in screen.comparison.columns[1].problem)
        await sees(pilot, "! its folder is gone")


@pytest.mark.anyio
async def test_damaged_runs_are_shown_with_what_is_known(lab, open_dashboard):
    ids = ids_of(lab)[:3]
    lab.paths.run(ids[1]).request.write_text("{")
    shutil.rmtree(lab.paths.run(ids[2]).folder)
    async with open_dashboard(lab, size=(160, 45)) as (app, pilot):
        screen = await opened(app, pilot, [*ids, "exp_20200101_000000_none"])
        for tab in ("code", "environment", "steps", "chart"):
            screen.go_to_tab(tab)
            await pilot.pause()

        await sees(pilot, short(ids[1]), short(ids[2]))
        table = screen.query_one("#table", CompareTable)
        table.go_to_run("exp_20200101_000000_none")
        screen.go_to_tab("table")
        await pilot.press("enter")
        await sees(pilot, "not there")


@pytest.mark.anyio
async def test_a_run_that_goes_on_is_followed(project, open_dashboard):
    first, second = project.submit("true", config={"lr": 1}), project.submit("true", config={"lr": 2})
    folder = project.paths.run(first)
    async with open_dashboard(project, size=(160, 45)) as (app, pilot):
        screen = await opened(app, pilot, [first, second])
        assert screen.comparison.is_live
        await sees(pilot, "lr", "fault-2")

        project.cancel(first)
        await sees(pilot, "cancelled")
        assert folder.folder.exists()


@pytest.mark.anyio
async def test_fifty_runs_scroll_sideways(project, open_dashboard):
    make_runs(project.paths.base, 50)
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(project))
        table = screen.query_one("#table", CompareTable)
        await eventually(pilot, lambda: table.column is not None)

        for _ in range(60):
            table.move_column(1)
        await pilot.pause()

        assert table.column is not None
        assert short(ids_of(project)[-1]) in text(app)
        assert short(ids_of(project)[0]) in text(app)


@pytest.mark.anyio
async def test_of_more_than_fifty_runs_the_first_are_compared_and_the_rest_is_named(project, open_dashboard):
    make_runs(project.paths.base, 52)
    async with open_dashboard(project, size=(100, 30)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(project))

        assert len(screen.comparison.columns) == 50
        assert any("2 are left out" in words for words in app.said)


@pytest.mark.anyio
async def test_resizing_keeps_the_pane_with_the_focus_in_sight(lab, open_dashboard):
    async with open_dashboard(lab, size=(160, 45)) as (app, pilot):
        screen = await opened(app, pilot, ids_of(lab)[:2], tab="code")
        assert screen.seen == ("table", "code")

        await pilot.resize_terminal(70, 20)
        await pilot.pause()
        assert screen.seen == ("code",)
        await pilot.resize_terminal(160, 45)
        await pilot.pause()
        assert screen.seen == ("table", "code")
        await pilot.press("z")
        assert screen.seen == ("code",)
        await pilot.press("z")
        assert screen.seen == ("table", "code")


def test_the_styles_name_every_pane():
    sheet = (Path(__file__).resolve().parents[2] / "styles" / "compare.tcss").read_text()

    assert all(name in sheet for name in CompareTable.COMPONENT_CLASSES)
