"""The dialog reads what is typed, says at once what is wrong, and shows the command line that does the same."""

from __future__ import annotations

import threading

import pytest
from screens import eventually, sees, text
from shown_configs import StyledApp
from textual.widgets import Input, Label

from orp_tui.services import configs_submit
from orp_tui.services.add_choice import AddChoice, AddWords, read_choice
from orp_tui.services.context import open_context
from orp_tui.services.wishes import Wishes
from orp_tui.tui.screens import add_options
from orp_tui.tui.screens.add_options import AddOptions

pytestmark = pytest.mark.anyio

GOOD = """\
experiment: {name: mnist}
training:
  script: ["true"]
  config: {lr: 0.1}
  seeds: [1, 2]
  resources: {gpus: 3}
  timeout: 2h
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "orp.yaml").touch()
    (tmp_path / "[red]mnist.yaml").write_text(GOOD)
    (tmp_path / "other.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dialog(place, *names, words=None):
    names = names or ("[red]mnist.yaml",)
    return AddOptions(open_context(start=place), [place / name for name in names], words)


async def typed(pilot, field, keys):
    pilot.app.screen.query_one(f"#{field}", Input).focus()
    await pilot.press(*("space" if key == " " else key for key in keys))


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_a_choice_is_typed_and_its_command_line_shown(place, size):
    async with StyledApp().run_test(size=size) as pilot:
        await pilot.app.put(dialog(place))
        await sees(
            pilot, "Add [red]mnist.yaml", "(2h00m)", "(1 2)", "(3)", "2 runs, 3 GPUs each", "$ orp run"
        )

        await pilot.press(*"1", "tab", *"16GB", "tab", *"high")
        await sees(pilot, "2 runs, 1 GPU each", "--priority=10", "Enter  queue")
        await typed(pilot, "start", "2h")
        await typed(pilot, "seeds", "7")
        await typed(pilot, "overrides", "lr=0.5")
        await pilot.press("enter")
        await eventually(pilot, lambda: pilot.app.answers)

    assert pilot.app.answers == [
        AddChoice(
            Wishes(priority=10, start="+2h"),
            ("training.resources.gpus=1", "training.resources.memory=16GB", "lr=0.5"),
            (7,),
        )
    ]


async def test_nothing_typed_queues_the_file_as_it_is(place):
    async with StyledApp().run_test() as pilot:
        await pilot.app.put(dialog(place))
        await pilot.press("enter")
        await eventually(pilot, lambda: pilot.app.answers)

    assert pilot.app.answers == [AddChoice()]


async def test_escape_chooses_nothing(place):
    async with StyledApp().run_test() as pilot:
        await pilot.app.put(dialog(place))
        await pilot.press(*"2", "escape")

    assert pilot.app.answers == [None]


async def test_what_makes_no_sense_is_said_at_once_and_can_not_be_entered(place):
    async with StyledApp().run_test(size=(80, 24)) as pilot:
        await pilot.app.put(dialog(place))
        await typed(pilot, "timeout", "soon")

        await sees(pilot, "! 'soon' is no duration")
        assert pilot.app.screen.query_one("#label-timeout", Label).has_class("-bad")
        await typed(pilot, "after", "x")
        await pilot.press("enter")
        assert pilot.app.screen.focused.id == "timeout"
        assert pilot.app.answers == []
        await pilot.press("backspace", "backspace", "backspace", "backspace")
        assert not pilot.app.screen.query_one("#label-timeout", Label).has_class("-bad")


async def test_what_does_not_fit_the_file_is_said_and_can_not_be_entered(place):
    async with StyledApp().run_test(size=(80, 24)) as pilot:
        await pilot.app.put(dialog(place))
        await typed(pilot, "overrides", "learning=1")
        await pilot.press("enter")

        await sees(pilot, "! training.config.learning: is not in training.config")
        assert pilot.app.answers == []
        await typed(pilot, "overrides", " ")
        pilot.app.screen.query_one("#overrides", Input).value = ""
        await typed(pilot, "after", "last:nobody")
        await sees(pilot, "! last:nobody: nothing was run")


async def test_enter_before_the_answer_is_known_waits_for_it(place, monkeypatch):
    known = threading.Event()

    def foresee(*given):
        assert known.wait(20)
        return configs_submit.foresee(*given)

    monkeypatch.setattr(add_options, "foresee", foresee)
    async with StyledApp().run_test() as pilot:
        await pilot.app.put(dialog(place))
        await pilot.press(*"9", "enter")
        assert pilot.app.answers == []

        known.set()
        await eventually(pilot, lambda: pilot.app.answers)

    assert pilot.app.answers == [read_choice(AddWords(gpus="9"))]


async def test_several_files_have_one_choice_and_one_command(place):
    async with StyledApp().run_test(size=(80, 24)) as pilot:
        await pilot.app.put(dialog(place, "[red]mnist.yaml", "other.yaml"))

        await sees(pilot, "Add 2 files", "4 runs", "$ orp run '[red]mnist.yaml' other.yaml --detach")


async def test_words_of_before_are_there_again_and_held_is_y_or_n(place):
    async with StyledApp().run_test(size=(80, 24)) as pilot:
        await pilot.app.put(dialog(place, words=AddWords(gpus="4", held=True)))
        await sees(pilot, "--held")
        await typed(pilot, "held", "x")
        assert pilot.app.screen.words == AddWords(gpus="4", held=True)

        await pilot.press("backspace", "x", "n")
        await sees(pilot, "4 GPUs each", gone="--held")


async def test_arrows_go_from_field_to_field_and_each_says_what_it_takes(place):
    async with StyledApp().run_test(size=(80, 24)) as pilot:
        await pilot.app.put(dialog(place))
        seen = []
        for _ in range(11):
            seen.append(pilot.app.screen.focused.id)
            await pilot.press("down")
        await pilot.press("up")
        assert pilot.app.screen.focused.id == "overrides"
        assert "values of the config" in text(pilot.app)

    assert seen == [
        "gpus", "memory", "priority", "group", "start", "held", "timeout", "retries", "seeds", "after", "overrides",
    ]  # fmt: skip


async def test_a_file_that_breaks_while_the_dialog_is_open_is_not_queued(place):
    async with StyledApp().run_test(size=(80, 24)) as pilot:
        await pilot.app.put(dialog(place))
        await sees(pilot, "2 runs")
        (place / "[red]mnist.yaml").write_text("experiment: {name: [/]x}\n")
        await typed(pilot, "gpus", "1")

        await sees(pilot, "! line 1: not valid YAML")
        await pilot.press("enter")
        assert pilot.app.answers == []


async def test_hostile_words_stay_words(place):
    async with StyledApp().run_test(size=(80, 24)) as pilot:
        await pilot.app.put(dialog(place, words=AddWords(group="[red]x", overrides="[/]=\x1b[31m")))

        await sees(pilot, "! training.config.[/]: ", "[red]x")
        assert "\x1b" not in text(pilot.app)
        pilot.app.screen.query_one("#group", Input).value = "\x1b]0;owned\x07\u202eb"
        await sees(pilot, "]0;ownedb", gone="[red]x")
        assert not set("\x1b\x07\u202e") & set(text(pilot.app))


async def test_a_tiny_screen_has_all_fields_and_says_what_is_wrong(place):
    async with StyledApp().run_test(size=(40, 10)) as pilot:
        await pilot.app.put(dialog(place))
        await typed(pilot, "overrides", "lr")

        await sees(pilot, "GPUs", "after", "set", "! lr: must be KEY=VALUE")
