"""The lines in which a filter is typed: live, completed, remembered, and wrong with its place."""

from __future__ import annotations

import asyncio

import pytest
from past import HOSTILE, is_harmless
from rich.cells import cell_len
from stage import Stage
from textual import events
from textual.widgets import Label, Static

from orp_tui.core.filters.parse import parse
from orp_tui.core.filters.vocabulary import Vocabulary
from orp_tui.tui.manners import Manners
from orp_tui.tui.widgets import filter_prompt
from orp_tui.tui.widgets.filter_hint import listed, pointed
from orp_tui.tui.widgets.filter_prompt import FilterPrompt
from orp_tui.tui.widgets.line_field import LineField
from orp_tui.tui.widgets.lines import LineList

WORDS = Vocabulary(
    config_keys=("lr", "model.name", "batch size", HOSTILE),
    metrics=("val_acc", "k" * 300),
    tags=("paper", "best"),
    values={"model.name": ("resnet", "vit")},
)


class Stages:
    """A prompt under a list, and the hands that drive it."""

    def __init__(self, size=(80, 24), history=(), **manners):
        self.prompt = FilterPrompt(history=history)
        self.list = LineList(id="list")
        self.app = Stage(self.list, self.prompt, manners=Manners(**manners))
        self.size = size

    async def __aenter__(self):
        self.running = self.app.run_test(size=self.size)
        self.pilot = await self.running.__aenter__()
        self.list.focus()
        await self.pilot.pause()
        return self

    async def __aexit__(self, *error):
        await self.running.__aexit__(*error)

    async def ask(self, text=""):
        self.prompt.put_vocabulary(WORDS)
        self.prompt.ask(text)
        await self.pilot.pause()

    async def type(self, text):
        """Letter by letter, faster than the prompt looks."""
        for char in text:
            self.prompt.query_one(LineField).insert_text_at_cursor(char)
        await asyncio.sleep(0)

    async def rest(self, seconds=filter_prompt.TYPING_S):
        """So that the timers of so many seconds have run."""
        await self.pilot.pause(seconds + 0.05)

    @property
    def text(self):
        return self.prompt.query_one(LineField).value

    @property
    def hint(self):
        return str(self.prompt.query_one(".hint", Static).content)

    @property
    def count(self):
        return str(self.prompt.query_one(".count", Label).content)

    @property
    def told(self):
        return [message.text for message in self.app.heard_of(FilterPrompt.Typed)]

    @property
    def closed(self):
        return [(message.text, message.is_kept) for message in self.app.heard_of(FilterPrompt.Closed)]


@pytest.mark.anyio
async def test_a_filter_is_told_once_a_moment_after_the_last_key():
    async with Stages() as stages:
        await stages.ask()
        await stages.type("state:failed")
        await stages.rest()
        assert stages.told[-1] == "state:failed"
        assert stages.app.heard_of(FilterPrompt.Typed)[-1].expression == parse("state:failed")


@pytest.mark.anyio
async def test_the_counter_says_how_many_of_how_many():
    async with Stages() as stages:
        await stages.ask("a")
        stages.prompt.tell(1204, 100_000)
        await stages.pilot.pause()
        assert "1,204 of 100,000" in stages.count


@pytest.mark.anyio
async def test_what_is_wrong_is_said_after_a_rest_with_its_place_and_the_last_good_filter_holds():
    async with Stages() as stages:
        await stages.ask("state:failed")
        stages.prompt.tell(12, 100)
        await stages.type(" |")
        await stages.rest()
        assert stages.told == []
        assert stages.count.split() == ["!", "12", "of", "100"]
        await stages.rest(filter_prompt.WRONG_S)
        assert "v " in stages.hint
        assert stages.prompt.query_one(LineField)._mark.part is not None
        assert stages.prompt.query_one(".hint").has_class("-wrong")
        await stages.type(" state:lost")
        await stages.rest()
        assert stages.told[-1] == "state:failed | state:lost"
        assert not stages.prompt.query_one(".hint").has_class("-wrong")


@pytest.mark.anyio
async def test_enter_keeps_it_and_gives_the_focus_back():
    async with Stages() as stages:
        await stages.ask()
        await stages.type("tag:best")
        await stages.pilot.press("enter")
        await stages.pilot.pause()
        assert stages.told[-1] == "tag:best"
        assert stages.closed == [("tag:best", True)]
        assert not stages.prompt.is_asking
        assert stages.app.focused is stages.list


@pytest.mark.anyio
async def test_enter_at_a_wrong_filter_says_why_at_once_and_stays():
    async with Stages() as stages:
        await stages.ask()
        await stages.type("nosuch:1")
        await stages.pilot.press("enter")
        await stages.pilot.pause()
        assert stages.prompt.is_asking
        assert "v " in stages.hint or " v" in stages.hint
        assert not stages.closed


@pytest.mark.anyio
async def test_escape_takes_the_former_filter_back():
    async with Stages() as stages:
        await stages.ask("tag:best")
        await stages.type(" seed:1")
        await stages.rest()
        await stages.pilot.press("escape")
        await stages.pilot.pause()
        assert stages.told == ["tag:best seed:1", "tag:best"]
        assert stages.closed == [("tag:best", False)]
        assert stages.app.focused is stages.list


@pytest.mark.anyio
async def test_escape_out_of_a_wrong_filter_leaves_what_held_before():
    async with Stages() as stages:
        await stages.ask("tag:best")
        await stages.type(" nosuch>")
        await stages.pilot.press("escape")
        await stages.pilot.pause()
        assert stages.closed == [("tag:best", False)]
        assert stages.told == []


@pytest.mark.anyio
async def test_a_click_elsewhere_keeps_what_holds():
    async with Stages() as stages:
        await stages.ask()
        await stages.type("tag:best")
        await stages.pilot.click("#list")
        await stages.pilot.pause()
        assert not stages.prompt.is_asking
        assert stages.closed == [("tag:best", True)]


@pytest.mark.anyio
async def test_tab_completes_and_goes_round_the_choices_and_shift_tab_goes_back():
    async with Stages() as stages:
        await stages.ask()
        await stages.type("cfg.model.name:")
        await stages.rest()
        assert " resnet " in stages.hint
        seen = []
        for key in ("tab", "tab", "tab", "shift+tab"):
            await stages.pilot.press(key)
            seen.append(stages.text)
        assert seen == [f"cfg.model.name:{value}" for value in ("resnet", "vit", "resnet", "vit")]
        assert "[vit]" in stages.hint
        await stages.rest()
        assert stages.told[-1] == "cfg.model.name:vit"


@pytest.mark.anyio
async def test_a_single_choice_is_taken_and_the_next_tab_goes_on_behind_it():
    async with Stages() as stages:
        await stages.ask()
        await stages.type("cfg.mod")
        await stages.pilot.press("tab")
        assert stages.text.startswith("cfg.model.name")
        await stages.type(":")
        await stages.pilot.press("tab")
        assert stages.text == "cfg.model.name:resnet"


@pytest.mark.anyio
async def test_up_and_down_go_through_what_was_kept_and_back_to_what_was_typed():
    async with Stages(history=["tag:old", "tag:new"]) as stages:
        await stages.ask()
        await stages.type("lr")
        seen = []
        for key in ("up", "up", "up", "down", "down", "down"):
            await stages.pilot.press(key)
            seen.append(stages.text)
        assert seen == ["tag:new", "tag:old", "tag:old", "tag:new", "lr", "lr"]


@pytest.mark.anyio
async def test_what_is_kept_again_stands_last_in_the_history_once():
    async with Stages(history=["tag:a", "tag:b"]) as stages:
        await stages.ask("tag:a")
        await stages.pilot.press("enter")
        assert stages.prompt.history == ["tag:b", "tag:a"]


@pytest.mark.anyio
async def test_the_keys_of_a_line_do_what_they_do_in_a_shell():
    async with Stages() as stages:
        await stages.ask("tag:best seed:1")
        await stages.pilot.press("home")
        await stages.type("x ")
        assert stages.text == "x tag:best seed:1"
        await stages.pilot.press("end", "ctrl+w")
        assert stages.text == "x tag:best seed:"
        await stages.pilot.press("ctrl+u")
        assert stages.text == ""


@pytest.mark.anyio
async def test_keys_that_are_typed_ahead_are_letters_of_the_filter():
    async with Stages() as stages:
        stages.prompt.ask("")
        await stages.pilot.press("q", "D", "question_mark")
        assert stages.text == "qD?"


@pytest.mark.anyio
async def test_what_is_pasted_is_one_harmless_line():
    async with Stages() as stages:
        await stages.ask()
        stages.app.post_message(events.Paste("tag:a\n\x1b[2J tag:b\u202e"))
        await stages.pilot.pause()
        assert is_harmless(stages.text)
        assert stages.text.startswith("tag:a tag:b")
        stages.app.post_message(events.Paste("x" * 1_000_000))
        await stages.pilot.pause()
        assert len(stages.text) <= 4_096


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("size", "manners"),
    [((20, 6), {"ascii": True}), ((38, 10), {}), ((60, 15), {"colours": "none"}), ((160, 45), {})],
)
async def test_hostile_words_do_nothing_at_any_size(size, manners):
    async with Stages(size, **manners) as stages:
        await stages.ask()
        for text in ("", "cfg.", "metric.k", "tag:"):
            stages.prompt.query_one(LineField).value = ""
            await stages.type(text)
            for _ in range(4):
                stages.prompt.action_complete(1)
                assert is_harmless(stages.hint)
                assert is_harmless(stages.text)
        stages.prompt._show_wrong()
        await stages.pilot.pause()
        for strip in stages.app.screen._compositor.render_strips():
            assert is_harmless(strip.text)


def test_the_chosen_one_is_always_among_those_that_are_shown():
    names = [f"choice{number}" for number in range(40)]
    for width in (20, 40, 80):
        for chosen in (None, 0, 7, 39):
            words = listed(names, chosen, width)
            assert cell_len(words) <= width
            if chosen is not None:
                assert f"[choice{chosen}]" in words
    assert listed(names, None, 40).endswith("+36")
    assert listed((), None, 40) == ""


@pytest.mark.parametrize("width", [10, 38, 80])
@pytest.mark.parametrize("place", [0, 5, 37, 79, 500, -3])
def test_the_pointer_stands_above_the_place(width, place):
    words = pointed("no such field; did you mean state?", place, width)
    assert cell_len(words) <= width
    assert words[max(0, min(place, width - 1))] == "v"
