"""The table of a comparison: columns that stay and columns that scroll, folded sections, hostile names, any width."""

from __future__ import annotations

import pytest
from compared import compared, facts, metrics
from run_folders import run_id
from textual.app import App, ComposeResult

from orp_tui.core.sanitise import cell_width
from orp_tui.services.comparison.sheet import Sheet, sheet_of
from orp_tui.tui.compare_columns import lay_out, measure
from orp_tui.tui.widgets.compare_table import CompareTable


class Alone(App[None]):
    """A table on a screen of its own."""

    def compose(self) -> ComposeResult:
        yield CompareTable(empty=("nothing here",))


def many(count: int = 12, **options) -> Sheet:
    runs = [
        facts(f"r{place:03}", config={"lr": 0.1 + place, "opt": "adam"}, metrics=metrics(acc=place / 100))
        for place in range(count)
    ]
    return sheet_of(compared(*runs, **options))


def drawn(table: CompareTable) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


@pytest.mark.anyio
async def test_the_names_and_the_baseline_stay_while_the_runs_scroll_sideways():
    app = Alone()
    async with app.run_test(size=(70, 30)) as pilot:
        table = app.query_one(CompareTable)
        table.show(many(baseline=run_id("r003")))
        await pilot.pause()
        assert "r003 base" in drawn(table)[0]
        assert "[r000]" in drawn(table)[0]

        table.move_column(10)
        await pilot.pause()

        head = drawn(table)[0]
        assert "r003 base" in head
        assert "[r011]" in head
        assert "r000" not in head
        assert table.column is not None
        assert table.column.run_id == run_id("r011")
        assert any(line.startswith((">", " ")) and "lr" in line for line in drawn(table))


@pytest.mark.anyio
async def test_a_column_says_how_many_more_there_are_on_both_sides():
    app = Alone()
    async with app.run_test(size=(70, 30)) as pilot:
        table = app.query_one(CompareTable)
        table.show(many())
        table.move_column(6)
        await pilot.pause()

        head = drawn(table)[0]
        assert "‹" in head
        assert "›" in head


@pytest.mark.anyio
async def test_another_baseline_is_drawn_though_no_row_has_changed():
    app = Alone()
    async with app.run_test(size=(90, 30)) as pilot:
        table = app.query_one(CompareTable)
        table.show(many(3))
        await pilot.pause()

        table.show(many(3, baseline=run_id("r002")))
        await pilot.pause()

        assert "r002 base" in app.screen._compositor.render_strips()[0].text


@pytest.mark.anyio
async def test_a_section_is_folded_and_words_filter_rows():
    app = Alone()
    async with app.run_test(size=(90, 40)) as pilot:
        table = app.query_one(CompareTable)
        table.show(many(3))
        table.focus()
        await pilot.press("g")

        table.fold()
        assert not any(line[2:].startswith("submitted") for line in drawn(table))
        assert any("RUN" in line and "hidden" in line for line in drawn(table))
        table.fold()
        assert any("submitted" in line for line in drawn(table))

        table.filter_words = "metrics acc"
        assert not any("submitted" in line for line in drawn(table))
        assert sum("acc" in line for line in drawn(table)) == 3
        table.filter_words = "no such row"
        assert any("no row holds" in line for line in drawn(table))


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(20, 5), (60, 15), (80, 24), (200, 60)])
@pytest.mark.parametrize("name", ["x" * 300, "a\x1b[2Jb\nc", "名前" * 40, "[red]no[/red]", ""])
async def test_hostile_and_long_names_stay_in_their_cells(size, name):
    app = Alone()
    async with app.run_test(size=size) as pilot:
        table = app.query_one(CompareTable)
        runs = [
            facts("aaaa", name=name, config={name: name}, note=name, metrics=metrics(acc=1.0)),
            facts("bbbb", name=name, config={name: 1}, problem=name, metrics=metrics(acc=2.0)),
        ]
        table.show(sheet_of(compared(*runs)))
        await pilot.pause()

        for line in drawn(table):
            assert "\x1b" not in line
            assert cell_width(line) == table.scrollable_content_region.width


@pytest.mark.anyio
async def test_the_best_has_a_mark_and_no_cell_lacks_a_style():
    app = Alone()
    async with app.run_test(size=(90, 40)) as pilot:
        table = app.query_one(CompareTable)
        table.show(many(3))
        await pilot.pause()

        assert any("0.02*" in line for line in drawn(table))
        assert all(segment.style is not None for y in range(40) for segment in table.render_line(y))


@pytest.mark.anyio
async def test_a_run_that_is_gone_from_the_comparison_gives_the_cursor_to_another():
    app = Alone()
    async with app.run_test(size=(90, 40)) as pilot:
        table = app.query_one(CompareTable)
        table.show(many(4))
        table.move_column(3)
        assert table.column is not None
        assert table.column.run_id == run_id("r003")

        table.show(many(2))
        await pilot.pause()

        assert table.column is not None
        assert table.column.run_id == run_id("r001")
        table.show(None)
        assert table.column is None


@pytest.mark.parametrize("width", [10, 24, 40, 80, 200])
def test_the_baseline_and_another_run_have_room_at_any_width(width):
    measures = measure(many(5))

    for first in range(4):
        found = lay_out(measures, width, first)
        assert found.places[0] == 0
        assert len(found.places) >= 2
        if width >= 40:
            assert found.name + 2 + sum(found.widths) <= width


def test_texts_are_cut_before_a_run_is_left_out_and_numbers_are_not():
    runs = [facts(f"r{place}", note="n" * 40, config={"x": -1.2345e-05 * (place + 1)}) for place in range(5)]
    measures = measure(sheet_of(compared(*runs)))

    assert len(lay_out(measures, 110, 0).places) == 5
    assert min(lay_out(measures, 110, 0).widths) >= len("-1.2345e-05")
