"""A list of a hundred thousand rows of which only those around the cursor are held."""

from __future__ import annotations

from array import array

import pytest
from rich.segment import Segment
from rich.style import Style
from stage import Stage, drawn

from orp_tui.tui.widgets.lines import cell
from orp_tui.tui.widgets.paged_list import KEPT, PagedList

pytestmark = pytest.mark.anyio

MANY = 100_000


class Words(PagedList[str]):
    """Rows of one text each."""

    def row_segments(self, key: int, row: str, width: int, *, cursor: bool) -> list[Segment]:
        return [cell(self.signs(key, cursor=cursor) + row, width, Style())]

    def empty_lines(self, width: int) -> list[str]:
        return ["nothing"]


class Shelf(Stage):
    """Answers every wish for rows at once, as the thread would in a while."""

    def on_paged_list_rows_wanted(self, event: PagedList.RowsWanted) -> None:
        if self.is_quick:
            self.words.put_rows({key: f"row {key}" for key in event.keys})

    def __init__(self, *, is_quick: bool = True) -> None:
        self.words = Words()
        super().__init__(self.words)
        self.is_quick = is_quick


def numbers(*some: int) -> array[int]:
    return array("q", some)


async def test_only_rows_near_the_cursor_are_asked_for_and_few_are_held():
    app = Shelf()
    async with app.run_test(size=(40, 10)) as pilot:
        app.words.focus()
        app.words.put_keys(array("q", range(MANY)))
        await pilot.pause()
        assert drawn(app.words)[0].startswith("> row 0")
        for key in ("end", "pageup", "pageup", "home", *["pagedown"] * 150):
            await pilot.press(key)
        await pilot.pause()

        assert app.words.cursor_key == 150 * 9
        assert f"> row {150 * 9}" in "\n".join(drawn(app.words))
        asked = [key for event in app.heard_of(PagedList.RowsWanted) for key in event.keys]
        assert len(set(asked)) < 2_000
        assert len(app.words._rows) <= KEPT


async def test_a_row_that_is_not_read_yet_is_a_sign_and_then_itself():
    app = Shelf(is_quick=False)
    async with app.run_test(size=(40, 4)) as pilot:
        app.words.put_keys(numbers(7, 8))
        await pilot.pause()
        assert [line.rstrip() for line in drawn(app.words)] == ["> ·", "  ·", "", ""]
        app.words.put_rows({7: "seven", 8: None})

        assert [line.rstrip() for line in drawn(app.words)] == ["> seven", "  gone meanwhile", "", ""]


async def test_the_cursor_stays_with_its_row_as_others_come_and_go():
    app = Shelf()
    async with app.run_test(size=(40, 10)) as pilot:
        app.words.focus()
        app.words.put_keys(numbers(1, 2, 3, 4))
        await pilot.press("down", "down")
        app.words.put_keys(numbers(9, 1, 2, 3, 4))
        assert (app.words.cursor_key, app.words.cursor_place) == (3, 3)
        app.words.put_keys(numbers(9, 1, 2, 4))
        assert app.words.cursor_key == 4
        app.words.put_keys(numbers(4, 1), to_top=True)
        assert app.words.cursor_key == 4
        app.words.put_keys(numbers())
        await pilot.pause()

        assert app.words.cursor_key is None
        assert drawn(app.words)[0].strip() == "nothing"
        assert [event.key for event in app.heard_of(PagedList.Highlighted)][-2:] == [4, None]


async def test_rows_that_are_held_are_read_again_when_the_list_comes_anew_and_drawn_meanwhile():
    app = Shelf()
    async with app.run_test(size=(40, 4)) as pilot:
        app.words.put_keys(numbers(1, 2))
        await pilot.pause()
        app.is_quick = False
        app.words.put_keys(numbers(1, 2))
        await pilot.pause()

        assert drawn(app.words)[1].strip() == "row 2"
        assert app.heard_of(PagedList.RowsWanted)[-1].keys == (1, 2)


async def test_marks_are_of_rows_wherever_they_stand_and_verbs_act_on_those_in_sight():
    app = Shelf()
    async with app.run_test(size=(40, 10)) as pilot:
        app.words.focus()
        app.words.put_keys(array("q", range(100)))
        app.words.action_mark()
        app.words.action_cursor_down()
        app.words.action_cursor_down()
        app.words.action_mark_range()
        assert list(app.words.chosen) == [0, 1, 2, 3]
        app.words.put_keys(numbers(3, 50))
        assert list(app.words.chosen) == [3]
        assert (len(app.words.marks), app.words.count_marks_shown) == (4, 1)
        app.words.action_mark_all()
        assert app.words.marks == {0, 1, 2, 3, 50}
        app.words.action_mark_all()
        assert app.words.marks == {0, 1, 2}
        await pilot.pause()

        assert list(app.words.chosen) == [app.words.cursor_key]
        assert app.words.clear_marks()
        assert not app.words.clear_marks()


async def test_a_list_in_a_smaller_window_still_shows_the_cursor():
    app = Shelf()
    async with app.run_test(size=(40, 20)) as pilot:
        app.words.focus()
        app.words.put_keys(array("q", range(1_000)))
        await pilot.press("end")
        await pilot.resize_terminal(30, 5)
        await pilot.pause()

        assert "> row 999" in "\n".join(drawn(app.words))
