"""The rows of the list of past runs as they are drawn: columns, groups, damaged runs, what does not fit."""

from __future__ import annotations

import dataclasses
import time
from array import array

import pytest
from stage import Stage, drawn

from orp_tui.analysis.intervals import Interval
from orp_tui.core.columns import parse_column
from orp_tui.core.filters.expression import EVERYTHING
from orp_tui.core.filters.vocabulary import NO_VOCABULARY
from orp_tui.core.past_run import MetricValues, PastRun
from orp_tui.core.states import RunState
from orp_tui.services.catalog import Group, SortKey
from orp_tui.tui.run_listing import GroupRow, Listing, Question
from orp_tui.tui.screens.columns import group_columns
from orp_tui.tui.widgets.paged_list import PagedList
from orp_tui.tui.widgets.runs_table import RunsTable

pytestmark = pytest.mark.anyio

COLUMNS = tuple(map(parse_column, ("id", "name", "state", "cfg.lr", "metric.acc", "note")))


def past(number: int, **values: object) -> PastRun:
    plain = PastRun(
        id=f"exp_20261124_0930{number:02d}_k7f{number}",
        name=f"net{number}",
        state=RunState.SUCCEEDED,
        submitted_at=time.time() - 3600,
        config={"lr": 10.0**-number},
        metrics={"acc": MetricValues(last=0.9 + number / 100)},
    )
    return dataclasses.replace(plain, **values)


def flat(*runs: PastRun, sort: tuple[SortKey, ...] = ()) -> tuple[Listing, dict[int, PastRun]]:
    rows = dict(enumerate(runs, 1))
    return Listing(Question(sort=sort), array("q", rows), (), len(rows), len(rows)), rows


def made(ascii_only: bool = False) -> RunsTable:
    table = RunsTable(ascii_only=ascii_only)
    table.columns = COLUMNS
    return table


async def test_columns_of_config_and_metrics_stand_under_their_names_numbers_to_the_right():
    table = made()
    async with Stage(table).run_test(size=(100, 6)) as pilot:
        table.show(*flat(past(1), past(2, is_starred=True, note="wider\x1b[31m")))
        await pilot.pause()
        head, first, second = drawn(table)[:3]

        assert head.split() == ["RUN", "NAME", "STATE", "lr", "acc", "NOTE"]
        assert first.split() == [">", "k7f1", "net1", "✓", "succeeded", "0.1", "0.91", "-"]
        assert second.split() == ["★", "k7f2", "net2", "✓", "succeeded", "0.01", "0.92", "wider"]
        assert head.index("acc") + 3 == first.index("0.91") + 4 == second.index("0.92") + 4


@pytest.mark.parametrize(("ascii_only", "signs"), [(False, ("1▲", "2▼")), (True, ("1^", "2v"))])
async def test_the_head_tells_the_order(ascii_only, signs):
    sort = (SortKey(parse_column("cfg.lr")), SortKey(parse_column("metric.acc"), descending=True))
    table = made(ascii_only)
    async with Stage(table).run_test(size=(100, 6)) as pilot:
        table.show(*flat(past(1), sort=sort))
        await pilot.pause()
        assert drawn(table)[0].split() == ["RUN", "NAME", "STATE", "lr", signs[0], "acc", signs[1], "NOTE"]
        table.show(*flat(past(1), sort=sort[1:]))

        assert f"acc {signs[1][1]}" in drawn(table)[0]


async def test_a_damaged_run_is_a_row_with_what_is_wrong_in_words():
    table = made()
    async with Stage(table).run_test(size=(80, 6)) as pilot:
        table.show(*flat(past(1), past(2, problem="request.json is damaged\nline 3", state=RunState.LOST)))
        await pilot.pause()
        row = drawn(table)[2]

        assert "k7f2  net2" in row
        assert "! request.json is damaged" in row
        assert "0.92" not in row


async def test_what_does_not_fit_is_seen_sideways_and_the_name_stays():
    table = made()
    async with Stage(table).run_test(size=(40, 6)) as pilot:
        table.show(*flat(past(1, note="the last column of all")))
        table.focus()
        await pilot.pause()
        before = drawn(table)
        assert before[0].rstrip().endswith(">")
        assert "NOTE" not in before[0]
        await pilot.press("right", "right", "right", "right", "right")
        after = drawn(table)

        assert "NOTE" in after[0]
        assert "<" in after[0]
        assert "net1" in after[1]
        assert "the last column" in after[1]
        assert "succeeded" not in after[1]
        await pilot.press("left", "left", "left", "left", "left")
        assert drawn(table)[0] == before[0]


async def test_columns_never_grow_narrower_while_one_goes_through_a_list():
    table = made()
    short, long = past(1), past(2, name="a" * 30)
    async with Stage(table).run_test(size=(120, 6)) as pilot:
        table.show(*flat(short, long))
        await pilot.pause()
        head = drawn(table)[0]
        table.show(*flat(short))
        await pilot.pause()

        assert drawn(table)[0] == head


def tree(*, is_open: bool, runs: dict[int, PastRun]) -> Listing:
    keys, metrics = (parse_column("cfg.lr"),), (parse_column("metric.acc"),)
    group = Group((0.1,), EVERYTHING, 5, {"metric.acc": Interval(3, 0.9132, 0.9092, 0.9172)})
    row = GroupRow((0.1,), keys, metrics, group, is_open)
    opened = frozenset({(0.1,)}) if is_open else frozenset()
    numbers = array("q", [-1, *(runs if is_open else ())])
    return Listing(Question(group_by=keys, metrics=metrics, opened=opened), numbers, (row,), 5, 9)


@pytest.mark.parametrize(("ascii_only", "closed", "opened"), [(False, "▸", "▾"), (True, "+", "v")])
async def test_a_group_tells_its_values_its_runs_and_the_mean_under_the_metric(ascii_only, closed, opened):
    table, rows = made(ascii_only), {4: past(1), 5: past(2)}
    async with Stage(table).run_test(size=(110, 6)) as pilot:
        table.show(tree(is_open=False, runs=rows))
        table.focus()
        await pilot.pause()
        head, row = drawn(table)[:2]
        assert f"{closed} lr = 0.1  5 runs" in row
        assert row.index("(n=3)") + 5 == head.index("acc") + 3
        assert "0.9132 ± 0.0040 (n=3)" in row
        await pilot.press("right")
        table.show(tree(is_open=True, runs=rows), rows)
        await pilot.pause()

        toggled = pilot.app.heard_of(RunsTable.GroupToggled)
        assert [event.group.path for event in toggled] == [(0.1,)]
        assert f"{opened} lr = 0.1" in drawn(table)[1]
        assert "net1" in drawn(table)[2]
        await pilot.press("end", "left")
        assert table.group is not None
        assert table.group.is_open


async def test_a_metric_without_a_column_is_told_behind_the_group():
    table = made()
    table.columns = COLUMNS[:3]
    async with Stage(table).run_test(size=(80, 4)) as pilot:
        table.show(tree(is_open=False, runs={}))
        await pilot.pause()

        assert "lr = 0.1  5 runs  acc 0.9132 ± 0.0040 (n=3)" in drawn(table)[1]


async def test_a_group_is_marked_by_its_runs_and_is_none_itself():
    table, rows = made(), {4: past(1), 5: past(2)}
    async with Stage(table).run_test(size=(80, 6)) as pilot:
        table.show(tree(is_open=True, runs=rows), rows)
        table.focus()
        await pilot.press("asterisk")
        assert table.marks == {4, 5}
        await pilot.press("space")
        await pilot.pause()

        assert len(pilot.app.heard_of(RunsTable.GroupMarked)) == 1
        assert table.marks == {4, 5}
        assert pilot.app.heard_of(PagedList.MarksChanged)


async def test_without_colours_every_piece_of_a_row_still_has_a_style():
    table = made()
    async with Stage(table).run_test(size=(60, 5)) as pilot:
        table.show(*flat(past(1), past(2, problem="gone")))
        await pilot.pause()

        for y in range(table.size.height):
            assert all(segment.style is not None for segment in table.render_line(y))


def test_groups_are_offered_by_name_and_config_first_and_never_by_what_none_share():
    offered = group_columns(
        dataclasses.replace(NO_VOCABULARY, config_keys=("lr", "model"), metrics=("loss",))
    )

    assert [str(column) for column in offered[:3]] == ["name", "cfg.lr", "cfg.model"]
    assert not {"id", "age", "submitted", "size"} & {str(column) for column in offered}
