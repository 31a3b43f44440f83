from __future__ import annotations

import sys

import pytest
from rich.cells import cell_len

from orp_tui.core.words import STATE_GLYPHS
from orp_tui.tui.output_stage.clusters import MOST_MARKS, clusters_of, is_certain, is_narrow


def test_what_is_certain_is_as_wide_as_textual_takes_it_to_be():
    for code in range(0x20, sys.maxunicode + 1):
        if is_certain(chr(code)):
            assert cell_len(chr(code)) == (1 if is_narrow(chr(code)) else 2), hex(code)


@pytest.mark.parametrize(
    "text",
    [
        "e\u0301",
        "\u0301",
        "☁",
        "☁\ufe0f",
        "▶",
        "⏸",
        "⏳",
        "🚀",
        "\u200b",
        "\xad",
        "\ue0b0",
        "ع",
        "\x9b",
        "\x1b",
        "\t",
    ],
)
def test_what_terminals_disagree_on_is_doubtful(text):
    assert not is_certain(text)


def test_the_signs_of_the_states_are_certain():
    assert is_narrow("".join(glyph for glyph, _ in STATE_GLYPHS.values()))


def test_clusters_are_kept_together_and_their_widths_are_those_of_textual():
    family = "👨\u200d👩\u200d👧"

    assert list(clusters_of(f"a{family}e\u0301☁\ufe0f世")) == [
        ("a", 1), (family, 2), ("e\u0301", 1), ("☁\ufe0f", 2), ("世", 2),
    ]  # fmt: skip
    assert list(clusters_of("\u0301x")) == [("\u0301", 0), ("x", 1)]


def test_ten_thousand_marks_are_cut_and_half_a_character_is_replaced():
    [(cluster, width)] = clusters_of("e" + "\u0301" * 10_000)

    assert (len(cluster), width) == (MOST_MARKS, 1)
    assert list(clusters_of("\udc80")) == [("\ufffd", 1)]
