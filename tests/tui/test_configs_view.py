"""A file is shown with what is wrong beneath the lines it is about."""

from __future__ import annotations

import os

import pytest
from screens import eventually, lines, sees, text
from shown_configs import StyledApp, view

from orp_tui.services.configs_text import read_text
from orp_tui.tui.messages import ConfigsChanged
from orp_tui.tui.screens.config_view import ConfigView
from orp_tui.tui.widgets.page_view import PageView

pytestmark = pytest.mark.anyio

BAD = """\
experiment: {name: "[/]a"}
training:
  script: 7
  tiemout: 1h
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "[red]a.yaml"


async def test_problems_stand_beneath_their_lines(path):
    path.write_text(BAD)
    async with StyledApp().run_test(size=(100, 20)) as pilot:
        await pilot.app.put(ConfigView(path))
        await sees(pilot, "2 problems", "[red]a.yaml", '1   experiment: {name: "[/]a"}')

        shown = [row.strip(" │") for row in lines(pilot.app)]
        place = shown.index("3 !   script: 7")
        assert shown[place + 1].startswith("^ training.script: must be a list of words")
        assert any(
            row.startswith('^ training.tiemout: is not a known key; did you mean "timeout"?') for row in shown
        )


async def test_a_good_file_says_what_it_describes_and_warnings_are_told_as_such(path):
    path.write_text('experiment: {name: mnist}\ntraining: {script: ["true"], seeds: [1, 2], timeout: 0.5}\n')
    async with StyledApp().run_test(size=(100, 20)) as pilot:
        await pilot.app.put(ConfigView(path))

        await sees(pilot, "mnist  valid: 2 runs")
        assert "problem" not in text(pilot.app).replace("Next problem", "")


async def test_a_file_that_breaks_while_shown_is_shown_broken_and_keeps_its_place(path):
    body = "\n".join(f"  # {number}" for number in range(60))
    path.write_text(f"experiment: {{name: a}}\ntraining:\n{body}\n  script: [x]\n")
    async with StyledApp().run_test(size=(80, 20)) as pilot:
        await pilot.app.put(ConfigView(path))
        await sees(pilot, "valid: 1 run")
        page = pilot.app.screen.query_one(PageView)
        await pilot.press("pagedown")
        top = page.scroll_offset.y

        path.write_text(f"experiment: {{name: a}}\ntraining:\n{body}\n  script: [x\n")
        pilot.app.screen.post_message(ConfigsChanged(view()))
        await sees(pilot, "1 problem")
        assert page.scroll_offset.y == top
        path.unlink()
        pilot.app.screen.post_message(ConfigsChanged(view()))
        await sees(pilot, "the file is gone")


async def test_n_goes_from_problem_to_problem(path):
    body = "\n".join(f"  # {number}" for number in range(100))
    path.write_text(f"experiment: {{name: a}}\ntraining:\n{body}\n  x: 1\n{body}\n  y: 1\n  script: [a]\n")
    async with StyledApp().run_test(size=(80, 20)) as pilot:
        await pilot.app.put(ConfigView(path))
        await sees(pilot, "2 problems")

        await pilot.press("n")
        await sees(pilot, "! ", "^ training.x")
        await pilot.press("n")
        await sees(pilot, "^ training.y", gone="training.x:")
        await pilot.press("n", "N")
        await sees(pilot, "^ training.x", gone="training.y:")


async def test_a_verb_closes_the_file_and_is_the_answer(path):
    path.write_text(BAD)
    async with StyledApp().run_test() as pilot:
        for key in ("e", "a", "A", "escape"):
            await pilot.app.put(ConfigView(path))
            await pilot.press(key)
        await eventually(pilot, lambda: len(pilot.app.answers) == 4)

    assert pilot.app.answers == ["edit", "add", "options", None]


def huge(path):
    path.touch()
    os.truncate(path, 100 << 20)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "is a FIFO"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00a"), "is UTF-16"),
        (lambda path: path.write_bytes(bytes(range(256)) * 10), "is not UTF-8"),
        (huge, "104,857,600 bytes"),
        (lambda path: path.write_text("a: \x1b]0;owned\x07\n"), "control character"),
        (lambda path: path.write_text("services: {}\n"), "no experiment: without the key experiment or training"),
        (lambda path: None, "the file is gone"),
    ],
    ids=["fifo", "utf-16", "binary", "huge", "escape", "other", "gone"],
)  # fmt: skip
async def test_whatever_the_file_is_the_screen_says_so_and_is_not_harmed(path, make, words):
    make(path)
    async with StyledApp().run_test(size=(100, 24)) as pilot:
        await pilot.app.put(ConfigView(path))
        await sees(pilot, words)
        assert not set("\x1b\x07\x00") & set(text(pilot.app))


def test_a_problem_behind_the_last_line_belongs_to_the_file(path):
    path.write_text("a: [\n")
    found = read_text(path)

    assert all(0 <= line <= len(found.lines) for line in found.remarks())


async def test_a_bracket_that_is_never_closed_is_told_at_the_last_line(path):
    path.write_text("experiment: {name: [\n")
    async with StyledApp().run_test(size=(80, 20)) as pilot:
        await pilot.app.put(ConfigView(path))

        await sees(pilot, "1 ! experiment: {name: [", "^ not valid YAML")
