from __future__ import annotations

import itertools
import random

import pytest
from output_stage.emulator import Emulator

from orp_tui.tui.output_stage.pens import PLAIN, RESET, Pen, after_codes, turn

ATTRIBUTES = ["1", "2", "3", "4", "5", "7", "8", "9", "21", "51", "53", "4:3"]
COLOURS = ["", "31", "97", "38;5;200", "38;2;1;2;3", "38;2;255;255;255"]


def some_pen(pick: random.Random) -> Pen:
    attributes = tuple(code for code in ATTRIBUTES if pick.random() < 0.25)
    background = pick.choice(COLOURS).replace("38;", "48;").replace("31", "41").replace("97", "107")
    underline = pick.choice(["", "", "58;5;9"])
    link = pick.choice(["", "", "id=1;https://a", ";b"])
    pen = Pen(attributes, pick.choice(COLOURS), background, underline, link)
    # As a terminal would order them.
    return pen._replace(
        attributes=tuple(sorted(attributes, key=lambda code: (int(code.split(":")[0]), code)))
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_turn_leaves_a_terminal_with_the_pen_that_is_wanted(seed):
    pick = random.Random(seed)
    pens = [some_pen(pick) for _ in range(60)]
    terminal = Emulator(10, 2)

    for old, new in itertools.pairwise([PLAIN, *pens]):
        terminal.feed(turn(old, new) + "\x1b[1;1Hx")
        fresh = Emulator(10, 2)
        fresh.feed(turn(PLAIN, new) + "\x1b[1;1Hx")

        assert terminal.cells[0][0] == fresh.cells[0][0], (old, new)


@pytest.mark.parametrize("seed", range(5))
def test_codes_make_the_pen_that_they_make_on_a_terminal(seed):
    pick = random.Random(seed)
    off = ["0", "", "22", "23", "24", "25", "27", "28", "29", "39", "49", "54", "55", "59", "4:0"]
    on = [*ATTRIBUTES, *filter(None, COLOURS), "48;2;9;8;7", "101", "58;2;1;1;1"]
    for _ in range(200):
        codes = ";".join(pick.choices([*on, *off], k=pick.randint(1, 5)))
        pen = after_codes(PLAIN, codes)
        assert pen is not None
        direct, turned = Emulator(10, 2), Emulator(10, 2)
        direct.feed(f"\x1b[{codes}mx")
        turned.feed(turn(PLAIN, pen) + "x")

        # Of two kinds of underline a terminal takes the last; the pen keeps both in their order.
        if sum(code in ("4", "21", "4:3") for code in pen.attributes) <= 1:
            assert direct.cells[0][0] == turned.cells[0][0], codes


@pytest.mark.parametrize("codes", ["10", "38", "38;5", "38;2;1;2", "38;7;1", "38;2;a;b;c", "200", "5:1"])
def test_what_no_terminal_agrees_on_is_not_known(codes):
    assert after_codes(PLAIN, codes) is None


def test_only_what_differs_is_sent_if_that_is_shorter():
    red = Pen(("1", "3"), "38;2;250;0;0", "48;2;0;0;0")

    assert turn(red, red) == ""
    assert turn(red, red._replace(foreground="32")) == "\x1b[32m"
    assert turn(red, red._replace(attributes=("3",))) == "\x1b[22m"
    assert turn(red._replace(attributes=("1", "2")), red._replace(attributes=("2",))) == "\x1b[22;2m"
    assert turn(red, PLAIN) == RESET
    assert turn(red, Pen(("1",))) == "\x1b[0;1m"
    assert turn(PLAIN, Pen(link=";x")) == "\x1b]8;;x\x1b\\"
    assert turn(Pen(link=";x"), PLAIN) == "\x1b]8;;\x1b\\"
