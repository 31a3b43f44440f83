import os

import pytest

from orp_tui.logs.progress import COLUMNS, RecentRows


def shown(*pieces: str | bytes, keep: int = 50) -> list[str]:
    rows = RecentRows(keep)
    for piece in pieces:
        rows.feed(piece.encode() if isinstance(piece, str) else piece)
    return rows.rows()


def test_plain_lines():
    assert shown("one\ntwo\r\n\nfour") == ["one", "two", "", "four"]
    assert shown("") == []


def test_a_carriage_return_bar_shows_its_last_state():
    assert shown(
        "begin\n", *(f"\r{percent:3d}%|{'#' * (percent // 10):10}|" for percent in range(0, 101, 10))
    ) == [
        "begin",
        "100%|##########|",
    ]


def test_a_shorter_redraw_leaves_the_rest_as_a_terminal_does():
    assert shown("\rlonger text\rshort") == ["shortr text"]
    assert shown("\rlonger text\r\x1b[Kshort") == ["short"]


def test_nested_tqdm_bars_are_two_rows():
    outer = [f"\router {epoch}/3" for epoch in range(3)]
    frames = []
    for epoch in range(3):
        frames.append(outer[epoch])
        frames += [f"\n\rinner {step}/2\x1b[A" for step in range(3)]
    assert shown(*frames) == ["outer 2/3", "inner 2/2"]


def test_a_rich_display_is_redrawn_in_place():
    frame = "\x1b[1A\x1b[2K\x1b[1A\x1b[2K\rtask a {0}%\ntask b {0}%\n"
    assert shown("head\n\n\n", *(frame.format(percent) for percent in range(0, 101, 20))) == [
        "head",
        "task a 100%",
        "task b 100%",
    ]


def test_keras_draws_over_with_backspaces():
    assert shown("1/3 [=>..]" + "\x08" * 10 + "2/3 [==>.]" + "\x08" * 10 + "3/3 [====]") == ["3/3 [====]"]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_chunks_may_end_inside_characters_and_sequences(size):
    data = "é→🙂 \x1b[31mred\x1b[0m \x1b]0;title\x07end\n\r50%\r\x1b[K100%".encode()
    pieces = [data[place : place + size] for place in range(0, len(data), size)]
    assert shown(*pieces) == ["é→🙂 \x1b[31mred\x1b[0m end", "100%"]


def test_colours_stay_with_their_characters_and_do_not_run_on():
    assert shown("\x1b[31mred\nstill red\x1b[0m plain") == [
        "\x1b[31mred\x1b[0m",
        "\x1b[31mstill red\x1b[0m plain",
    ]
    assert shown("\x1b[32mgreen\x1b[0m\rx") == ["x\x1b[32mreen\x1b[0m"]
    assert shown("\x1b[1m\x1b[31mboth\x1b[m") == ["\x1b[1;31mboth\x1b[0m"]
    assert shown("\x1b[38;2;0;0;0mblack\x1b[0m") == ["\x1b[38;2;0;0;0mblack\x1b[0m"]
    assert shown("\x1b[1m\x1b[0;32mgreen\x1b[0m") == ["\x1b[0;32mgreen\x1b[0m"]
    assert shown("\x1b[8mhidden") == ["hidden"]


def test_what_could_act_on_a_terminal_is_gone():
    (row,) = shown("\x1b]52;c;aGk=\x07a\x00\x07b\x1b[?1049h\x1b[5;5Hc\u202ed\x9b2Je", b"\xff\xfe")
    assert row == "a␀bc\ufffdde\ufffd\ufffd"


def test_random_bytes_are_harmless():
    rows = RecentRows(20)
    for _ in range(20):
        rows.feed(os.urandom(10_000))
    import re

    for row in rows.rows():
        assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f]", re.sub("\x1b\\[[0-9;:]*m", "", row))


def test_only_the_last_rows_stay():
    rows = RecentRows(3)
    rows.feed(b"1\n2\n3\n4\n")
    rows.feed(b"5")
    assert rows.rows() == ["3", "4", "5"]
    assert rows.dropped == 2
    assert rows.rows(1) == ["5"]
    assert rows.rows(0) == []
    rows.feed(b"\x1b[99Atop")
    assert rows.rows()[0] == "3top"


def test_a_flood_of_lines_is_counted_and_its_end_is_shown():
    rows = RecentRows(3)
    rows.feed(b"".join(b"%d\n" % number for number in range(10_000)))
    assert rows.rows() == ["9998", "9999"]
    assert rows.dropped == 9_998


def test_a_row_without_end_stays_bounded():
    rows = RecentRows(3)
    for _ in range(40):
        rows.feed(b"x" * 100_000)
    (row,) = rows.rows()
    assert row == "x" * COLUMNS + " … [cut]"
    rows.feed(b"\nnext\x1b[999999999C!")
    assert rows.rows()[1].startswith("next ")


def test_after_a_restart_nothing_before_is_edited():
    rows = RecentRows(9)
    rows.feed(b"old \x1b[31")
    rows.restart()
    rows.feed(b"\rnew")
    assert rows.rows() == ["old ", "new"]
