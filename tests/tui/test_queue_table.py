"""The queue's rows as they are drawn."""

from __future__ import annotations

import dataclasses
import time

import pytest
from made_runs import made_run
from stage import Stage
from textual.geometry import Region

from orp_tui.core.states import Mark, RunState
from orp_tui.services.watch import RunView
from orp_tui.tui.widgets.queue_table import QueueTable

pytestmark = pytest.mark.anyio


def running(number: int, *marks: Mark) -> RunView:
    run = made_run(f"exp_20261124_09300{number}_k7f{number}", state=RunState.RUNNING)
    return RunView(run, run.state, None, None, frozenset(marks), time.time(), None, None, None, None)


def on_screen(table: QueueTable) -> list[str]:
    """The lines as they were last drawn: what was not drawn again is as it was."""
    return [strip.text for strip in table.render_lines(Region(0, 0, *table.size))]


async def test_a_longer_state_moves_the_columns_of_every_row():
    table = QueueTable()
    async with Stage(table).run_test(size=(100, 10)) as pilot:
        table.show([running(1), running(2)])
        await pilot.pause()
        on_screen(table)
        stopping = running(2, Mark.CANCEL_REQUESTED)
        table.show([running(1), stopping], kill_at={stopping.run.id: time.time() + 1000})
        head, first, second = on_screen(table)[:3]

        assert "stopping 1000s" in second or "stopping 999s" in second
        assert (
            head.index("ELAPSED") + len("ELAPSED")
            == first.index("0s") + len("0s")
            == second.index(" 0s") + len(" 0s")
        )


async def test_marks_outlive_a_filter_and_only_those_in_sight_are_acted_on():
    table = QueueTable()
    first, second = running(1), running(2)
    async with Stage(table).run_test(size=(100, 10)) as pilot:
        table.focus()
        table.show([first, second])
        await pilot.press("space")
        table.filter_words = "k7f2"
        assert table.chosen == (second.run.id,)
        assert table.title == "Queue  1  filter: k7f2  1 marked out of sight"

        await pilot.press("asterisk")
        table.filter_words = ""
        assert table.chosen == (first.run.id, second.run.id)
        table.show([second])
        assert table.marks == (second.run.id,)
        table.show([first, second])
        assert table.marks == (second.run.id,)


def first_row(table: QueueTable) -> str:
    return on_screen(table)[1]


@pytest.mark.parametrize(("ascii_only", "drawn"), [(False, "▁▂×█"), (True, "_.x#")])
async def test_the_newest_values_are_drawn_where_there_is_room_nan_among_them(ascii_only, drawn):
    table, run = QueueTable(ascii_only=ascii_only), running(1)
    values = {"metrics": {run.run.id: "loss 0.5"}, "sparks": {run.run.id: (0, 1, -1, 7)}}
    async with Stage(table).run_test(size=(120, 6)) as pilot:
        table.show([run], **values)
        await pilot.pause()
        head, row = on_screen(table)[:2]

        assert head.index("TREND ") == row.index(drawn)
        assert head.index("METRIC / WHY") == row.index("loss 0.5")


async def test_bars_take_the_room_that_words_leave_and_none_where_that_is_too_little():
    table, run = QueueTable(), running(1)
    sparks = {run.run.id: (0,) * 20}
    async with Stage(table).run_test(size=(70, 6)) as pilot:
        table.show([run], metrics={run.run.id: "loss 0.5"}, sparks=sparks)
        await pilot.pause()
        assert "TREND" in on_screen(table)[0]
        assert first_row(table).rstrip().endswith("▁  loss 0.5")

        table.show([run], metrics={run.run.id: "eval/perplexity 12.345"}, sparks=sparks)
        await pilot.pause()
        assert "TREND" not in on_screen(table)[0]
        assert "▁" not in first_row(table)
        assert "eval/perplexity 12.345" in first_row(table)


async def test_runs_that_differ_by_their_seed_are_told_apart_however_long_their_name_is():
    table = QueueTable()
    views = []
    for seed in (3, 12):
        item = running(seed % 10)
        views.append(
            dataclasses.replace(item, run=dataclasses.replace(item.run, name="resnet" * 9, seed=seed))
        )
    async with Stage(table).run_test(size=(80, 6)) as pilot:
        table.show(views)
        await pilot.pause()
        first, second = on_screen(table)[1:3]
        assert "… s3 " in first
        assert "… s12 " in second

        table.filter_words = "resnet s12"
        assert table.chosen == (views[1].run.id,)


async def test_a_waiting_run_says_its_priority_if_it_is_not_the_usual_one():
    table = QueueTable()
    views = []
    for number, priority in ((1, 10), (2, 0)):
        run = dataclasses.replace(
            made_run(f"exp_20261124_09300{number}_k7f{number}", state=RunState.QUEUED), priority=priority
        )
        views.append(RunView(run, run.state, None, "held", frozenset(), None, None, None, None, None))
    async with Stage(table).run_test(size=(100, 6)) as pilot:
        table.show(views)
        await pilot.pause()
        first, second = on_screen(table)[1:3]
        assert "priority 10; held" in first
        assert "priority" not in second


async def test_a_waiting_run_uses_the_room_of_the_bars_for_why_it_waits():
    table, run = QueueTable(), running(1)
    queued = made_run("exp_20261124_093002_k7f2", state=RunState.QUEUED)
    why = "needs 1 GPU with 20 GB: GPU0 held by maria (14 GB), GPU1 by k7f1 (about two hours left)"
    waiting = RunView(queued, queued.state, None, why, frozenset(), None, None, None, None, None)
    async with Stage(table).run_test(size=(130, 6)) as pilot:
        table.show([run, waiting], sparks={run.run.id: (3,) * 20})
        await pilot.pause()

        assert "TREND" in on_screen(table)[0]
        assert why in on_screen(table)[2]


async def test_a_live_run_with_an_alert_has_a_sign_before_its_metric():
    table, run = QueueTable(), running(1)
    alarmed = dataclasses.replace(
        run, alert="nan(loss): loss is NaN at step 7", alert_rule="nan(loss)\x1b[31m"
    )
    async with Stage(table).run_test(size=(100, 6)) as pilot:
        table.show([alarmed], metrics={run.run.id: "test_acc 0.9"})
        await pilot.pause()

        assert "! nan(loss); test_acc 0.9" in first_row(table)


async def test_a_run_that_ended_badly_has_its_evidence_in_the_place_of_bars():
    table, live = QueueTable(), running(1)
    run = made_run("exp_20261124_093002_k7f2", state=RunState.CANCELLED)
    why = "cancelled by alert nan(loss) (sent SIGTERM to 4711)"
    ended = RunView(run, run.state, "cancelled", why, frozenset(), None, None, None, None, None)
    async with Stage(table).run_test(size=(120, 6)) as pilot:
        table.show([live, ended], sparks={live.run.id: (3,) * 20, run.id: (3,) * 20})
        await pilot.pause()

        head, first, second = on_screen(table)[:3]
        assert first.index("▄") == head.index("TREND") == second.index(why)


async def test_an_empty_queue_whose_runs_cannot_be_read_says_so_and_not_that_nothing_was_run():
    table = QueueTable()
    async with Stage(table).run_test(size=(60, 8)) as pilot:
        table.trouble = "/data/experiments/state: belongs to another user (uid 0)\x1b[31m"
        table.show([])
        await pilot.pause()
        drawn = " ".join(line.strip() for line in on_screen(table))
        assert "the runs can't be read: /data/experiments/state: belongs to another user" in drawn
        assert "nothing was run" not in drawn
        assert "\x1b" not in drawn


async def test_an_incomplete_run_says_first_what_is_missing():
    table = QueueTable()
    run = made_run("exp_20261124_093001_k7f1", state=RunState.INCOMPLETE)
    why = "exit code 0, but out/m.json: accuracy 0.7 < 0.8"
    view = RunView(run, run.state, "deliverable", why, frozenset(), None, None, None, None, None)
    async with Stage(table).run_test(size=(76, 6)) as pilot:
        table.show([view])
        await pilot.pause()
        assert "  out/m.json: accuracy 0.7 <" in first_row(table)
