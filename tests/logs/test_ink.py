import random

import pytest

from orp_tui.core.sanitise import cell_width
from orp_tui.logs.ink import Ink, crop, fold, inks, marked, plain


def test_a_row_is_pieces_of_one_colour():
    assert inks("") == ()
    assert inks("plain") == (Ink("plain"),)
    assert inks("a\x1b[1;31mb\x1b[0mc") == (Ink("a"), Ink("b", "1;31"), Ink("c"))
    assert plain(inks("a\x1b[1;31mb\x1b[0mc")) == "abc"


def test_hits_are_marked_across_colours():
    line = inks("ab\x1b[31mcd\x1b[0mef")
    assert marked(line, [(1, 3), (4, 6)]) == (
        Ink("a"),
        Ink("b", hit=True),
        Ink("c", "31", hit=True),
        Ink("d", "31"),
        Ink("ef", hit=True),
    )
    assert marked(line, []) == line
    assert plain(marked(line, [(5, 99)])) == "abcdef"


@pytest.mark.parametrize("seed", range(20))
def test_folding_and_cropping_lose_nothing_and_fit(seed):
    rng = random.Random(seed)
    text = "".join(rng.choice("ab é日本e\u0301🙂") for _ in range(200))
    line = tuple(Ink(piece, str(place % 3 + 31)) for place, piece in enumerate(text.split(" ")) if piece)
    text = plain(line)
    for width in (2, 3, 10, 79, 500):
        folded = fold(line, width, cell_width)
        assert "".join(map(plain, folded)) == text
        assert all(cell_width(plain(part)) <= width for part in folded)
        assert len(folded) >= -(-cell_width(text) // width)
    for begin in (0, 1, 17, 1000):
        part = plain(crop(line, begin, 30, cell_width))
        assert cell_width(part) <= 30
        if begin == 0:
            assert text.startswith(part)
        elif begin < 100:
            assert part.strip() in text


def test_an_empty_row_is_one_line_and_a_character_wider_than_the_screen_is_shown():
    assert fold((), 10, cell_width) == [()]
    assert [plain(line) for line in fold(inks("日a"), 1, cell_width)] == ["日", "a"]


def test_half_of_a_wide_character_is_a_space():
    assert plain(crop(inks("日本語"), 1, 5, cell_width)) == " 本語"
    assert plain(crop(inks("日本語"), 1, 4, cell_width)) == " 本"
