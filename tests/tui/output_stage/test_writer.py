from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from output_stage.emulator import Emulator
from waiting import until

from orp_tui.tui.output_stage.stage import OutputStage
from orp_tui.tui.output_stage.writer import MOST_BACKLOG, MOST_UNREAD, StageWriter

COLUMNS, ROWS = 60, 8


class Line:
    """A pipe as the line to a terminal; nothing arrives until it is read."""

    def __init__(self) -> None:
        self.near, self.far = os.pipe()[::-1]
        self.terminal = Emulator(COLUMNS, ROWS)
        self.paints: list[None] = []
        self.writer = StageWriter(
            self.far_end(), (COLUMNS, ROWS), draw_again=lambda: self.paints.append(None)
        )

    def far_end(self) -> int:
        return self.near

    def arrive(self) -> bytes:
        """What has arrived since."""
        os.set_blocking(self.far, False)
        data = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.far, 1 << 16):
                data += more
        self.terminal.feed(data)
        for _ in self.terminal.answers:
            self.writer.answered()
        self.terminal.answers.clear()
        return data

    def shows(self, text: str) -> Callable[[], bool]:
        def look() -> bool:
            self.arrive()
            return any(text in row for row in self.terminal.text())

        return look


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    made.writer.start()
    yield made
    ending = threading.Thread(target=made.writer.stop)
    ending.start()
    until(lambda: made.arrive() is not None and not ending.is_alive())
    for end in (made.near, made.far):
        with contextlib.suppress(OSError):
            os.close(end)


def frame(text: str, row: int = 1) -> str:
    return f"\x1b[{row};1H\x1b[1m{text[:COLUMNS]:{COLUMNS}}\x1b[0m\x1b[1;1H"


def test_what_is_written_arrives(line):
    line.writer.write(frame("hello"))

    until(line.shows("hello"))


def test_frames_that_the_terminal_has_no_time_for_are_merged_to_the_newest(line):
    line.writer.ask()
    line.writer.write(frame("first"))
    until(line.shows("first"))
    until(lambda: line.writer.stats.paced)
    line.writer.write(
        "".join(frame("w" * COLUMNS + str(row), row) for row in range(1, 9)) + frame("x" * 60, 2)
    )
    for number in range(2000):
        line.writer.write(frame(f"number {number} " * 5, 3) + frame(f"{number}" * 12, 5))

    until(lambda: line.writer.stats.frames == 2002)
    until(line.shows("number 1999"))
    stats = line.writer.stats
    assert stats.frames_sent < 200
    assert stats.bytes_sent < stats.bytes_written / 10


def test_a_terminal_that_takes_nothing_keeps_nobody_waiting(line):
    """The pipe holds 64 KiB; what the app draws beyond that is merged."""
    began = time.monotonic()
    for number in range(1500):
        line.writer.write(
            "".join(frame(f"{chr(97 + (number + row) % 26)}" * COLUMNS, row) for row in range(1, 9))
        )
    line.writer.write(frame("the last"))
    assert time.monotonic() - began < 60

    until(lambda: line.writer.stats.frames == 1501)
    until(line.shows("the last"))
    assert line.writer.stats.frames_sent < 1501


def test_what_is_no_frame_waits_in_a_bounded_room(line):
    done = threading.Event()

    def copy_much() -> None:
        for _ in range(300):
            line.writer.write(f"\x1b]52;c;{'A' * 100_000}\x07")
        done.set()

    threading.Thread(target=copy_much, daemon=True).start()
    until(lambda: line.writer._stage.backlog > MOST_BACKLOG)

    assert line.writer._stage.backlog < MOST_BACKLOG + 100_000 * (MOST_UNREAD + 2)
    assert not done.is_set()
    until(lambda: line.arrive() is not None and done.is_set())


def test_the_end_waits_for_what_is_left(line):
    line.writer.write(frame("almost the last"))
    line.writer.write("\x1b[?1003l")
    line.writer.stop()

    line.arrive()
    assert line.terminal.text()[0].startswith("almost the last")
    assert line.terminal.modes["1003"] is False


def test_the_last_answer_is_waited_for(line):
    line.writer.ask()
    line.writer.write(frame("asked"))
    until(lambda: line.shows("asked")() and line.writer.stats.answers)
    line.writer.write("".join(frame("again" * 12, row) for row in range(1, 9)))
    until(lambda: os.set_blocking(line.far, True) is None)
    os.set_blocking(line.far, True)
    data = os.read(line.far, 1 << 16)
    assert data.endswith(b"\x1b[5n")
    ended = threading.Event()
    threading.Thread(target=lambda: (line.writer.ask_no_more(), ended.set()), daemon=True).start()

    assert not ended.wait(0.05)
    line.writer.answered()
    assert ended.wait(20)


def test_an_answer_that_never_comes_is_waited_for_a_moment_only(line):
    line.writer.ask()
    line.writer.write(frame("asked"))
    until(lambda: os.read(line.far, 1 << 16).endswith(b"\x1b[5n"))

    line.writer.ask_no_more()

    line.writer.write(frame("later"))
    until(line.shows("later"))


def test_a_terminal_that_is_gone_is_no_matter(line):
    os.close(line.far)
    for number in range(50):
        line.writer.write(frame(str(number)))
    line.writer.ask_no_more()
    line.writer.stop()
    os.dup2(os.open(os.devnull, os.O_RDONLY), line.far)


def test_an_app_that_saw_nothing_of_a_change_of_size_is_asked_to_paint_again(line):
    for row in range(1, ROWS + 1):
        line.writer.write(frame("before", row))
    until(line.shows("before"))

    line.writer.resize(COLUMNS - 20, ROWS)
    line.writer.resize(COLUMNS, ROWS)

    until(lambda: line.paints)


def test_an_app_that_paints_itself_after_a_change_of_size_is_not_asked(line):
    line.writer.resize(COLUMNS, ROWS - 2)
    for row in range(1, ROWS - 1):
        line.writer.write(frame("after", row))
    until(line.shows("after"))

    until(lambda: line.writer._stage._repaint_due is None)
    assert not line.paints


def test_a_fault_of_the_stage_leaves_the_plain_bytes_and_asks_for_a_new_picture(line, monkeypatch):
    line.writer.write(frame("before"))
    until(line.shows("before"))

    def broken(self: OutputStage) -> str:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(OutputStage, "_frame", broken)
    line.writer.write(frame("lost"))
    until(lambda: line.paints)
    line.writer.write(frame("after"))

    until(line.shows("after"))
    assert len(line.paints) == 1
    assert "a fault of ours" in line.writer.stats.failure
