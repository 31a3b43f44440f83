"""The list of deliverables: what it says, how it fits, what it posts."""

from __future__ import annotations

import dataclasses

import pytest
from rich.cells import cell_len
from stage import Stage, drawn
from textual.pilot import Pilot

from orp_tui.core.checklist import (
    ChecklistItem,
    ChecklistReport,
    CheckOutcome,
    CheckResult,
    DeliverableStatus,
)
from orp_tui.tui.manners import Manners
from orp_tui.tui.widgets.checklist import Checklist

VALID, GROWING = DeliverableStatus.VALID, DeliverableStatus.GROWING
MISSING, INVALID = DeliverableStatus.MISSING, DeliverableStatus.INVALID


def item(
    path: str,
    status: DeliverableStatus = VALID,
    said: str = "14 rows",
    *,
    outcome: CheckOutcome | None = None,
    required: bool = True,
    size: int = 0,
) -> ChecklistItem:
    if outcome is None:
        outcome = CheckOutcome.PASS if status in (VALID, GROWING) else CheckOutcome.FAIL
    results = (CheckResult("csv", outcome, said),)
    return ChecklistItem(0, "table", path, required, status, results, (path,), size)


def report(*items: ChecklistItem, final: bool = True) -> ChecklistReport:
    return ChecklistReport(tuple(items), final)


async def settled(pilot: Pilot[None]) -> None:
    """Until the focus has been drawn."""
    for _ in range(3):
        await pilot.pause()


MIXED = report(
    item("metrics.csv"),
    item("report.md", GROWING, size=3 << 20),
    item("confusion.png", MISSING, "nothing at confusion.png"),
    item("eval.json", INVALID, "no f1"),
    item("model.bin", INVALID, "needs: pip install x", outcome=CheckOutcome.ERROR),
    final=False,
)


@pytest.mark.anyio
async def test_each_item_has_its_box_and_what_was_found():
    checklist = Checklist()
    async with Stage(checklist).run_test(size=(60, 8)):
        checklist.show(MIXED)

        shown = [line.rstrip() for line in drawn(checklist)[:5]]

    assert [line.split()[0] if line[1] != " " else "[ ]" for line in shown] == [
        "[x]",
        "[~]",
        "[ ]",
        "[!]",
        "[?]",
    ]
    assert "14 rows" in shown[0]
    assert "growing, 3.0 MiB" in shown[1]
    assert "not there yet" in shown[2]
    assert "no f1" in shown[3]


@pytest.mark.anyio
async def test_the_title_counts_what_is_valid_and_tells_when_that_changes():
    checklist = Checklist()
    app = Stage(checklist)
    async with app.run_test(size=(60, 8)) as pilot:
        checklist.show(report(item("a"), item("b", MISSING)))
        await pilot.pause()
        assert checklist.title == "Deliverables 1/2"

        checklist.show(report(item("a"), item("b")))
        await pilot.pause()

    assert checklist.title == "Deliverables 2/2"
    assert len(app.heard_of(Checklist.TitleChanged)) == 2


@pytest.mark.anyio
async def test_an_equal_list_draws_nothing_again():
    checklist = Checklist()
    async with Stage(checklist).run_test(size=(60, 8)) as pilot:
        checklist.show(MIXED)
        checklist.focus()
        await settled(pilot)
        drawn_again = []
        checklist.refresh = lambda *regions, **_: drawn_again.append(regions)  # type: ignore[method-assign]

        checklist.show(dataclasses.replace(MIXED, items=tuple(MIXED.items)))

        assert drawn_again == []


@pytest.mark.anyio
async def test_one_item_that_turns_valid_draws_its_line_alone():
    checklist = Checklist()
    async with Stage(checklist).run_test(size=(60, 8)) as pilot:
        checklist.show(MIXED)
        checklist.focus()
        await settled(pilot)
        regions = []
        checklist.refresh = lambda *given, **_: regions.extend(given)  # type: ignore[method-assign]

        items = list(MIXED.items)
        items[2] = item("confusion.png")
        checklist.show(report(*items, final=False))

        assert [region.y for region in regions] == [2]


@pytest.mark.anyio
async def test_enter_asks_to_open_the_item_under_the_cursor():
    checklist = Checklist()
    app = Stage(checklist)
    async with app.run_test(size=(60, 8)) as pilot:
        checklist.show(MIXED)
        checklist.focus()
        await pilot.press("j", "j", "k", "enter")

    (asked,) = app.heard_of(Checklist.OpenRequested)
    assert asked.item.path == "report.md"


@pytest.mark.anyio
async def test_a_long_reason_is_told_whole_where_there_is_room():
    reason = "missing column: accuracy (has: epoch, loss, val_loss, learning_rate)"
    checklist = Checklist()
    app = Stage(checklist)
    async with app.run_test(size=(40, 12)) as pilot:
        checklist.show(report(item("a.csv"), item("b.csv", INVALID, reason), item("c.csv")))
        checklist.focus()

        words = " ".join(line[11:].strip() for line in drawn(checklist)[1:7])
        await pilot.press("j", "j", "enter")  # the lines that only go on with a reason are passed over

    assert reason in " ".join(words.split())
    assert app.heard_of(Checklist.OpenRequested)[0].item.path == "c.csv"


@pytest.mark.anyio
async def test_where_there_is_no_room_each_item_has_one_line():
    items = [
        item(f"{n}.csv", INVALID, "a reason that would need several lines of its own here") for n in range(5)
    ]
    checklist = Checklist()
    async with Stage(checklist).run_test(size=(40, 5)):
        checklist.show(report(*items))

        assert [line[4:9] for line in drawn(checklist)] == [f"{n}.csv" for n in range(5)]


@pytest.mark.anyio
@pytest.mark.parametrize("width", [3, 8, 17, 24, 46, 78, 200])
async def test_no_line_is_longer_than_the_pane(width):
    hostile = [
        item("a/very/long/path/to/something/that/nobody/would/type/model.safetensors", said="x" * 300),
        item("[/]", INVALID, "[bold red]gone[/]\x1b[31m"),
        item("o" + "\u0301" * 10_000, INVALID, "o" + "\u0301" * 10_000),
        item("文件/模型.pt", MISSING, "没有" * 60),
        item("a\nb\tc", GROWING, "\u202eevil"),
    ]
    checklist = Checklist()
    async with Stage(checklist).run_test(size=(width, 30)):
        checklist.show(report(*hostile))

        lines = drawn(checklist)

    assert {cell_len(line) for line in lines} == {width - 1}  # the scrollbar has its column
    assert not any(char in "".join(lines) for char in "\x1b\n\t\u202e")


@pytest.mark.anyio
async def test_without_colours_every_segment_still_has_a_style():
    checklist = Checklist()
    app = Stage(checklist, manners=Manners(colours="none"))
    async with app.run_test(size=(50, 10)):
        checklist.show(MIXED)
        checklist.focus()

        assert all(
            segment.style is not None
            for y in range(checklist.size.height)
            for segment in checklist.render_line(y)
        )


@pytest.mark.anyio
async def test_a_run_without_deliverables_says_so_and_opens_nothing():
    checklist = Checklist()
    app = Stage(checklist)
    async with app.run_test(size=(50, 4)) as pilot:
        checklist.show(report())
        checklist.focus()
        await pilot.press("enter", "j")

        assert "declares no deliverables" in drawn(checklist)[0]
        assert checklist.title == "Deliverables"

    assert app.heard_of(Checklist.OpenRequested) == []


@pytest.mark.anyio
async def test_a_resize_lays_the_list_out_again():
    checklist = Checklist()
    reason = "a reason that needs more than one line where it is narrow"
    async with Stage(checklist).run_test(size=(100, 10)) as pilot:
        checklist.show(report(item("a.csv", INVALID, reason)))
        assert reason in drawn(checklist)[0]

        await pilot.resize_terminal(40, 10)
        await pilot.pause()

        assert drawn(checklist)[1].strip()
        assert {cell_len(line) for line in drawn(checklist)} == {39}
