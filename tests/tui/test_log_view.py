"""The log of a run on the screen: what is drawn, what keys do, what is told."""

from __future__ import annotations

import os
import random
import threading
import time
import zipfile
from pathlib import Path

import pytest
from made_logs import five_cases
from shown_logs import log_shown

from orp_tui.tui.widgets.log_text import LogText
from orp_tui.tui.widgets.log_view import LogSources

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "training_stdout.txt"
    path.write_text("".join(f"line {number}\n" for number in range(1, 201)))
    return path


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


async def test_the_five_cases_are_what_a_terminal_shows(tmp_path):
    data, rows = five_cases()
    (tmp_path / "log").write_bytes(data)
    async with log_shown(tmp_path / "log", size=(80, 24)) as shown:
        await shown.until(shown.rows)
        assert shown.rows() == [row[:80].rstrip() for row in rows]
        await shown.press("k", "g")
        await shown.until(lambda: not shown.status.following)
        assert shown.rows() == [row[:80].rstrip() for row in rows]
        await shown.press("w")
        folded = rows[:5] + [rows[5][place : place + 80] for place in range(0, 400, 80)] + rows[6:]
        await shown.until(lambda: shown.rows() == folded)


@pytest.mark.parametrize("seed", range(3))
async def test_written_in_any_pieces_it_is_the_same(tmp_path, seed):
    data, rows = five_cases()
    rng = random.Random(seed)
    path = tmp_path / "log"
    path.touch()
    async with log_shown(path, size=(80, 24)) as shown:
        with path.open("ab", buffering=0) as file:
            place = 0
            while place < len(data):
                size = rng.choice([1, 2, 3, 50, 700])
                file.write(data[place : place + size])
                place += size
                await shown.pilot.pause(0)
        await shown.until(lambda: shown.rows() == [row[:80].rstrip() for row in rows])


async def test_colours_of_the_log_are_those_on_the_screen(tmp_path):
    (tmp_path / "log").write_text("\x1b[31mred\x1b[0m \x1b[1;38;2;1;2;3mbold\x1b[0m \x1b[48;5;9mon\x1b[0m\n")
    async with log_shown(tmp_path / "log") as shown:
        await shown.shows("red bold on")
        text = shown.view.query_one("#log-stdout", LogText)
        red, _, bold, _, on, *_ = text.render_line(0)
        assert red.style.color.name == "red"
        assert (bold.style.bold, bold.style.color.triplet) == (True, (1, 2, 3))
        assert on.style.bgcolor.number == 9


async def test_it_follows_and_nothing_is_drawn_when_nothing_is_new(path):
    async with log_shown(path) as shown:
        await shown.shows("line 199", "line 200")
        append(path, "more\n")
        await shown.shows("line 200", "more")
        text = shown.view.query_one("#log-stdout", LogText)
        drawn: list[object] = []
        text.refresh = lambda *regions, **options: drawn.append(regions)  # type: ignore[method-assign]
        told = len(shown.app.told)
        await shown.pilot.pause(0.3)
        assert (drawn, len(shown.app.told)) == ([], told)


async def test_a_bar_that_moves_draws_only_its_line(path):
    append(path, "\r 1%")
    async with log_shown(path) as shown:
        await shown.shows(" 1%")
        text = shown.view.query_one("#log-stdout", LogText)
        drawn: list[int] = []
        text.refresh_line = drawn.append  # type: ignore[method-assign]
        append(path, "\r50%")
        await shown.shows("50%")
        assert drawn == [text.size.height - 1]


async def test_scrolling_up_pauses_end_follows_again(path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        await shown.press("k")
        await shown.until(lambda: shown.status.lines == 200)
        append(path, "a\nb\n")
        await shown.until(lambda: shown.status.new_lines == 2)
        assert shown.rows()[-1] == "line 199"
        await shown.press("end")
        await shown.shows("a", "b")
        await shown.until(lambda: shown.status.following)
        await shown.press("f", "f", "f")
        await shown.until(lambda: not shown.status.following)


async def test_the_keys_of_a_pager(path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        height = shown.view.query_one("#log-stdout", LogText).size.height
        for keys, first in (
            (("g",), 1),
            (("j", "down"), 3),
            (("k", "up"), 1),
            (("pagedown",), height),
            (("pageup",), 1),
            (("ctrl+d",), 1 + (height - 1) // 2),
            (("ctrl+u",), 1),
        ):
            await shown.press(*keys)
            await shown.until(lambda first=first: shown.rows()[0] == f"line {first}")
        await shown.press("right")
        await shown.until(lambda: shown.rows() == [])
        await shown.press("left", "G")
        await shown.shows("line 200")


async def test_search_by_keys(path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        await shown.press("g", "slash", *"line 1", "enter")
        await shown.until(lambda: (shown.status.hit, shown.status.hits) == (1, 111))
        assert shown.view.current_line() == "line 1"
        await shown.press("n", "n")
        await shown.until(lambda: shown.status.hit == 3)
        assert shown.view.current_line() == "line 11"
        await shown.press("N", "N", "N")
        await shown.until(lambda: shown.status.hit == 111)
        assert shown.status.notice == "line 1: from the end again"
        assert shown.app.focused is shown.view.query_one("#log-stdout")
        assert shown.view.leave()
        await shown.until(lambda: not shown.status.search)
        assert not shown.view.leave()


async def test_a_prompt_is_closed_by_escape_and_remembers(path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        await shown.press("slash", *"abc", "escape")
        assert shown.app.focused is shown.view.query_one("#log-stdout")
        assert shown.status.search == ""
        await shown.press("slash", *"fgqn", "enter", "slash", "up")
        assert shown.app.focused.value == "fgqn"
        await shown.press("down")
        assert shown.app.focused.value == ""


async def test_the_cursor_of_the_prompt_does_not_blink(path):
    async with log_shown(path) as shown:
        await shown.press("slash")
        assert shown.app.focused.cursor_blink is False


async def test_a_filter_by_keys(path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        await shown.press("ampersand", *"7$", "enter")
        await shown.shows("line 187", "line 197")
        append(path, "line 207\nline 208\n")
        await shown.shows("line 197", "line 207")
        await shown.until(lambda: (shown.status.filter, shown.status.matching) == ("7$", 21))
        await shown.press("ampersand")
        assert shown.app.focused.value == "7$"
        await shown.press("home", "exclamation_mark", "enter")
        await shown.shows("line 200", "line 208")
        await shown.until(lambda: shown.status.filter == "!7$")
        assert shown.view.leave()
        await shown.until(lambda: not shown.status.filter)


async def test_hits_go_on_in_the_other_stream_and_come_round(path, tmp_path):
    err = tmp_path / "training_stderr.txt"
    err.write_text("a line 199 of stderr\nb line 199 of stderr\nend\n")
    async with log_shown(path, err) as shown:
        await shown.until(lambda: shown.status.stream == "both")
        await shown.press("slash", *"line 199", "enter")
        seen = []
        for wanted, key in (
            ("line 199", "n"),
            ("a line 199 of stderr", "n"),
            ("b line 199 of stderr", "n"),
            ("line 199", "N"),
            ("b line 199 of stderr", "N"),
            ("a line 199 of stderr", "N"),
            ("line 199", "escape"),
        ):
            await shown.until(lambda wanted=wanted: shown.view.current_line() == wanted)
            seen.append(shown.app.focused.id)
            await shown.press(key)

        assert seen[:4] == ["log-stdout", "log-stderr", "log-stderr", "log-stdout"]
        assert shown.view.leave()
        await shown.until(lambda: not shown.view.query_one("#log-stderr").shown.status.search)


async def test_hits_of_one_stream_alone_come_round_in_it(path, tmp_path):
    err = tmp_path / "training_stderr.txt"
    err.write_text("nothing of it\n")
    async with log_shown(path, err) as shown:
        await shown.until(lambda: shown.status.stream == "both")
        await shown.press("slash", *"line 19[89]", "enter")
        await shown.until(lambda: shown.view.current_line() == "line 199")
        await shown.press("n")
        await shown.until(lambda: shown.view.current_line() == "line 198")
        assert shown.app.focused.id == "log-stdout"


async def test_errors_are_on_the_other_stream_too(path, tmp_path):
    err = tmp_path / "training_stderr.txt"
    err.write_text("warning\nTraceback (most recent call last):\n  File\nValueError: bad\n")
    async with log_shown(path, err) as shown:
        await shown.until(lambda: shown.status.stream == "both")
        await shown.press("e")
        await shown.until(lambda: shown.view.current_line().startswith("Traceback"))
        assert shown.app.focused is shown.view.query_one("#log-stderr")
        assert shown.rows()[-1] == "line 200"


async def test_stderr_is_shown_when_there_is_something_in_it_and_no_larger(path, tmp_path):
    err = tmp_path / "training_stderr.txt"
    err.touch()
    async with log_shown(path, err, size=(60, 13)) as shown:
        await shown.shows("line 200")
        assert shown.status.stream == "stdout"
        append(err, "\r10%")
        await shown.shows("10%", stream="stderr")
        await shown.until(lambda: len(shown.rows()) == 11)
        append(err, "\n" + "".join(f"warning {number}\n" for number in range(50)))
        await shown.shows("warning 49", stream="stderr")
        await shown.until(lambda: (len(shown.rows()), len(shown.rows("stderr"))) == (6, 6))
        await shown.press("l")
        await shown.until(lambda: shown.status.stream == "stdout")
        await shown.until(lambda: len(shown.rows()) == 13)
        await shown.press("l")
        await shown.until(lambda: shown.status.stream == "stderr")
        await shown.until(lambda: len(shown.rows("stderr")) == 13)
        assert shown.rows() == []
        assert shown.view.log_reference == str(err)
        await shown.press("l")
        await shown.until(lambda: shown.status.stream == "both")


async def test_marks_by_keys(path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        await shown.press("g", "j", "m", "f")
        await shown.until(lambda: shown.status.notice == "marked as f")
        assert not shown.status.following
        await shown.press("G")
        await shown.shows("line 200")
        await shown.press("apostrophe", "f")
        await shown.until(lambda: shown.rows()[0] == "line 2")
        await shown.press("m", "escape", "j")
        await shown.until(lambda: shown.rows()[0] == "line 3")


async def test_going_to_a_line(path):
    async with log_shown(path) as shown:
        await shown.press("ctrl+g", *"100", "enter")
        await shown.until(lambda: shown.view.current_line() == "line 100")


async def test_another_log_and_none(path, tmp_path):
    (tmp_path / "other").write_text("other\n")
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        readings = [shown.view.query_one("#log-stdout", LogText).reading]
        shown.view.show(LogSources("other", str(tmp_path / "other"), None))
        await shown.until(lambda: shown.rows() == ["other"])
        shown.view.show(None)
        await shown.until(lambda: shown.rows() == [])
        assert shown.view.log_reference is None
        await shown.press("k", "slash", "x", "enter", "n", "e", "w", "l", "G", "m", "a")
        shown.view.show(LogSources("run", None, str(path)))
        await shown.shows("line 200", stream="stderr")
        assert shown.status.stream == "stderr"
        assert readings[0] is not None
    await _threads_have_ended()


async def _threads_have_ended() -> None:
    deadline = time.monotonic() + 20
    while [thread for thread in threading.enumerate() if thread.name == "log"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_the_same_sources_again_change_nothing(path):
    async with log_shown(path) as shown:
        await shown.press("g")
        await shown.until(lambda: shown.rows()[:1] == ["line 1"])
        shown.view.show(LogSources("run", str(path), None))
        await shown.pilot.pause(0.1)
        assert shown.rows()[0] == "line 1"


async def test_a_missing_log_appears_later(tmp_path):
    path = tmp_path / "training_stdout.txt"
    async with log_shown(path) as shown:
        await shown.until(lambda: shown.status.notice == "not there yet: training_stdout.txt")
        path.write_text("here\n")
        await shown.until(lambda: shown.rows() == ["here"])
        await shown.until(lambda: shown.status.notice == "")


async def test_why_there_is_no_log_is_said_until_there_is_one(tmp_path):
    path = tmp_path / "training_stdout.txt"
    async with log_shown(path) as shown:
        shown.view.explain("no log yet, the run waits: after k7f2")
        await shown.until(lambda: shown.status.notice == "no log yet, the run waits: after k7f2")
        shown.view.explain("")
        await shown.until(lambda: shown.status.notice == "not there yet: training_stdout.txt")
        shown.view.explain("no log yet, the run waits: held")
        path.write_text("here\n")
        await shown.until(lambda: shown.rows() == ["here"])
        await shown.until(lambda: shown.status.notice == "")


async def test_what_becomes_of_the_file_is_said(path, tmp_path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        os.truncate(path, 14)
        await shown.until(lambda: shown.rows()[:2] == ["line 1", "line 2"])
        assert shown.status.notice.startswith("truncated")
        (tmp_path / "new").write_text("new\n")
        os.replace(tmp_path / "new", path)
        await shown.until(lambda: shown.status.notice.startswith("replaced"))
        await shown.until(lambda: shown.rows()[:1] == ["new"])
        path.unlink()
        await shown.until(lambda: shown.status.notice == "deleted")
        assert shown.rows()[:1] == ["new"]


async def test_a_zipped_log_and_a_damaged_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "run.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("training_stdout.txt", "".join(f"line {number}\n" for number in range(1000)))
    async with log_shown(f"{tmp_path}/run.zip::training_stdout.txt") as shown:
        await shown.shows("line 998", "line 999")
        await shown.press("g")
        await shown.until(lambda: shown.rows()[0] == "line 0")
        shown.view.show(LogSources("gone", f"{tmp_path}/run.zip::gone", None))
        await shown.until(lambda: "holds no member 'gone'" in shown.status.notice)


async def test_resizing_while_following_stays_at_the_end(path):
    async with log_shown(path, size=(60, 12)) as shown:
        await shown.shows("line 200")
        for size in ((20, 30), (100, 5), (60, 1), (60, 12)):
            await shown.pilot.resize_terminal(*size)
            append(path, f"at {size[0]}x{size[1]}\n")
            await shown.shows(f"at {size[0]}x{size[1]}")
            await shown.until(lambda size=size: len(shown.rows()) == size[1])


async def test_a_line_of_a_megabyte(path):
    append(path, "x" * (1 << 20) + "\nafter\n")
    async with log_shown(path, size=(60, 12)) as shown:
        await shown.shows("x" * 60, "after")
        await shown.press("w")
        await shown.until(lambda: shown.rows()[-2].endswith(" … [cut: 1,048,576 bytes]"))
        await shown.press("slash", *"after", "enter")
        await shown.until(lambda: shown.view.current_line() == "after")


async def test_a_flood_is_followed_and_keys_are_answered(tmp_path):
    path = tmp_path / "log"
    path.write_text("start\n")
    ended = threading.Event()
    written = 0

    def flood() -> None:
        nonlocal written
        with path.open("ab", buffering=0) as file:
            while not ended.is_set():
                file.write(b"".join(b"line %d\n" % number for number in range(written, written + 2_000)))
                written += 2_000
                time.sleep(0.002)

    writer = threading.Thread(target=flood)
    async with log_shown(path) as shown:
        writer.start()
        try:
            await shown.until(lambda: shown.rows()[-1:] > ["line 1"])
            await shown.press("k")
            await shown.until(lambda: not shown.status.following)
            before = shown.rows()
            await shown.until(lambda: shown.status.new_lines > 1_000)
            assert shown.rows() == before
            await shown.press("G")
            await shown.until(lambda: shown.rows() != before)
        finally:
            ended.set()
            writer.join()
        await shown.shows(f"line {written - 1}")


async def test_selected_text_is_copied_and_does_not_run_away(path):
    async with log_shown(path) as shown:
        await shown.shows("line 200")
        text = shown.view.query_one("#log-stdout", LogText)
        await shown.pilot.mouse_down(text, (5, 0))
        await shown.pilot.hover(text, (4, 1))
        await shown.pilot.mouse_up(text, (4, 1))
        await shown.until(lambda: not shown.status.following)
        first = text.shown.lines[0].inks[0].text
        assert shown.app.screen.get_selected_text() == f"{first[5:]}\nline "


async def test_no_color_draws_every_line(path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    append(path, "\x1b[31mred\x1b[0m\n")
    async with log_shown(path) as shown:
        await shown.shows("line 200", "red")
        text = shown.view.query_one("#log-stdout", LogText)
        assert all(segment.style is not None for y in range(12) for segment in text.render_line(y))
        await shown.press("slash", *"line", "enter")
        await shown.until(lambda: shown.status.hit is not None)
        assert shown.app.export_screenshot()
