"""Wrapped text, pages of lines, and sections of names and values."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from stage import Stage, drawn

from orp_tui.tui.manners import Manners
from orp_tui.tui.widgets.info_panel import InfoPanel, Row, Section, laid_out
from orp_tui.tui.widgets.page_view import Line, PageView, line
from orp_tui.tui.widgets.wrapping import pieces, tail_of_path, wrapped

# Wrapping


def test_text_is_broken_at_spaces():
    assert wrapped("one two three four", 9) == ["one two", "three", "four"]


def test_a_word_that_is_too_long_is_cut():
    assert wrapped("ab abcdefghij", 4) == ["ab", "abcd", "efgh", "ij"]
    assert wrapped("", 4) == [""]


@pytest.mark.parametrize("text", ["文件模型文件模型", "a" + "\u0301" * 8 + "bcd", "x y  z", "word " * 30])
@pytest.mark.parametrize("width", [1, 2, 3, 10])
def test_no_part_is_wider_than_asked_and_nothing_is_lost(text, width):
    parts = wrapped(text, width)

    assert all(cell_len(part) <= max(width, 2) for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


def test_wide_characters_are_never_halved():
    assert pieces("文件模型", 5) == ["文件", "模型"]
    assert pieces("文", 1) == ["文"]


def test_of_a_long_path_the_end_is_kept():
    assert tail_of_path("outputs/deep/model.safetensors", 40) == "outputs/deep/model.safetensors"
    assert tail_of_path("outputs/deep/model.safetensors", 24) == "…/deep/model.safetensors"
    assert tail_of_path("outputs/deep/model.safetensors", 20) == "…/model.safetensors"
    assert tail_of_path("outputs/deep/model.safetensors", 8) == "model.s…"


# Pages


PAGE = [line(f"line {number}") for number in range(100)]


@pytest.mark.anyio
async def test_a_page_scrolls_by_the_keys_of_lists():
    page = PageView()
    app = Stage(page)
    async with app.run_test(size=(40, 10)) as pilot:
        page.put_lines(PAGE)
        page.focus()
        await pilot.pause()
        seen = []
        for key in ("j", "G", "k", "g", "pagedown"):
            await pilot.press(key)
            await pilot.pause()
            seen.append(drawn(page)[0].strip())

    assert seen == ["line 1", "line 90", "line 89", "line 0", "line 9"]


@pytest.mark.anyio
async def test_a_wide_page_scrolls_sideways_and_not_beyond_its_end():
    page = PageView()
    app = Stage(page)
    async with app.run_test(size=(20, 10)) as pilot:
        page.put_lines([line("0123456789" * 3)])
        page.focus()
        await pilot.press("l", "l", "l", "l")
        await pilot.pause()
        assert drawn(page)[0].endswith("9")
        await pilot.press("h", "h", "h", "h")
        await pilot.pause()
        assert drawn(page)[0].startswith("0123")


@pytest.mark.anyio
async def test_new_lines_leave_the_place_one_reads_at_unless_it_is_another_text():
    page = PageView()
    async with Stage(page).run_test(size=(40, 10)) as pilot:
        page.put_lines(PAGE)
        page.action_last()
        await pilot.pause()

        page.put_lines([*PAGE, line("more")])
        await pilot.pause()
        assert drawn(page)[0].strip() == "line 90"

        page.put_lines(PAGE[:50], from_top=True)
        await pilot.pause()
        assert drawn(page)[0].strip() == "line 0"


@pytest.mark.anyio
async def test_without_colours_every_segment_of_a_page_has_a_style():
    page = PageView()
    async with Stage(page, manners=Manners(colours="none")).run_test(size=(12, 6)):
        page.put_lines([line("x" * 50, "bad"), line(), Line((("a", "label"), ("b", "good")))])

        assert all(segment.style is not None for y in range(6) for segment in page.render_line(y))


# Sections


SECTIONS = (
    Section("", (Row("state", "✗ FAILED", "bad"),)),
    Section(
        "How it ended",
        (Row("evidence", "exit code 1: " + "word " * 30), Row("", "whole " * 10, indented=False)),
    ),
)


@pytest.mark.parametrize("width", [20, 38, 60, 118])
def test_no_line_of_a_section_is_wider_than_the_pane(width):
    rows = list(laid_out(SECTIONS, width))

    assert max(cell_len(row.text) for row in rows) <= width
    assert "How it ended" in [row.text for row in rows]


def test_values_go_on_under_themselves():
    rows = [row.text for row in laid_out(SECTIONS, 40)]

    begin = rows.index(next(row for row in rows if row.startswith("evidence")))
    assert rows[begin + 1].startswith(" " * 10 + "word")


def test_names_and_values_from_outside_are_made_harmless():
    evil = Section("\x1b[31m[/]", (Row("\x1b]0;x\x07name\n", "a\x1b[2Jb\u202e\nc" + "o\u0301" * 3),))

    rows = [row.text for row in laid_out((evil,), 40)]

    assert all(row.isprintable() for row in rows)
    assert rows[0] == "[/]"


def test_ten_thousand_combining_marks_take_one_line():
    rows = list(laid_out((Section("", (Row("name", "o" + "\u0301" * 10_000),)),), 40))

    assert len(rows) == 1
    assert len(rows[0].text) < 100


@pytest.mark.anyio
async def test_a_panel_wraps_again_when_its_width_changes():
    panel = InfoPanel()
    async with Stage(panel).run_test(size=(100, 20)) as pilot:
        panel.show(SECTIONS)
        await pilot.pause()
        wide = len(panel.lines_shown)

        await pilot.resize_terminal(40, 20)
        await pilot.pause()

        assert len(panel.lines_shown) > wide


@pytest.mark.anyio
async def test_the_same_sections_draw_nothing_again():
    panel = InfoPanel()
    async with Stage(panel).run_test(size=(60, 20)) as pilot:
        panel.show(SECTIONS)
        await pilot.pause()
        refreshed = []
        panel.refresh = lambda *_, **__: refreshed.append(1)  # type: ignore[method-assign]

        panel.show(tuple(SECTIONS))

        assert refreshed == []
