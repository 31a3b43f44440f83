import os
import re
import subprocess
import sys
import time
import unicodedata

import pytest

from orp_tui.core.hostile_text import cleaned, without_sequences
from orp_tui.core.sanitise import MARKS_KEPT, _is_harmless, cell_width, one_line, sanitise

HOSTILE = [
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07",
    "\x1b[?1049h\x1b[2J\x1b[10A",
    "\x1b[?1000h\x1b[?2004h",
    "\x9b2J\x9d0;t\x9c\x90q\x9c",
    "\x1bPtmux;\x1b\x1b]52;c;x\x07\x1b\\",
    "\x1b]unfinished",
    "\x1b[31",
    "\x1b",
    "\x1b\x1b[0m[2J",
    "\x1b[8;5mhidden",
    "\x1bc\x1b7\x1b8\x1bM\x1b(0",
    "\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\",
    "a\u202eb\u2066c\u200fd\u061c",
    "\ud800\udfff",
    "\x00\x07\x08\x0b\x0c\x0d\x0e\x7f\x85",
    "\u2028\u2029",
]

ACTS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_that_acts_on_a_terminal_is_left(text):
    assert not ACTS.search(sanitise(f"before {text} after"))
    assert not ACTS.search(one_line(f"before {text} after"))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_with_colours_only_whole_colour_sequences_are_left(text):
    kept = sanitise(f"\x1b[1;31mred {text} after", keep_colours=True)

    assert kept.startswith("\x1b[1;31mred ")
    assert not ACTS.search(re.sub(r"\x1b\[[0-9;:]*m", "", kept))
    assert "fter" in kept  # a lone ESC takes " a" with it, as a terminal would


def test_random_bytes_come_out_harmless():
    for encoding in ("latin-1", "utf-8"):
        text = os.urandom(50_000).decode(encoding, "replace")
        coloured = sanitise(text, keep_colours=True)
        assert not ACTS.search(sanitise(text))
        assert not ACTS.search(re.sub(r"\x1b\[[0-9;:]*m", "", coloured))


def test_plain_text_is_left_as_it_is():
    for text in ("", "loss 0.5", "[/] [red] \\[", "Größe ✓ → 训练 🙂", "tab\there"):
        assert sanitise(text) == text


def test_a_sequence_goes_as_a_whole_and_an_unfinished_one_stays_readable():
    assert sanitise("\x1b]0;owned\x07x\x1b[2Ky") == "xy"
    assert sanitise("\x1b]0;owned") == "␛]0;owned"
    assert sanitise("\x1b]0;owned\nsecond line\x07", keep_newlines=True) == "␛]0;owned\nsecond line␇"


def test_controls_become_their_pictures_and_a_newline_stays_only_if_asked_for():
    assert sanitise("a\x00b\x7f") == "a␀b␡"
    assert sanitise("a\nb") == "a␊b"
    assert sanitise("a\r\nb\n", keep_newlines=True) == "a\nb\n"


def test_colours_are_kept_without_conceal_and_blink_and_switched_off_at_the_end():
    assert sanitise("\x1b[31mred\x1b[0m.", keep_colours=True) == "\x1b[31mred\x1b[0m."
    assert sanitise("\x1b[31mred", keep_colours=True) == "\x1b[31mred\x1b[0m"
    assert sanitise("\x1b[5;8;1mx\x1b[m", keep_colours=True) == "\x1b[1mx\x1b[0m"
    assert sanitise("\x1b[38;5;8mx\x1b[m", keep_colours=True) == "\x1b[38;5;8mx\x1b[0m"
    assert sanitise("\x1b[38;2;1;2;300mx", keep_colours=True) == "x"
    assert sanitise("\x1b[38:2::1:2:3mx\x1b[0m", keep_colours=True) == "\x1b[38:2::1:2:3mx\x1b[0m"
    assert sanitise("\x1b[999999999999mx", keep_colours=True) == "x"


def test_what_has_no_width_and_no_ink_is_dropped():
    assert sanitise("a\u200bb\u2060c\ufeffd\u00ade\U000e0041f\ufe0f") == "abcdef"
    assert sanitise("👩\u200d🔬") == "👩🔬"


def test_a_pile_of_combining_marks_is_cut_and_living_scripts_are_not():
    assert sanitise("e" + "\u0301" * 10_000 + "x") == "e" + "\u0301" * MARKS_KEPT + "x"
    hidden = "e" + "\u0301\x1b[1m" * 10_000 + "x"
    assert sanitise(hidden, keep_colours=True).count("\u0301") == MARKS_KEPT
    for text in ("ที่นี่", "हिन्दी में लिखा हुआ वाक्य", "בְּרֵאשִׁ֖ית", "Việt Nam ngữ"):
        decomposed = unicodedata.normalize("NFD", text)
        assert sanitise(decomposed) == decomposed


def test_every_mark_that_this_python_knows_is_capped():
    for code in range(0x300, 0x110000):
        if unicodedata.category(chr(code))[0] == "M":
            assert len(sanitise("x" + chr(code) * 50)) <= 1 + MARKS_KEPT, hex(code)


def test_a_name_for_a_table_is_one_line_of_a_given_width():
    assert one_line("  two\n\n lines\tand more ") == "two lines and more"
    assert one_line("[/]") == "[/]"
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde…"
    assert one_line("训练损失", 5) == "训练…"
    assert one_line("训练损失", 8) == "训练损失"
    assert one_line("abc", 0) == ""
    assert cell_width("训a\u0301") == 3
    assert cell_width(one_line("🙂" * 100, 9)) <= 9


@pytest.mark.parametrize(
    "text",
    [
        "\x1b" * 60_000,
        "\x1b]" * 30_000,
        "\x1b[" * 30_000,
        "\x1b[1;" * 15_000,
        "\x1b[1m" * 15_000,
        "\u0301\x1b[1m" * 12_000,
        "训练" * 30_000,
        "\x1b[" + "0" * 60_000,
        "\x1bP" + "\x9b0" * 30_000,
    ],
    ids=lambda text: ascii(text[:6]),
)
def test_no_text_is_slow(text):
    sanitise("é" + "\u0301" * 9)  # what is built once is built
    begin = time.process_time()
    sanitise(text, keep_colours=True)
    assert time.process_time() - begin < 0.5


def test_what_is_let_through_at_a_glance_is_what_the_rules_let_through():
    for code in range(0x110000):
        text = chr(code) * (MARKS_KEPT + 1)
        if _is_harmless(text):
            assert cleaned(text, keep_colours=False, keep_newlines=False) == text, hex(code)
            assert without_sequences(text) == text, hex(code)


def test_own_words_compile_no_pattern():
    script = (
        "import sys; from orp_tui.core.sanitise import one_line, sanitise\n"
        "assert sanitise('no queue processor · 1 slots') and one_line('✓ succeeded … 2×')\n"
        "assert 'orp_tui.core.hostile_text' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
