"""The run under the cursor beside a list: at every size, of every run, and from the thread that reads it."""

from __future__ import annotations

import math

import pytest
from past import HOSTILE, hostile, is_harmless, past
from rich.cells import cell_len
from stage import Stage, drawn
from waiting import until

from orp_tui.analysis.intervals import Interval
from orp_tui.core.checklist import ChecklistItem, ChecklistReport, DeliverableStatus
from orp_tui.core.columns import parse_column
from orp_tui.core.filters.expression import EVERYTHING
from orp_tui.core.states import RunState
from orp_tui.services.catalog import Group
from orp_tui.services.run_curve import Curve
from orp_tui.services.run_log_end import LogEnd
from orp_tui.services.run_preview import RunPreview
from orp_tui.tui import feeds_preview
from orp_tui.tui.feeds_preview import PreviewFeed, PreviewRead
from orp_tui.tui.manners import Manners
from orp_tui.tui.preview_lines import SIDE_BY_SIDE, group_lines, preview_lines
from orp_tui.tui.run_listing import GroupRow
from orp_tui.tui.widgets.run_preview import RunPreviewPane

NOW = 10_000.0


def item(path, status):
    return ChecklistItem(0, "model", path, True, status, (), (), 0)


def found(run, **values):
    statuses = (DeliverableStatus.VALID, DeliverableStatus.MISSING, DeliverableStatus.INVALID)
    report = ChecklistReport(tuple(item(f"out/{each.value}.pt", each) for each in statuses), final=True)
    usual = {
        "checklist": report,
        "log": LogEnd(("epoch 1", "    deep", "done"), "stdout"),
        "curve": Curve("val_acc", (0.1, 0.5, math.nan, 0.9), 0.1, 0.9, 0.92, 420.0, 4, 1),
    }
    return RunPreview(run.id, **{**usual, **values})


def words(run, preview=None, *, width=60, ascii_only=False):
    shown = preview_lines(run, preview, width=width, now=NOW, ascii_only=ascii_only)
    return "\n".join(line.text for line in shown)


def test_what_the_list_knows_is_there_before_any_file_is_read():
    said = words(past())
    assert "✓ succeeded" in said
    assert "took 1h00m, by maria@lab" in said
    for part in ("best paper", "the one of table 2", "lr=0.001 model.name=resnet50", "5.0 MiB, zip 1.0 MiB"):
        assert part in said
    assert "Deliverables" not in said


def test_then_checklist_log_and_metric_are_there_and_what_is_wrong_stands_first():
    run = past()
    said = words(run, found(run), width=80)
    assert "val_acc  0.1 → 0.9, best 0.92 at 420, judged by 0.91, 1 not finite" in said
    assert "▁" in said
    assert "×" in said
    assert "Deliverables 1/3" in said
    assert said.index("invalid.pt") < said.index("[x] ")
    assert said.index("Last lines of stdout") < said.index("    deep") < said.index("done")


def test_a_failed_run_says_why_with_the_evidence_near_the_top():
    run = past(state=RunState.FAILED, reason="oom_cuda", detail="tried to allocate 2 GiB")
    first = words(run, found(run)).splitlines()[:3]
    assert first[0].startswith("✗ FAILED  oom cuda: the GPU had too little memory")
    assert "tried to allocate 2 GiB" in "".join(first)


def test_a_damaged_run_says_what_is_wrong_and_what_to_do():
    run = past(problem="request.json is no JSON")
    said = words(run, found(run, next_steps=("orp doctor",), troubles=("can't read",)))
    assert "damaged" in said.splitlines()[0]
    for part in ("request.json is no JSON", "can't read", "do       orp doctor"):
        assert part in said


def test_a_run_that_waits_says_why_and_one_that_goes_on_how_long():
    waiting = past(state=RunState.QUEUED, started_at=None, ended_at=None)
    assert "waits    for GPU 1" in words(waiting, found(waiting, waits="for GPU 1"))
    assert "submitted" in words(waiting)
    going = past(state=RunState.RUNNING, ended_at=None)
    assert "for 2h29m" in words(going)


def test_with_room_there_are_two_columns():
    run = past()
    lines = words(run, found(run), width=SIDE_BY_SIDE).splitlines()
    assert "✓ succeeded" in lines[0]
    assert "Deliverables 1/3" in lines[0]
    assert not any("Deliverables" in line[:30] for line in lines)


@pytest.mark.parametrize("width", [1, 8, 20, 38, 60, 83, 84, 100, 160])
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("read", [False, True])
def test_nothing_hostile_and_nothing_wider_than_the_pane(width, ascii_only, read):
    run = hostile()
    bad = ChecklistReport((item(HOSTILE, DeliverableStatus.INVALID),) * 12, final=True)
    preview = found(
        run, checklist=bad, curve=Curve(HOSTILE, (1.0,) * 120, 1.0), troubles=(HOSTILE,), waits=HOSTILE
    )
    shown = preview_lines(run, preview if read else None, width=width, now=NOW, ascii_only=ascii_only)
    for line in shown:
        assert is_harmless(line.text)
        assert cell_len(line.text) <= max(width, 14)
        assert width < 38 or cell_len(line.text) <= width


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(38, 8), (60, 15), (100, 8), (100, 40)])
@pytest.mark.parametrize("no_colour", [False, True])
async def test_the_pane_draws_at_every_size_and_scrolls(size, no_colour):
    pane = RunPreviewPane()
    app = Stage(pane, manners=Manners(colours="none" if no_colour else "auto"))
    run = hostile()
    async with app.run_test(size=size) as pilot:
        pane.show(run)
        pane.add(found(run, curve=Curve(HOSTILE, (1.0, 2.0), 1.0, 2.0)))
        await pilot.pause()
        for text in drawn(pane):
            assert is_harmless(text)
            assert cell_len(text) == pane.room.width
        assert "FAILED" in drawn(pane)[0]
        pane.focus()
        await pilot.press("G")
        assert len(pane.lines_shown) <= size[1] or pane.scroll_offset.y > 0


@pytest.mark.anyio
async def test_another_run_takes_the_pane_at_once_and_late_news_of_the_first_is_dropped():
    pane = RunPreviewPane()
    app = Stage(pane)
    first, second = past("first"), past("second")
    async with app.run_test(size=(60, 30)) as pilot:
        pane.show(first)
        pane.add(found(first))
        await pilot.pause()
        assert "Deliverables 1/3" in "\n".join(drawn(pane))
        pane.show(second)
        await pilot.pause()
        pane.add(found(first))
        await pilot.pause()
        assert "Deliverables" not in "\n".join(drawn(pane))
        assert pane.title == "second"
        pane.show(None)
        await pilot.pause()
        assert "no run under the cursor" in drawn(pane)[0]


@pytest.mark.anyio
async def test_a_run_that_changed_keeps_what_was_read_of_it_and_the_place_one_reads_at():
    pane = RunPreviewPane()
    app = Stage(pane)
    run = past()
    async with app.run_test(size=(60, 10)) as pilot:
        pane.show(run)
        pane.add(found(run))
        await pilot.pause()
        pane.action_last()
        await pilot.pause()
        place = pane.scroll_offset.y
        pane.show(past(tags=("other",)))
        await pilot.pause()
        assert pane.scroll_offset.y == place > 0
        assert any("Deliverables" in line.text for line in pane.lines_shown)
        assert any("other" in line.text for line in pane.lines_shown)


class Reader:
    """Answers at once, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def look(self, run):
        self.asked.append(run.id)
        return RunPreview(run.id, is_complete=self.asked.count(run.id) > 1)


@pytest.fixture
def feed():
    posted = []
    made = PreviewFeed(None, posted.append)
    made.__dict__["_reader"] = Reader()
    made.posted = posted
    yield made
    made.end()


def test_a_run_is_read_once_the_cursor_rests_and_those_it_passed_are_not(feed):
    feed.start()
    for number in range(50):
        feed.select(past(f"r{number:03d}"))
    until(lambda: len(feed.posted) == 2, what="two looks at the last one")

    last = past("r049").id
    assert {message.preview.run_id for message in feed.posted} == {last}
    assert feed.__dict__["_reader"].asked[-2:] == [last, last]
    assert len(feed.__dict__["_reader"].asked) <= 4


def test_nothing_is_read_before_the_cursor_rests(feed, monkeypatch):
    monkeypatch.setattr(feeds_preview, "REST_S", 1_000.0)
    feed.select(past())
    assert 900 < feed.turn(poked=True) <= 1_000
    assert not feed.__dict__["_reader"].asked


def test_a_run_that_goes_on_is_looked_at_again_and_one_that_ended_is_not_soon(feed, monkeypatch):
    monkeypatch.setattr(feeds_preview, "REST_S", 0.0)
    for state, least, most in ((RunState.RUNNING, 0.1, 2.0), (RunState.SUCCEEDED, 30.0, 1e9)):
        feed.select(past(state.value, state))
        assert feed.turn(poked=True) == 0.0
        assert least <= feed.turn(poked=False) <= most


def test_coming_back_to_a_run_tells_it_again_and_the_same_news_is_told_once(feed, monkeypatch):
    monkeypatch.setattr(feeds_preview, "REST_S", 0.0)
    run = past()
    feed.select(run)
    for _ in range(4):
        feed.turn(poked=False)
    assert len(feed.posted) == 2  # a part, and all
    feed.select(past("other"))
    feed.select(run)
    feed.turn(poked=True)
    assert len(feed.posted) == 3
    assert isinstance(feed.posted[-1], PreviewRead)


def test_a_run_that_changed_is_read_again_without_a_rest(feed, monkeypatch):
    feed.select(past())
    monkeypatch.setattr(feeds_preview, "REST_S", 0.0)
    feed.turn(poked=True)
    since = feed._wanted[1]
    feed.select(past(note="another"))
    assert feed._wanted[1] == since


def test_a_group_says_what_it_stands_for():
    column = parse_column("cfg." + HOSTILE)
    group = GroupRow(
        (HOSTILE,), (column,), (parse_column("metric.acc"),),
        Group((HOSTILE,), EVERYTHING, 963, {"metric.acc": Interval(5, 0.9, 0.8, 1.0)}), is_open=False,
    )  # fmt: skip
    for width in (20, 38, 100):
        lines = [each.text for each in group_lines(group, width)]
        assert all(is_harmless(text) and cell_len(text) <= width for text in lines)
        assert "963 runs" in lines
        assert "(n=5)" in "".join(lines)


@pytest.mark.anyio
async def test_a_group_takes_the_pane_and_gives_it_back():
    pane, run = RunPreviewPane(), past()
    group = GroupRow((3,), (parse_column("seed"),), (), Group((3,), EVERYTHING, 2, {}), is_open=False)
    async with Stage(pane).run_test(size=(60, 30)) as pilot:
        pane.show(run)
        pane.show_group(group)
        pane.add(found(run))
        await pilot.pause()
        assert pane.title == "seed = 3"
        assert "2 runs" in "\n".join(drawn(pane))
        pane.show(run)
        await pilot.pause()
        assert "succeeded" in drawn(pane)[0]


@pytest.mark.anyio
async def test_what_is_read_of_a_run_before_it_is_shown_waits_for_it():
    pane, run = RunPreviewPane(), past()
    async with Stage(pane).run_test(size=(60, 30)) as pilot:
        pane.show(past("other"))
        pane.add(found(run))
        await pilot.pause()
        assert "Deliverables" not in "\n".join(drawn(pane))
        pane.show(run)
        await pilot.pause()
        assert "Deliverables 1/3" in "\n".join(drawn(pane))
