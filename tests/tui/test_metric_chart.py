"""The chart pane: what it draws, what keys do, and that it is quiet when nothing changes."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from stage import Stage, drawn
from textual.pilot import Pilot

from orp_tui.charts import render
from orp_tui.charts.lines import Guide, RunSeries
from orp_tui.core.series import Series
from orp_tui.tui.manners import Manners
from orp_tui.tui.widgets.metric_chart import MetricChart

SIZES = [(30, 6), (60, 15), (80, 24), (200, 60)]


def series(name: str = "loss", values: object = None, *, times: bool = True) -> Series:
    numbers = list(values) if values is not None else [1 / (step + 1) for step in range(100)]  # type: ignore[call-overload]
    stamps = [1.7e9 + 60 * step for step in range(len(numbers))] if times else ()
    return Series.of(name, range(len(numbers)), numbers, stamps)


def named(*every: Series) -> list[RunSeries]:
    return [RunSeries("", {one.name: one for one in every})]


async def settle(pilot: Pilot[None], chart: MetricChart) -> None:
    """Until what should be drawn is drawn."""
    for _ in range(400):
        await pilot.pause(0.02)
        if chart.is_settled:
            return
    raise AssertionError("the chart was not drawn")


async def shown(pilot: Pilot[None], chart: MetricChart, words: str) -> None:
    """Until that is on the screen."""
    for _ in range(400):
        await pilot.pause(0.02)
        if words in text(chart):
            return
    raise AssertionError(f"no {words} in\n{text(chart)}")


def text(chart: MetricChart) -> str:
    return "\n".join(line.rstrip() for line in drawn(chart))


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_a_chart_fills_its_pane_and_no_more(size: tuple[int, int], ascii_only: bool) -> None:
    chart = MetricChart(ascii_only=ascii_only)
    async with Stage(chart).run_test(size=size) as pilot:
        chart.show(named(series()))
        await settle(pilot, chart)

        lines = drawn(chart)

        assert lines[0].startswith("loss  0.01  n=100")
        assert all(cell_len(line) == size[0] for line in lines)
        assert not ascii_only or text(chart).isascii()
        assert sum(bool(line.strip()) for line in lines) > size[1] // 2


@pytest.mark.anyio
async def test_the_primary_metric_is_drawn_until_another_is_chosen_and_that_choice_stays() -> None:
    chart = MetricChart()
    metrics = named(series("loss"), series("acc"), series("lr"))
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.focus()
        chart.show(metrics, "acc")
        assert (chart.metric, chart.title) == ("acc", "Chart acc 2/3")

        await pilot.press("c")
        assert chart.metric == "lr"
        await pilot.press("c")
        assert chart.metric == "loss"
        await pilot.press("C")
        chart.show(named(series("loss"), series("acc"), series("lr"), series("new")), "acc")
        assert (chart.metric, chart.title) == ("lr", "Chart lr 3/4")

        chart.show(named(series("loss"), series("acc")), "acc")
        assert chart.metric == "acc"
        await settle(pilot, chart)
        assert text(chart).startswith("acc  0.01")

        chart.show([])
        chart.show(metrics, "acc")
        assert chart.metric == "lr"


@pytest.mark.anyio
async def test_keys_change_scale_smoothing_and_axis() -> None:
    chart = MetricChart(period_s=0.01)
    async with Stage(chart).run_test(size=(80, 14)) as pilot:
        chart.focus()
        chart.show(named(series()))
        await settle(pilot, chart)
        plain = text(chart)

        await pilot.press("L", "full_stop")
        await settle(pilot, chart)
        assert "log, smoothed 0.5" in text(chart)
        assert "0.01" in text(chart).split("\n")[-3]

        await pilot.press("t")
        await settle(pilot, chart)
        assert "no epoch" in text(chart)

        await pilot.press("t")
        await settle(pilot, chart)
        assert "30m" in text(chart).split("\n")[-1]

        await pilot.press("t", "t", "comma", "comma", "L")
        await settle(pilot, chart)
        assert text(chart) == plain


@pytest.mark.anyio
async def test_nothing_is_drawn_again_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings: list[object] = []
    real: Callable[..., object] = render.draw
    monkeypatch.setattr(render, "draw", lambda *words: drawings.append(words) or real(*words))
    chart = MetricChart(period_s=0.01)
    metrics = named(series())
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(metrics)
        await settle(pilot, chart)
        before = len(drawings)

        for _ in range(5):
            chart.show(list(metrics))
            await pilot.pause(0.02)

        assert len(drawings) == before
        chart.show(named(series(values=[1, 2, 3])))
        await settle(pilot, chart)
        assert len(drawings) == before + 1


@pytest.mark.anyio
async def test_a_flood_of_news_is_drawn_at_the_period_and_ends_with_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawings: list[object] = []
    real: Callable[..., object] = render.draw
    monkeypatch.setattr(render, "draw", lambda *words: drawings.append(words) or real(*words))
    chart = MetricChart(period_s=0.3)
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        await settle(pilot, chart)
        for count in range(2, 60):
            chart.show(named(series(values=range(count))))
            await pilot.pause()
        await settle(pilot, chart)

        assert "58  n=59" in text(chart)
        assert 1 <= len(drawings) < 30


@pytest.mark.anyio
async def test_the_whole_of_a_long_history_does_not_wait_for_the_period_after_a_part_of_it() -> None:
    chart = MetricChart(period_s=3600)
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(named(series(values=range(10))), complete=False)
        await shown(pilot, chart, "n=10")
        chart.show(named(series(values=range(20))), complete=False)
        await pilot.pause()
        assert not chart.is_settled

        chart.show(named(series(values=range(30))), complete=True)
        await shown(pilot, chart, "n=30")

        chart.show(named(series(values=range(40))), complete=True)
        await pilot.pause()
        assert not chart.is_settled


@pytest.mark.anyio
async def test_the_whole_that_comes_while_a_part_is_drawn_is_drawn_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_go_on = threading.Event()
    real: Callable[..., object] = render.draw
    monkeypatch.setattr(render, "draw", lambda *words: may_go_on.wait(30) and real(*words))
    chart = MetricChart(period_s=3600)
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(named(series(values=range(10))), complete=False)
        await pilot.pause()
        chart.show(named(series(values=range(30))), complete=True)
        may_go_on.set()

        await shown(pilot, chart, "n=30")


@pytest.mark.anyio
async def test_a_run_without_metrics_is_told_how_to_log_them_and_no_run_is_told_nothing() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(60, 10)) as pilot:
        chart.show(None)
        await pilot.pause()
        assert text(chart).strip() == ""
        assert chart.title == "Chart"

        chart.show([])
        await pilot.pause()
        assert "from orp_tui import log; log(step, loss=loss)" in text(chart)
        assert "$ORP_METRICS_FILE" in text(chart)

        chart.show(named(series()))
        await settle(pilot, chart)
        assert "ORP_METRICS_FILE" not in text(chart)

        chart.show([])
        await pilot.pause()
        assert "loss  0.01" not in text(chart)


@pytest.mark.anyio
async def test_a_picture_of_the_run_before_is_never_shown_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started, may_end = threading.Event(), threading.Event()
    real: Callable[..., object] = render.draw

    def slow(*words: object) -> object:
        started.set()
        may_end.wait(10)
        return real(*words)

    monkeypatch.setattr(render, "draw", slow)
    chart = MetricChart()
    async with Stage(chart).run_test(size=(60, 10)) as pilot:
        chart.show(named(series("old")))
        await pilot.pause()
        assert started.wait(10)
        chart.show(None)
        may_end.set()
        for _ in range(5):
            await pilot.pause(0.02)
            assert "old" not in text(chart)

        chart.show(named(series("new")))
        await settle(pilot, chart)
        assert text(chart).startswith("new")


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(12, 3), (30, 6)])
async def test_the_way_to_metrics_fits_a_small_pane(size: tuple[int, int]) -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=size) as pilot:
        chart.show([])
        await pilot.pause()

        assert all(cell_len(line) == size[0] for line in drawn(chart))
        assert drawn(chart)[0].startswith("no metrics")


@pytest.mark.anyio
async def test_what_is_wrong_with_the_file_is_said_below_the_chart() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(named(series()), said="metrics.jsonl, line 7: no JSON object: [b]x")
        await settle(pilot, chart)

        assert drawn(chart)[-1].rstrip() == "metrics.jsonl, line 7: no JSON object: [b]x"
        assert drawn(chart)[0].startswith("loss")

        chart.show([], said="metrics.jsonl is no regular file")
        await pilot.pause()
        assert "is no regular file" in drawn(chart)[-1]


@pytest.mark.anyio
async def test_a_resize_draws_at_the_new_size() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(named(series()))
        await settle(pilot, chart)
        for size in ((100, 30), (25, 5), (3, 1), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(pilot, chart)
            assert all(cell_len(line) == size[0] for line in drawn(chart))

        assert drawn(chart)[0].startswith("loss  0.01  n=100")


@pytest.mark.anyio
async def test_a_hidden_chart_is_not_drawn_and_is_when_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings: list[object] = []
    real: Callable[..., object] = render.draw
    monkeypatch.setattr(render, "draw", lambda *words: drawings.append(words) or real(*words))
    chart = MetricChart(period_s=0.01)
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.display = False
        await pilot.pause()
        chart.show(named(series()))
        await pilot.pause(0.05)
        assert not drawings

        chart.display = True
        await pilot.pause()
        await settle(pilot, chart)
        assert drawings


@pytest.mark.anyio
async def test_a_drawing_that_fails_is_said_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*words: object) -> None:
        raise ZeroDivisionError("\x1b[2Jbad")

    monkeypatch.setattr(render, "draw", broken)
    chart = MetricChart(period_s=0.01)
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(named(series()))
        await settle(pilot, chart)
        assert drawn(chart)[0].startswith("cannot be drawn: ZeroDivisionError")

        monkeypatch.undo()
        chart.show(named(series(values=[1, 2])))
        await settle(pilot, chart)
        assert drawn(chart)[0].startswith("loss")


@pytest.mark.anyio
async def test_names_from_outside_reach_the_screen_without_sequences_and_markup_stays_text() -> None:
    name = "\x1b]0;owned\x07[red]loss[/]" + "a\u0301" * 30
    chart = MetricChart()
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(named(series(name, [1, math.nan, 3])))
        await settle(pilot, chart)

        assert drawn(chart)[0].startswith("[red]loss[/]")
        assert all(char.isprintable() for line in drawn(chart) for char in line)
        assert "\x1b" not in chart.title


@pytest.mark.anyio
@pytest.mark.parametrize("theme", ["orp-dark", "orp-light", "orp-contrast", "ansi-dark", "ansi-light"])
async def test_every_cell_has_a_style_in_every_theme(theme: str) -> None:
    chart = MetricChart()
    async with Stage(chart, manners=Manners(colours="none")).run_test(size=(60, 12)) as pilot:
        pilot.app.theme = theme
        chart.show(named(series(values=[1, math.nan, 3, 2, 5])))
        await settle(pilot, chart)

        segments = [segment for y in range(12) for segment in chart.render_line(y)]

        assert all(segment.style is not None for segment in segments)
        line = next(segment for segment in segments if set(segment.text) & set("⠉⠒⠤⣀⡠⠔⠊"))
        axis = next(segment for segment in segments if "└" in segment.text)
        assert line.style != axis.style


def test_importing_the_widget_loads_neither_plotext_nor_numpy() -> None:
    program = (
        "import sys; from orp_tui.tui.widgets.metric_chart import MetricChart; MetricChart().look\n"
        "print([name for name in ('plotext', 'numpy', 'msgspec') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


# Several runs, where one looks, how many charts there are


def two_runs(count: int = 200) -> list[RunSeries]:
    return [
        RunSeries(name, {"loss": series("loss", [base + step for step in range(count)])})
        for name, base in (("one", 0), ("two", 50))
    ]


@pytest.mark.anyio
async def test_several_runs_are_one_chart_with_a_legend() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(80, 20)) as pilot:
        chart.show(two_runs())
        await settle(pilot, chart)

        assert chart.title == "Chart loss 1/1  2 runs"
        assert drawn(chart)[0].startswith("loss  n=400")
        assert drawn(chart)[1].rstrip() == "● one 199  ▲ two 249"


@pytest.mark.anyio
async def test_the_metrics_of_all_runs_are_gone_through_and_one_that_lacks_it_is_left_out() -> None:
    chart = MetricChart()
    runs = [
        RunSeries("a", {"loss": series("loss")}),
        RunSeries("b", {"acc": series("acc"), "loss": series("loss")}),
    ]
    async with Stage(chart).run_test(size=(80, 20)) as pilot:
        chart.focus()
        chart.show(runs, "acc")
        assert chart.title == "Chart acc 1/2  2 runs"
        await settle(pilot, chart)
        assert drawn(chart)[0].startswith("acc  b  0.01")
        await pilot.press("c")
        await settle(pilot, chart)
        assert drawn(chart)[1].startswith("● a 0.01  ▲ b 0.01")


@pytest.mark.anyio
async def test_the_cursor_says_where_it_is_and_what_all_lines_have_there() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(80, 20)) as pilot:
        chart.focus()
        chart.show(two_runs(20))
        await settle(pilot, chart)
        before = text(chart)

        await pilot.press("left")
        await settle(pilot, chart)
        assert drawn(chart)[0].rstrip() == "loss  n=40  step 19"
        assert drawn(chart)[1].rstrip() == "● one 19  ▲ two 69"
        assert "┴" in text(chart)

        await pilot.press("shift+left", "left")
        await settle(pilot, chart)
        assert "step" in drawn(chart)[0]
        assert "step 19" not in drawn(chart)[0]
        assert chart.leave()
        await settle(pilot, chart)
        assert text(chart) == before
        assert not chart.leave()


@pytest.mark.anyio
async def test_a_zoom_is_drawn_from_the_raw_points_and_left_by_its_key() -> None:
    chart = MetricChart()
    spiky = series("loss", [step % 2 for step in range(50_000)])
    async with Stage(chart).run_test(size=(80, 16)) as pilot:
        chart.focus()
        chart.show(named(spiky))
        await settle(pilot, chart)
        before = text(chart)
        assert "n=50,000 as " in before

        await pilot.press("left", *["plus"] * 10)
        await settle(pilot, chart)
        assert "n=49" in drawn(chart)[0]
        assert "step 49,9" in drawn(chart)[0]

        await pilot.press("less_than_sign")
        await settle(pilot, chart)
        assert chart.view.window is not None
        assert chart.view.window[1] < 49_999

        await pilot.press("0", "escape")
        chart.leave()
        await settle(pilot, chart)
        assert text(chart) == before


@pytest.mark.anyio
async def test_a_zoom_into_nothing_says_so_and_can_be_left_as_it_was_entered() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(80, 16)) as pilot:
        chart.focus()
        chart.show(named(series("loss", [1, 2, 3])))
        await settle(pilot, chart)
        await pilot.press("right", "left", *["shift+left"] * 2, *["plus"] * 4)
        await settle(pilot, chart)
        assert "no finite value here" in text(chart)

        await pilot.press(*["minus"] * 5)
        await settle(pilot, chart)
        assert chart.view.window is None
        assert "n=3" in text(chart)


@pytest.mark.anyio
async def test_a_range_between_two_places_of_the_cursor_is_shown_alone() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(80, 16)) as pilot:
        chart.focus()
        chart.show(named(series("loss", range(1000))))
        await settle(pilot, chart)
        await pilot.press("left", "v", "shift+left", "shift+left")
        await settle(pilot, chart)
        assert "━" * 15 in text(chart)

        await pilot.press("v")
        await settle(pilot, chart)
        window = chart.view.window
        assert window is not None
        assert 600 < window[0] < 800
        assert window[1] == pytest.approx(999)


@pytest.mark.anyio
async def test_as_many_metrics_as_there_is_room_for_are_drawn_at_once() -> None:
    chart = MetricChart()
    metrics = named(*(series(name) for name in ("loss", "acc", "lr", "f1", "more")))
    async with Stage(chart).run_test(size=(100, 30)) as pilot:
        chart.focus()
        chart.show(metrics)
        await settle(pilot, chart)

        await pilot.press("m")
        await settle(pilot, chart)
        assert "loss  0.01" in drawn(chart)[0]
        assert "acc  0.01" in drawn(chart)[0]

        await pilot.press("m", "c")
        await settle(pilot, chart)
        assert "acc  0.01" in drawn(chart)[0]
        assert "lr  0.01" in drawn(chart)[0]
        assert "f1  0.01" in drawn(chart)[15]
        assert "more  0.01" in drawn(chart)[15]
        assert all(cell_len(line) == 100 for line in drawn(chart))

        await pilot.press("right")
        await settle(pilot, chart)
        assert text(chart).count("step 97–99") == 4

        await pilot.resize_terminal(60, 12)
        await settle(pilot, chart)
        assert text(chart).count("n=100") == 1
        await pilot.press("m")
        assert chart.choice.layout == 1


@pytest.mark.anyio
async def test_seeds_are_drawn_together_or_each_for_itself() -> None:
    chart = MetricChart()
    runs = [RunSeries(f"s={seed}", {"loss": series("loss", [seed] * 50)}, "g", "group") for seed in range(3)]
    async with Stage(chart).run_test(size=(80, 20)) as pilot:
        chart.focus()
        chart.show(runs)
        await settle(pilot, chart)
        assert drawn(chart)[1].startswith("● group median of 3 seeds 1")
        assert "░" in text(chart)

        await pilot.press("s")
        await settle(pilot, chart)
        assert drawn(chart)[1].startswith("● s=0 0  ▲ s=1 1  ■ s=2 2")
        assert "░" not in text(chart)


@pytest.mark.anyio
async def test_a_filter_leads_to_the_first_metric_that_holds_its_words() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(80, 20)) as pilot:
        chart.focus()
        chart.show(named(series("loss"), series("val/loss"), series("acc"), series("val/acc")))
        chart.filter_words = "val"
        assert chart.title == "Chart val/loss 1/2  filter: val"
        await pilot.press("c")
        assert chart.metric == "val/acc"

        chart.filter_words = "nothing of this"
        assert chart.metric == "val/acc"
        assert chart.leave()
        assert chart.title == "Chart val/acc 4/4"


@pytest.mark.anyio
async def test_enter_asks_for_the_log_at_the_step_under_the_cursor_whatever_the_axis() -> None:
    chart = MetricChart()
    epochs = Series.of("epoch", range(100), [step / 10 for step in range(100)])
    stage = Stage(chart)
    async with stage.run_test(size=(80, 20)) as pilot:
        chart.focus()
        chart.show(named(series("loss"), epochs))
        await settle(pilot, chart)
        await pilot.press("enter")
        assert not stage.heard_of(MetricChart.LogWanted)

        await pilot.press("left", "enter", "t")
        await settle(pilot, chart)
        await pilot.press("left", "enter", "t")
        await settle(pilot, chart)
        await pilot.press("left", "enter")
        await pilot.pause()

        found = [(message.step, message.epoch) for message in stage.heard_of(MetricChart.LogWanted)]
        assert found == [(99, pytest.approx(9.9))] * 3


@pytest.mark.anyio
async def test_goals_are_drawn_in_the_chart_of_their_metric() -> None:
    chart = MetricChart()
    guides = {"val/acc": (Guide("goal", 0.5, "goal >= 0.5"),)}
    async with Stage(chart).run_test(size=(80, 20)) as pilot:
        chart.focus()
        chart.show(named(series("val.acc"), series("loss")), guides=guides)
        await settle(pilot, chart)
        assert "goal >= 0.5" in text(chart)

        await pilot.press("c")
        await settle(pilot, chart)
        assert "goal" not in text(chart)


@pytest.mark.anyio
async def test_a_cursor_that_moves_draws_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings: list[object] = []
    real: Callable[..., object] = render.draw
    monkeypatch.setattr(render, "draw", lambda *words: drawings.append(words) or real(*words))
    chart = MetricChart(period_s=0.01)
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.focus()
        chart.show(named(series()))
        await settle(pilot, chart)
        await pilot.press("left")
        await settle(pilot, chart)
        before = len(drawings)

        await pilot.press(*["left"] * 10, "shift+right")
        await settle(pilot, chart)

        assert len(drawings) == before


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(2))
async def test_whatever_keys_are_pressed_on_whatever_values_the_pane_stays_whole(seed: int) -> None:
    dice = random.Random(seed)
    odd = [0.0, -1.0, math.nan, math.inf, 1e308, -1e308, 5e-324, 3.0]
    chart = MetricChart(period_s=0.01, ascii_only=bool(seed % 2))
    keys = [
        "c", "C", "L", "t", "full_stop", "comma", "m", "s", "left", "right", "shift+left", "shift+right", "plus", "plus",
        "minus", "v", "0", "less_than_sign", "greater_than_sign", "enter",
    ]  # fmt: skip

    def some_run(place: int) -> RunSeries:
        metrics = {
            name: series(name, dice.choices(odd, k=dice.choice([0, 1, 2, 300])), times=dice.random() < 0.7)
            for name in ("loss", "epoch", "\x1b[2Jx" * 9)
        }
        return RunSeries(f"r{place}\u202e", metrics, dice.choice([None, "g"]), "g")

    async with Stage(chart).run_test(size=(70, 18)) as pilot:
        chart.focus()
        for _ in range(5):
            chart.show([some_run(place) for place in range(dice.choice([1, 2, 4, 9]))])
            await pilot.press(*dice.choices(keys, k=12))
            await settle(pilot, chart)
            lines = drawn(chart)
            assert all(cell_len(line) == 70 and line.isprintable() for line in lines)
            assert "cannot be drawn" not in text(chart)


@pytest.mark.anyio
async def test_a_run_without_time_stamps_comes_to_rest_too() -> None:
    chart = MetricChart()
    async with Stage(chart).run_test(size=(60, 12)) as pilot:
        chart.show(named(series(times=False)))
        await settle(pilot, chart)
        chart.show(named(series(times=False)))
        await settle(pilot, chart)
        assert chart.is_settled
