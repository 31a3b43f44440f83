from __future__ import annotations

import pytest

from orp_tui.tui.output_stage.frames import FrameReader
from orp_tui.tui.output_stage.pens import PLAIN
from orp_tui.tui.output_stage.screen import Screen


@pytest.fixture
def reader() -> FrameReader:
    return FrameReader(Screen(20, 4))


def shown(reader: FrameReader) -> list[str]:
    return ["".join("?" if text is None else text for text in row.texts) for row in reader.screen.rows]


def test_a_frame_is_drawn_and_nothing_of_it_passes(reader):
    assert reader.read("\x1b[1;3H\x1b[1;31mred\x1b[0m 世\n\x1b[2;1Hplain\x1b[4;20H") == ("", None)

    assert shown(reader)[:2] == ["??red 世" + "?" * 12, "plain" + "?" * 15]
    assert reader.screen.rows[0].pens[2].attributes == ("1",)
    assert reader.cursor == (3, 19)
    assert reader.touched == {0, 1}


@pytest.mark.parametrize(
    "sequence",
    ["\x07", "\x1b]0;title\x07", "\x1b]52;c;aGk=\x1b\\", "\x1b]22;pointer\x1b\\", "\x1b[?1003h", "\x1b[?25l", "\x1b[?7l",
     "\x1b[>1u", "\x1b[<u", "\x1b[?2026$p", "\x1b[2 q", "\x1b[22;0t", "\x1b[c", "\x1b[>q"],
)  # fmt: skip
def test_what_touches_no_cell_passes_and_the_frame_around_it_is_drawn(reader, sequence):
    assert reader.read(f"\x1b[1;1Hab{sequence}cd") == (sequence, None)
    assert shown(reader)[0].startswith("abcd")


@pytest.mark.parametrize(
    "data",
    [
        "\x1b[2J", "\x1b[1;1H\x1b[K", "\x1b[?1049h", "\x1b[5A", "\x1bc", "\x1b[3;1Hx\ty", "\x1b[3;1Hx\x9b2J", "\x1b[1;1Hx\x00",
        "\x1b[1;19Hfar", "\x1b[1;20H世", "\x1b[5;1Hbelow", "\x1b[1;21Hright", "\x1b[4;1Hlast\n", "text at an unknown place",
        "\x1b[1;1H\x1b[38;5mx", "\x1b[1;1Hthen\nunknown column", "\x1b[1;1Hthen\n", "\x1b_Gimage\x1b\\", "\x1b]1337;File=:x\x07",
        "\x1bPq#0\x1b\\", "\x1b[6n", "\x1b[1;2;3H", "\x1b[1:2H", "\x1b[?2026;1049h",
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_given_back_whole_and_leaves_no_trace(reader, data):
    reader.read("\x1b[1;1Hbefore\x1b[2;2H")
    before = shown(reader)
    if data == "text at an unknown place":
        reader.cursor = None

    assert reader.read(data) == ("", data)
    assert shown(reader) == before


def test_nothing_is_known_after_that(reader):
    reader.read("\x1b[1;1Hbefore")

    reader.start_anew("\x1b[2J")

    assert shown(reader) == ["?" * 20] * 4
    assert reader.read("x") == ("", "x")


@pytest.mark.parametrize(
    ("data", "pen_is_known"),
    [("\x1b[2J", True), ("\x1b[31mred", False), ("\x1b[31mred\x1b[0m", True), ("\x1b[0m\x1b[32m", False), ("\x1b[?1049l", False),
     ("\x1b[?1049h", True), ("\x1bc", False), ("\x1b]8;;https://x\x07", False), ("\x1b]8;;https://x\x07y\x1b]8;;\x07", True)],
)  # fmt: skip
def test_the_pen_is_known_afterwards_if_nothing_can_have_changed_it(reader, data, pen_is_known):
    reader.start_anew(data)

    assert (reader.pen == PLAIN) == pen_is_known
    assert (reader.read("\x1b[1;1Hx")[1] is None) == pen_is_known
    assert reader.read("\x1b[0m\x1b[1;1Hx") == ("", None)


def test_a_sequence_that_comes_in_pieces_is_read_as_one(reader):
    whole = "\x1b[2;3H\x1b[38;2;1;2;3mcolour\x1b[0m\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\"
    for char in whole:
        assert reader.read(char) == ("", None)

    assert shown(reader)[1] == "??colourlink????????"
    assert reader.screen.rows[1].pens[2].foreground == "38;2;1;2;3"
    assert reader.screen.rows[1].pens[8].link == ";https://x"


def test_half_of_a_wide_character_that_is_overwritten_leaves_a_space(reader):
    reader.read("\x1b[1;1H世界人")

    reader.read("\x1b[1;2Hx\x1b[1;5Hy")

    assert shown(reader)[0] == " x界y " + "?" * 14


def test_marks_belong_to_the_character_before_them(reader):
    reader.read("\x1b[1;1He\x1b[1m\u0301\x1b[0m世\u0301")

    assert reader.screen.rows[0].texts[:4] == ["e\u0301", "世\u0301", "", None]


def test_marks_sent_again_and_again_do_not_pile_up(reader):
    reader.read("\x1b[1;1He")
    for _ in range(1000):
        reader.read("\x1b[1;2H\u0301x")

    assert len(reader.screen.rows[0].texts[0]) <= 64


def test_outside_of_the_screen_nothing_is_drawn_while_the_app_has_not_seen_its_new_size(reader):
    reader.clips = True

    assert reader.read(
        "\x1b[1;18H世界人\x1b[2;25Hfar\n\x1b[4;1Hlast\n\x1b[5;1Hbelow\x1b[3;20H世\x1b[9;30H"
    ) == ("", None)

    assert [row[16:] for row in shown(reader)] == ["?世 ", "????", "??? ", "????"]
    assert shown(reader)[3][:4] == "last"
    assert reader.cursor == (3, 19)
    assert reader.touched == {0, 1, 2, 3}
    assert reader.clipped
    assert all(len(row.texts) == len(row.pens) == 20 for row in reader.screen.rows)
