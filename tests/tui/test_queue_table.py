"""The queue's rows as they are drawn."""

from __future__ import annotations

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
