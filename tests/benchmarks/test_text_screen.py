"""The quick screen of the benchmarks shows what a whole emulator shows, however the bytes are cut."""

from __future__ import annotations

import random

import pyte
import pytest
from terminal_answers import Answers
from text_screen import TextScreen

COLUMNS, ROWS = 20, 6
# pyte holds a cursor behind the last column to be in one more, and keeps places on a stack: each word
# that this matters to says first where it is.
PLACED = ["J", "1J", "2J", "K", "1K", "2K", "4X", "2@", "3P", "2L", "M", "2A", "B", "3C", "2D", "4d"]
WORDS = [
    *("plain text", "wraps at the edge of the screen", "über", "\r\n", "\n", "\r", "\b", "\t"),
    *("\x1b[3;5H", "\x1b[H", "\x1b[2;9f", "\x1b[7G", "\x1bM", "\x1bD", "\x1b7\x1b[2;2Hsaved\x1b8"),
    *(f"\x1b[{place % 6 + 1};{5 * place % 18 + 1}H\x1b[{word}" for place, word in enumerate(PLACED)),
    *("\x1b[1;38;2;1;2;3m", "\x1b[0m", "\x1b]0;a title\x07", "\x1b[?2026h", "\x1b[?25l"),
]


@pytest.mark.parametrize("seed", range(40))
def test_it_shows_what_pyte_shows(seed):
    rng = random.Random(seed)
    whole, quick = pyte.Screen(COLUMNS, ROWS), TextScreen(COLUMNS, ROWS)
    stream = pyte.ByteStream(whole)
    for word in (rng.choice(WORDS).encode() for _ in range(200)):
        stream.feed(word)
        cut = rng.randint(0, len(word))
        quick.feed(word[:cut])
        quick.feed(word[cut:])
        assert quick.text.split("\n") == whole.display, word
    assert quick.unknown == set()


def test_only_what_lies_between_the_margins_scrolls():
    screen = TextScreen(3, 5)
    screen.feed(b"1\r\n2\r\n3\r\n4\r\n5\x1b[2;4r\x1b[4;1H\n")
    assert screen.text.split() == ["1", "3", "4", "5"]
    screen.feed(b"\x1b[2;1H\x1bM\x1b[9Aa\x1b[9Bb")
    assert screen.text.split("\n") == ["1  ", "a  ", "3  ", "4b ", "5  "]
    screen.feed(b"\x1b[r\x1b[S")
    assert screen.text.split("\n")[0] == "a  "


def test_wide_characters_take_two_cells():
    screen = TextScreen(6, 1)
    screen.feed("宽a宽b".encode())
    assert screen.text == "宽a宽b"


def test_what_is_asked_is_answered_once_wherever_the_bytes_are_cut():
    asked = b"text\x1b[?2026$p\x1b[0m\x1b[5n\x1b[c\x1b[>q\x1b[18t"
    whole = Answers(80, 24).to(asked)
    answers = Answers(80, 24)
    assert b"".join(answers.to(asked[at : at + 1]) for at in range(len(asked))) == whole
    assert whole == b"\x1b[?2026;2$y\x1b[0n\x1b[?62;22c\x1bP>|probe 1\x1b\\\x1b[8;24;80t"
