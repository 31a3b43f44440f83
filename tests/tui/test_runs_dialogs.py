"""Questions of the Runs screen: tags, notes, deletion, views; of hostile words, at small sizes, in a hurry."""

from __future__ import annotations

import threading

import pytest
from past import HOSTILE, is_harmless
from stage import Stage
from textual import events
from textual.widgets import Input, Static

from orp_tui.core.errors import UsageError
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.services.annotations import Tag
from orp_tui.services.removal import Removal, RunToRemove
from orp_tui.services.views import View
from orp_tui.tui.manners import Manners
from orp_tui.tui.screens.delete_dialog import DeleteRuns, removal_lines
from orp_tui.tui.screens.note_dialog import LONGEST, NoteArea, WriteNote, harmless
from orp_tui.tui.screens.tag_dialog import TagRuns
from orp_tui.tui.screens.views_dialog import ChooseView, DeleteView, GoToView, SaveView, ViewList
from orp_tui.tui.widgets.line_field import LineField

NONE = object()
SIZES = [(38, 10), (60, 15), (80, 24), (160, 45)]


class Asked:
    """A dialog on a bare stage, and the answer it gave."""

    def __init__(self, dialog, size=(80, 24), **manners):
        self.dialog = dialog
        self.app = Stage(manners=Manners(**manners))
        self.answer = NONE
        self._size = size

    async def __aenter__(self):
        self._running = self.app.run_test(size=self._size)
        self.pilot = await self._running.__aenter__()
        self.app.push_screen(self.dialog, lambda answer: setattr(self, "answer", answer))
        await self.pilot.pause()
        return self

    async def __aexit__(self, *error):
        await self._running.__aexit__(*error)

    async def press(self, *keys):
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition):
        for _ in range(500):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError("not within five seconds")

    def type(self, text):
        self.app.focused.insert_text_at_cursor(text)

    @property
    def screen_text(self):
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def words(self, kind=".answer"):
        return str(self.dialog.query_one(kind, Static).content)

    def is_sound(self):
        """Whether nothing on the screen acts on a terminal, and the frame is whole."""
        text = self.screen_text
        return is_harmless(text) and all(corner in text for corner in "╭╮╰╯")


# Tags


@pytest.mark.anyio
async def test_words_are_tags_to_add_and_those_with_a_minus_are_taken_away():
    async with Asked(TagRuns([("old",)], 1)) as asked:
        asked.type("best, +paper -old")
        await asked.press("enter")
        assert asked.answer == Tag(("best", "paper"), ("old",))


@pytest.mark.anyio
async def test_the_dialog_says_which_tags_the_runs_have():
    async with Asked(TagRuns([("best",), ("best", "old")], 2)) as asked:
        assert asked.words(".tags") == "has best, old (1 of 2)"


@pytest.mark.anyio
async def test_tab_completes_a_known_tag_and_goes_round():
    async with Asked(TagRuns([("here",)], 1, ("paper", "baseline", "best"))) as asked:
        asked.type("x b")
        await asked.press("tab")
        field = asked.dialog.query_one(LineField)
        assert field.value == "x baseline"
        assert "[baseline]" in asked.words(".said")
        await asked.press("tab")
        assert field.value == "x best"
        await asked.press("shift+tab")
        assert field.value == "x baseline"


@pytest.mark.anyio
async def test_behind_a_minus_only_tags_that_are_there_are_offered():
    async with Asked(TagRuns([("old", "older")], 1, ("oldest",))) as asked:
        asked.type("-o")
        await asked.press("tab", "tab", "tab")
        assert asked.dialog.query_one(LineField).value == "-old"


@pytest.mark.anyio
async def test_what_is_no_tag_is_said_and_the_dialog_stays():
    async with Asked(TagRuns([], 1)) as asked:
        asked.type("x" * 61)
        await asked.press("enter")
        assert "has 61 characters" in asked.words(".said")
        assert asked.answer is NONE
        await asked.press("escape")
        assert asked.answer is None


@pytest.mark.anyio
async def test_nothing_typed_changes_nothing():
    async with Asked(TagRuns([("a",)], 1)) as asked:
        await asked.press("enter")
        assert asked.answer is None


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
async def test_hostile_tags_do_nothing(size):
    async with Asked(TagRuns([(HOSTILE, "a\x1b[2J")] * 3, 5, (HOSTILE, "文件" * 40)), size) as asked:
        await asked.press("tab")
        assert asked.is_sound()


# Notes


@pytest.mark.anyio
async def test_a_note_of_several_lines_is_kept():
    async with Asked(WriteNote("Note", before=HOSTILE)) as asked:
        await asked.press("a", "enter", "b", "ctrl+d")
        assert asked.answer == "a\nb"


@pytest.mark.anyio
async def test_an_empty_note_is_none():
    async with Asked(WriteNote("Note")) as asked:
        await asked.press("enter", "ctrl+d")
        assert asked.answer is None


@pytest.mark.anyio
async def test_what_is_written_is_not_thrown_away_by_one_key():
    async with Asked(WriteNote("Note")) as asked:
        await asked.press("a", "escape")
        assert asked.answer is NONE
        assert "again" in asked.words()
        await asked.press("b", "escape")
        assert asked.answer is NONE
        await asked.press("escape")
        assert asked.answer is None


@pytest.mark.anyio
async def test_a_paste_is_harmless_and_no_longer_than_a_note():
    async with Asked(WriteNote("Note")) as asked:
        asked.app.post_message(events.Paste("one\r\n\x1b]0;t\x07two\u202e\n" + "x" * 50_000))
        await asked.pilot.pause()
        text = asked.dialog.query_one(NoteArea).text
        assert text.startswith("one\ntwo")
        assert is_harmless(text)
        assert len(text) <= LONGEST


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
async def test_a_note_has_room_at_every_size(size):
    async with Asked(WriteNote(HOSTILE, before=HOSTILE, text=HOSTILE), size, colours="none") as asked:
        assert asked.dialog.query_one(NoteArea).size.height >= 1
        assert asked.is_sound()
        assert "Esc" in asked.screen_text


def test_what_comes_from_an_editor_is_harmless():
    assert harmless("a\tb\r\n\x1b[31mc\x00") == "a    b\nc␀"


# Deletion


def run(number, name="resnet"):
    return Run(
        number, f"exp_20261124_093000_{number:04d}", name, RunState.FAILED, 1, 0, False, 1.0, 2.0, 3.0, None, None, 1, None, None, None,
        "none", 0, None, "isolated", "/p", None, None, 0, 0,
    )  # fmt: skip


def removal(going=1, refused=0, name="resnet"):
    goes = tuple(RunToRemove(run(number, name), 1 << 20, True) for number in range(going))
    stays = tuple(
        RunToRemove(run(900 + number, name), 0, True, f"somebody {HOSTILE}") for number in range(refused)
    )
    return Removal(goes, stays)


def deletion(plan, **options):
    return Asked(DeleteRuns(lambda progress: plan, len(plan.going)), **options)


@pytest.mark.anyio
async def test_y_deletes_a_few_and_names_them_with_age_and_size():
    plan = removal(2, 1)
    async with deletion(plan) as asked:
        await asked.until(lambda: "y  delete" in asked.words())
        said = asked.words(".runs")
        assert "resnet  0001  1.0 MiB  FAILED, " in said
        assert " old\n2 runs, 2.0 MiB in all\n" in said
        assert "orp clean --restore" in said
        assert "stays: 0900: somebody" in said
        await asked.press("enter")
        assert asked.answer is NONE
        await asked.press("y")
        assert asked.answer is plan


@pytest.mark.anyio
async def test_for_many_their_number_has_to_be_typed():
    plan = removal(12)
    async with deletion(plan) as asked:
        await asked.until(lambda: isinstance(asked.app.focused, Input))
        await asked.press("y", "1", "1", "enter")
        assert asked.answer is NONE
        assert "another number" in asked.words()
        asked.app.focused.value = "12"
        await asked.press("enter")
        assert asked.answer is plan


@pytest.mark.anyio
async def test_before_it_is_measured_no_key_agrees_and_progress_is_told():
    begun, go = threading.Event(), threading.Event()

    def measure(progress):
        progress(3, 1000)
        begun.set()
        go.wait(20)
        return removal(1)

    async with Asked(DeleteRuns(measure, 1000)) as asked:
        try:
            await asked.until(lambda: "measuring 4 of 1,000" in asked.words(".runs"))
            await asked.press("y")
            assert asked.answer is NONE
            await asked.press("escape")
            assert asked.answer is None
        finally:
            go.set()


@pytest.mark.anyio
async def test_one_who_leaves_ends_the_measuring():
    ended, go = threading.Event(), threading.Event()

    def measure(progress):
        go.wait(20)
        try:
            progress(1, 2)
        except Exception:
            ended.set()
            raise
        return removal(1)

    async with Asked(DeleteRuns(measure, 2)) as asked:
        await asked.press("escape")
        go.set()
        await asked.until(ended.is_set)


@pytest.mark.anyio
async def test_what_cannot_be_deleted_cannot_be_agreed_to():
    async with deletion(removal(0, 40)) as asked:
        await asked.until(lambda: "nothing of this" in asked.words(".runs"))
        assert "more runs" in asked.words(".runs")
        await asked.press("y")
        assert asked.answer is NONE


@pytest.mark.anyio
async def test_a_trouble_with_measuring_is_said():
    def measure(progress):
        raise UsageError("is its disk mounted?")

    async with Asked(DeleteRuns(measure, 1)) as asked:
        await asked.until(lambda: "is its disk mounted?" in asked.words(".runs"))


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 1000])
async def test_hostile_names_and_many_runs_fit_into_every_window(size, count):
    async with deletion(removal(count, 5, HOSTILE), size=size) as asked:
        await asked.until(lambda: "measuring" not in asked.words(".runs"))
        await asked.pilot.pause()
        assert asked.is_sound()
        assert ("Type 1000" if count > 1 else "y delete") in " ".join(asked.screen_text.split())


def test_the_largest_are_named_first_and_the_rest_is_summed():
    plan = Removal(tuple(RunToRemove(run(number), number << 20, True) for number in range(1, 30)), ())
    lines = list(removal_lines(plan, 60, 7, 100.0))
    assert lines[0].startswith("resnet  0029  29.0 MiB  FAILED")
    assert lines[4].startswith("… 25 more")
    assert lines[5].startswith("29 runs, ")


# Views


VIEWS = (
    View("failed", "state:failed"),
    View("best", "tag:best", sort=("-metric.acc",), group_by=("cfg.lr",)),
)


def views(*given, **options):
    return Asked(ChooseView(lambda: given, "tag:new"), **options)


@pytest.mark.anyio
async def test_a_digit_goes_to_its_view():
    async with views(*VIEWS) as asked:
        await asked.press("2")
        assert asked.answer == GoToView(VIEWS[1])


@pytest.mark.anyio
async def test_a_digit_that_is_typed_before_the_views_are_read_is_not_lost():
    go = threading.Event()

    def read():
        go.wait(20)
        return VIEWS

    async with Asked(ChooseView(read, "")) as asked:
        await asked.press("2")
        assert asked.answer is NONE
        go.set()
        await asked.until(lambda: asked.answer is not NONE)
        assert asked.answer == GoToView(VIEWS[1])


@pytest.mark.anyio
async def test_the_cursor_goes_to_a_view_too_and_a_digit_without_one_is_told():
    async with views(*VIEWS) as asked:
        await asked.until(lambda: len(asked.dialog.query_one(ViewList).keys_shown) == 2)
        await asked.press("7")
        assert "no view 7" in asked.words()
        await asked.press("j", "enter")
        assert asked.answer == GoToView(VIEWS[1])


@pytest.mark.anyio
async def test_what_is_shown_is_saved_under_a_name():
    async with views(*VIEWS) as asked:
        await asked.press("s", "2", "x")
        assert "saves: tag:new" in asked.words()
        await asked.press("enter")
        assert asked.answer == SaveView("2x")


@pytest.mark.anyio
async def test_a_name_that_is_taken_is_told_and_an_empty_one_is_none():
    async with views(*VIEWS) as asked:
        await asked.press("s", "enter")
        assert "needs a name" in asked.words()
        asked.type("x" * 41)
        await asked.press("enter")
        assert "at most 40 characters" in asked.words()
        asked.dialog.query_one(LineField).value = "BEST"
        await asked.pilot.pause()
        assert "replaces the view" in asked.words()
        await asked.press("escape")
        assert asked.answer is NONE
        await asked.press("escape")
        assert asked.answer is None


@pytest.mark.anyio
async def test_a_view_is_deleted_by_the_second_key_alone():
    async with views(*VIEWS) as asked:
        await asked.until(lambda: len(asked.dialog.query_one(ViewList).keys_shown) == 2)
        await asked.press("D", "j", "D")
        assert asked.answer is NONE
        assert "again deletes best" in asked.words()
        await asked.press("D")
        assert asked.answer == DeleteView("best")


@pytest.mark.anyio
async def test_without_views_the_way_to_make_one_is_told_and_trouble_with_them_too():
    def read():
        raise UsageError("views.json is no JSON")

    async with views() as asked:
        await asked.until(lambda: "no view is saved yet" in asked.screen_text)
    async with Asked(ChooseView(read, "")) as asked:
        await asked.until(lambda: "views.json is no JSON" in asked.screen_text)


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
async def test_hostile_views_do_nothing(size):
    bad = View(HOSTILE, HOSTILE, sort=(HOSTILE,), group_by=(HOSTILE,))
    async with Asked(ChooseView(lambda: [bad, *VIEWS], HOSTILE), size, colours="none") as asked:
        await asked.until(lambda: "failed" in asked.screen_text)
        assert asked.is_sound()
        await asked.press("s")
        assert asked.is_sound()
