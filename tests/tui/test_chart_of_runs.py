"""The chart in the dashboard: the run under the cursor or the marked ones, the way to the log, the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from screens import eventually, sees, text

from orp_tui.tui.place import Place
from orp_tui.tui.widgets.log_view import LogView
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.queue_table import QueueTable

pytestmark = pytest.mark.anyio
IN_CHART = Place(panel="chart", tab="chart")


def log(project, run_id: str, *, first: float = 1.0, steps: int = 40) -> None:
    """A curve and a log that counts its steps."""
    folder = project.paths.run(run_id)
    rows = (
        json.dumps({"step": step, "loss": first / (step + 1), "acc": step / 100}) for step in range(steps)
    )
    folder.metrics.write_text("".join(f"{row}\n" for row in rows))
    folder.stdout.write_text("".join(f"step {step} of {steps}\n" for step in range(0, steps, 10)))


async def test_the_chart_shows_the_run_under_the_cursor_and_all_that_are_marked(
    project, open_dashboard
) -> None:
    runs = [project.submit() for _ in range(3)]
    for place, run_id in enumerate(runs):
        log(project, run_id, first=place + 1.0)
    async with open_dashboard(project, size=(120, 45)) as (app, pilot):
        await sees(pilot, "Chart loss 1/2", "loss  0.025")
        chart = app.screen.query_one(MetricChart)

        await pilot.press("space", "space")
        await sees(pilot, "2 marked", "2 runs", "● fault-1 0.025", "▲ fault-2 0.05")
        await pilot.press("j", "k")
        await pilot.pause(0.3)
        assert len(chart.choice.runs) == 2

        await pilot.press("escape")
        await sees(pilot, "loss  0.05", gone="2 runs")


async def test_enter_in_the_chart_leads_to_the_line_of_that_step(project, open_dashboard) -> None:
    log(project, project.submit())
    async with open_dashboard(project, size=(80, 24), place=IN_CHART) as (app, pilot):
        await sees(pilot, "Chart loss 1/2", "n=40")
        await pilot.press("left", "shift+left")
        await sees(pilot, "step 3")
        await pilot.press("enter")

        await sees(pilot, "step 30 is the nearest to ")
        assert app.screen.pane_of_focus() == "log"
        assert app.screen.query_one(LogView).current_line() == "step 30 of 40"


async def test_of_marked_runs_the_log_of_one_that_is_drawn_is_gone_to(project, open_dashboard) -> None:
    first, second = project.submit(), project.submit()
    log(project, first)
    log(project, second, steps=5)
    async with open_dashboard(project, size=(120, 45)) as (app, pilot):
        await sees(pilot, "Chart loss 1/2", "n=40")
        await pilot.press("space")  # and the cursor goes on to the second
        queue = app.screen.query_one(QueueTable)
        assert (queue.marks, queue.cursor_key) == ((first,), second)
        await sees(pilot, f"Chart loss 1/2  of {first.rpartition('_')[2]}", "n=40")
        app.screen.query_one(MetricChart).focus()
        await pilot.press("left", "enter")

        await sees(pilot, "step 30 is the nearest to 39 that is named")
        assert queue.cursor_key == first


async def test_a_log_without_steps_is_said_to_have_none(project, open_dashboard) -> None:
    run_id = project.submit()
    log(project, run_id)
    project.paths.run(run_id).stdout.write_text("hello\n" * 5)
    async with open_dashboard(project, size=(120, 45), place=IN_CHART) as (_app, pilot):
        await sees(pilot, "n=40")
        await pilot.press("left", "enter")
        await sees(pilot, "no line names a step")


async def test_a_metric_is_found_by_words_and_escape_goes_back_step_by_step(project, open_dashboard) -> None:
    log(project, project.submit())
    async with open_dashboard(project, size=(80, 24), place=IN_CHART) as (app, pilot):
        await sees(pilot, "Chart loss 1/2", "n=40")
        await pilot.press("slash", "a", "c", "c", "enter")
        await sees(pilot, "Chart acc 1/1  filter: acc")
        chart = app.screen.query_one(MetricChart)
        assert app.screen.focused is chart

        await pilot.press("left", "plus")
        assert chart.view.window is not None
        await pilot.press("escape")
        assert chart.view.cursor is None
        await pilot.press("escape")
        assert chart.view.window is None
        await pilot.press("escape")
        await sees(pilot, "Chart acc 2/2", gone="filter")


async def test_the_chart_is_written_into_the_folder_one_is_in_and_over_nothing(
    project, open_dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    log(project, project.submit())
    async with open_dashboard(project, size=(120, 45), place=IN_CHART) as (app, pilot):
        await sees(pilot, "n=40")
        await pilot.press("w")
        await sees(pilot, "Write the chart to a file", "loss.svg")
        await pilot.press("enter")
        await eventually(pilot, lambda: (here / "loss.svg").is_file())
        assert any(str(here / "loss.svg") in said for said in app.said)
        assert (here / "loss.svg").read_text().count("<polyline") == 1

        before = (here / "loss.svg").read_bytes()
        await pilot.press("w")
        await sees(pilot, "loss-2.svg")
        await pilot.press("ctrl+u", *"loss.svg", "enter")
        await eventually(pilot, lambda: "is there already" in "".join(app.said))
        assert (here / "loss.svg").read_bytes() == before

        await pilot.press("w")
        await sees(pilot, "Write the chart to a file")
        await pilot.press("ctrl+u", *"points.csv", "enter")
        await eventually(pilot, lambda: (here / "points.csv").is_file())
        assert len((here / "points.csv").read_text().splitlines()) == 41


async def test_without_a_chart_there_is_nothing_to_write(project, open_dashboard) -> None:
    project.submit()
    async with open_dashboard(project, size=(120, 45), place=IN_CHART) as (app, pilot):
        await sees(pilot, "no metrics yet")
        await pilot.press("w")
        await eventually(pilot, lambda: "there is no chart to write" in "".join(app.said))
        assert "Write the chart" not in text(app)
