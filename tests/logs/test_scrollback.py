import os
import random

import pytest
from made_logs import five_cases, training_log

from orp_tui.logs.ink import inks, plain
from orp_tui.logs.lines import EARLIER, ROW_LIMIT
from orp_tui.logs.path_watch import WatchedLog
from orp_tui.logs.progress import LogRow, RecentRows
from orp_tui.logs.recent import WINDOW, LogTail
from orp_tui.logs.scrollback import BLOCK, Scrollback


def opened(path) -> WatchedLog:
    log = WatchedLog(path)
    log.look()
    return log


def as_a_terminal_shows(data: bytes) -> list[LogRow]:
    rows = RecentRows(1 << 20)
    rows.feed(data)
    return rows.placed()


def backwards(scrollback: Scrollback, end: int, step: int) -> list[LogRow]:
    rows: list[LogRow] = []
    while found := scrollback.before(rows[0].begin if rows else end, step):
        rows[:0] = found
    return rows


def test_the_five_cases_are_the_rows_of_a_terminal(tmp_path):
    data, expected = five_cases()
    (tmp_path / "log").write_bytes(data)
    scrollback = Scrollback(opened(tmp_path / "log"))

    assert [plain(inks(row.text)) for row in scrollback.after(0, 100)] == expected
    assert scrollback.after(0, 100) == backwards(scrollback, len(data), 2)
    assert scrollback.after(0, 2) == scrollback.after(0, 100)[:2]
    assert scrollback.after(len(data), 5) == []
    assert scrollback.before(0, 5) == []


@pytest.mark.parametrize("seed", range(6))
def test_any_log_is_forwards_and_backwards_what_a_terminal_shows(tmp_path, seed):
    data = training_log(seed, 25)
    (tmp_path / "log").write_bytes(data)
    scrollback = Scrollback(opened(tmp_path / "log"))
    expected = as_a_terminal_shows(data)

    assert scrollback.after(0, 1 << 20) == expected
    assert backwards(scrollback, len(data) + 1, 50) == expected
    for row in random.Random(seed).sample(expected, 20):
        place = expected.index(row)
        assert scrollback.after(row.begin, 3) == expected[place : place + 3]
        assert scrollback.before(row.begin, 3) == expected[max(0, place - 3) : place]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_logs_are_what_a_terminal_shows(tmp_path, seed):
    data = training_log(seed, 60)
    (tmp_path / "log").write_bytes(data)
    scrollback = Scrollback(opened(tmp_path / "log"))

    assert scrollback.after(0, 1 << 20) == as_a_terminal_shows(data)


def test_bars_redrawn_over_megabytes_are_two_rows_with_their_last_state(tmp_path):
    frames = "".join(f"\router {step}\n\rinner {step}\x1b[A" for step in range(60_000))
    data = f"before\n{frames}\n\nafter\n".encode()
    (tmp_path / "log").write_bytes(data)
    scrollback = Scrollback(opened(tmp_path / "log"))

    assert len(data) > 20 * BLOCK
    rows = backwards(scrollback, len(data), 3)
    assert [row.text for row in rows] == ["before", "outer 59999", "inner 59999", "after"]


def test_a_row_of_megabytes_is_cut_and_says_how_long_it_was(tmp_path):
    data = b"one\n" + b"x" * (3 << 20) + b"\nlast\n"
    (tmp_path / "log").write_bytes(data)
    scrollback = Scrollback(opened(tmp_path / "log"))

    one, long, last = scrollback.before(len(data), 9)
    assert (one.text, last.text) == ("one", "last")
    assert long.text == "x" * ROW_LIMIT + " … [cut: 3,145,728 bytes]"
    assert [row.begin for row in (one, long, last)] == [0, 4, 5 + (3 << 20)]


def test_a_bar_of_megabytes_without_newline_shows_its_last_frame(tmp_path):
    data = b"one\n" + b"".join(b"\r%7d" % step for step in range(400_000))
    (tmp_path / "log").write_bytes(data)
    log = opened(tmp_path / "log")

    assert [row.text for row in Scrollback(log).after(0, 9)] == ["one", " 399999"]
    tail = LogTail(log, Scrollback(log))
    tail.look()
    assert [row.text for row in tail.rows(9)] == ["one", " 399999"]


def test_what_is_appended_changes_the_last_rows(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    scrollback = Scrollback(opened(path))
    assert [row.text for row in scrollback.after(0, 9)] == ["one", "tw"]
    with path.open("ab") as file:
        file.write(b"o\nthree\x1b[A\rTWO")
    assert [row.text for row in scrollback.after(0, 9)] == ["one", "TWO", "three"]


def test_colours_run_on_into_the_next_block(tmp_path):
    lines = [b"line %d\n" % number for number in range(20_000)]
    lines[6_000] = b"\x1b[31m" + lines[6_000]
    data = b"".join(lines)
    assert 0 < BLOCK - data.index(b"\x1b") < 16 << 10
    (tmp_path / "log").write_bytes(data)
    rows = Scrollback(opened(tmp_path / "log")).after(BLOCK, 3)
    assert rows[0].text.startswith("\x1b[31mline")


@pytest.mark.parametrize("piece", [1, 7, 200, 40_000])
def test_a_tail_that_grows_in_any_pieces_is_what_a_terminal_shows(tmp_path, piece):
    data = training_log(3, 12) + five_cases()[0]
    data = data[-400_000:] if piece > 7 else data[-3_000:]
    path = tmp_path / "log"
    path.touch()
    log = opened(path)
    tail = LogTail(log, Scrollback(log))

    with path.open("ab", buffering=0) as file:
        for place in range(0, len(data), piece):
            file.write(data[place : place + piece])
            tail.look()

    expected = [row.text for row in as_a_terminal_shows(data)]
    assert [row.text for row in tail.rows(20)] == expected[-20:]
    assert tail.look() is False


def test_a_flood_is_jumped_over(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"start\n")
    log = opened(path)
    tail = LogTail(log, Scrollback(log))
    tail.look()
    lines = [b"line %d\n" % number for number in range(200_000)]
    assert len(b"".join(lines)) > 10 * WINDOW
    with path.open("ab") as file:
        file.writelines(lines)

    assert tail.look()
    assert [row.text for row in tail.rows(3)] == ["line 199997", "line 199998", "line 199999"]
    assert tail.rows(3)[0].begin == path.stat().st_size - len(b"".join(lines[-3:]))
    assert len(tail.rows(30_000)) == 30_000


def test_of_a_hole_of_a_terabyte_the_end_is_shown_and_nothing_waits(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.write(b"first\n")
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    log = opened(path)
    scrollback = Scrollback(log)
    tail = LogTail(log, scrollback)

    tail.look()
    for _ in range(50):  # what was found to lead nowhere is not tried again
        assert [row.text for row in tail.rows(30)] == ["last"]
    assert scrollback.after(0, 1)[0].text == "first"
    assert len(scrollback.after(0, 30)) == 2
    assert [row.text for row in scrollback.after((1 << 40) - 9, 30)] == ["last"]


def test_of_a_row_of_gigabytes_the_end_is_shown(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"x" * BLOCK)
    log = opened(path)
    tail = LogTail(log, Scrollback(log))

    tail.look()
    (row,) = tail.rows(30)
    assert row.text.startswith(f"{EARLIER.decode()}xxxx")
