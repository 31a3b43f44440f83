"""A real app in a pseudo terminal, with the plain driver and with ours."""

from __future__ import annotations

import os
import signal
import termios
import time

import pytest
from output_stage.pty_terminal import PtyTerminal, at_once, garbage, late, never, running

KEYS = {
    "rows": "\x1bOP", "log": "\x1bOQ", "dialog": "\x1bOR", "tab": "\x1bOS", "toast": "\x1b[15~", "theme": "\x1b[17~",
    "bell": "\x1b[18~", "shell": "\x1b[19~", "crash": "\x1b[20~", "quit": "\x1b[21~", "burst": "\x1b[24~",
    "down": "\x1b[B", "next": "\t", "letter": "x", "suspend": "\x1a",
}  # fmt: skip
STORY = [
    "rows",
    "log",
    "log",
    "rows",
    "toast",
    "tab",
    "theme",
    "tab",
    "log",
    "bell",
    "dialog",
    "dialog",
    "rows",
    "log",
]


def tell(terminal: PtyTerminal, story: list[str]) -> None:
    """Press a key for each word and wait until its change is painted."""
    changes = 0
    for word in story:
        terminal.type(KEYS[word])
        if word == "dialog" and not terminal.shows("Cancel the run?"):
            terminal.until_shown("Cancel the run?")
            continue
        changes += 1
        terminal.until_shown(f"changes: {changes} ")
    terminal.settle()


def picture(driver: str, story: list[str], **options: object) -> PtyTerminal:
    """The terminal after a story; its process has ended since, its screen is still that of the story."""
    with running(driver, **options) as terminal:
        tell(terminal, story)
    return terminal


def assert_same_screen(staged: PtyTerminal, plain: PtyTerminal) -> None:
    for row, (ours, theirs) in enumerate(zip(staged.screen.cells, plain.screen.cells, strict=True)):
        assert ours == theirs, f"row {row}: {staged.screen.text()[row]!r}"
    assert staged.screen.cursor == plain.screen.cursor


@pytest.fixture(scope="module")
def plain() -> PtyTerminal:
    return picture("plain", STORY)


@pytest.mark.parametrize(
    "answer", [at_once, *(pytest.param(each, marks=pytest.mark.slow) for each in (never, late, garbage))]
)
def test_a_terminal_shows_what_it_shows_with_the_plain_driver_however_it_answers(plain, answer):
    staged = picture("staged", STORY, answer=answer)

    assert_same_screen(staged, plain)
    assert len(staged.seen) < len(plain.seen) / 2
    assert [each for each in staged.screen.passed if "52;" in each or each == "\x07"] == [
        each for each in plain.screen.passed if "52;" in each or each == "\x07"
    ]


@pytest.mark.slow
def test_a_resize_paints_everything_anew():
    def story(terminal: PtyTerminal) -> None:
        terminal.type(KEYS["rows"])
        terminal.until_shown("changes: 1 ")
        for columns, rows in [(60, 20), (120, 40), (90, 30)]:
            terminal.resize(columns, rows)
            terminal.settle()
        terminal.type(KEYS["log"])
        terminal.until_shown("changes: 2 ")
        terminal.settle()

    with running("staged") as staged, running("plain") as plain:
        story(staged)
        story(plain)
        assert_same_screen(staged, plain)


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(3))
def test_of_sizes_that_follow_each_other_closely_the_last_holds(attempt):
    """Textual alone takes the last but one now and then."""
    with running("staged") as terminal:
        for columns, rows in [(60, 20), (120, 40), (90, 30)]:
            terminal.resize(columns, rows)

        terminal.until(lambda: terminal.screen.text()[-2].startswith("changes: 0"), "the last size")
        terminal.settle()
        assert terminal.screen.text()[-1].startswith(" f1 rows")


@pytest.mark.slow
def test_a_screen_that_was_spoiled_comes_back_when_the_terminal_says_that_its_size_changed():
    with running("staged") as terminal:
        before = [list(row) for row in terminal.screen.cells]
        terminal.screen.feed("\x1b[2J\x1b[3;3Hbroadcast message")

        os.kill(terminal.process.pid, signal.SIGWINCH)

        terminal.until(lambda: terminal.screen.cells == before, "the screen of before")


def test_the_shell_gets_its_terminal_and_the_app_comes_back():
    with running("staged") as terminal:
        before = terminal.modes()
        terminal.type(KEYS["shell"])
        terminal.until_shown("in the shell")
        assert terminal.screen.modes["1049"] is False
        assert terminal.modes()[3] & termios.ICANON
        terminal.type("\n")

        terminal.until_shown("changes: 1 ")
        assert terminal.screen.modes["1049"] is True
        assert terminal.modes() == before
        terminal.type(KEYS["log"])
        terminal.until_shown("changes: 2 ")
        terminal.until_shown("step 1-2")


def test_a_stopped_app_gives_its_terminal_back_and_paints_itself_when_it_goes_on():
    with running("staged") as terminal:
        before = [list(row) for row in terminal.screen.cells]
        terminal.type(KEYS["suspend"])
        terminal.until(lambda: is_stopped(terminal.process.pid), "stopped")
        terminal.settle()
        assert terminal.screen.modes["1049"] is False

        os.kill(terminal.process.pid, signal.SIGCONT)

        terminal.until(lambda: terminal.screen.cells == before, "the screen of before")
        terminal.type(KEYS["rows"])
        terminal.until_shown("changes: 1 ")


def is_stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize(
    ("way", "answer"),
    [
        ("crash", at_once),
        pytest.param("quit", at_once, marks=pytest.mark.slow),
        pytest.param("crash", never, marks=pytest.mark.slow),
        pytest.param("quit", never, marks=pytest.mark.slow),
    ],
)
def test_the_terminal_is_as_before_at_the_end(way, answer):
    with running("staged", answer=answer) as terminal:
        terminal.type(KEYS["burst"] + KEYS[way])

        terminal.end()

        assert terminal.modes()[3] & termios.ECHO
        assert terminal.screen.modes["1049"] is False
        on = {mode for mode, is_on in terminal.screen.modes.items() if is_on}
        assert on <= {"7", "25"}
        assert terminal.screen.pen == {}
        assert terminal.shows("ZeroDivisionError") == (way == "crash")
        assert terminal.seen.rpartition(b"\x1b[?1049l")[0]
        assert b"\x1b[5n" not in terminal.seen.rpartition(b"\x1b[?1049l")[2]


@pytest.mark.slow
def test_no_answer_reaches_who_reads_the_terminal_next():
    with running("staged") as terminal:
        terminal.type(KEYS["burst"] + KEYS["quit"])
        terminal.end()

        assert terminal.seen.count(b"\x1b[5n") > 1
        os.set_blocking(terminal.far, False)
        with pytest.raises(BlockingIOError):
            os.read(terminal.far, 100)


@pytest.mark.slow
def test_frames_wait_for_a_terminal_that_answers_late_and_keys_are_still_answered():
    with running("staged", answer=late) as terminal:
        before, began = terminal.seen.count(b"\x1b[5n"), time.monotonic()
        terminal.type(KEYS["burst"])
        terminal.until_shown("changes: 30 ")
        terminal.type(KEYS["rows"])
        terminal.until_shown("changes: 31 ")
        asked, took = terminal.seen.count(b"\x1b[5n") - before, time.monotonic() - began

    # An answer comes 0.15 s after a frame; before it at most four small frames may go, or a large one.
    assert asked <= 4 * (took / 0.15 + 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables", [{"NO_COLOR": "1"}, {"COLORTERM": "", "TERM": "xterm"}, {"COLORTERM": ""}]
)
def test_it_is_the_same_without_colours_and_with_few(variables):
    story = ["rows", "log", "dialog", "dialog"]

    assert_same_screen(picture("staged", story, **variables), picture("plain", story, **variables))
