"""Times, sizes and states as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orp_tui.core import words
from orp_tui.core.checklist import ChecklistItem, CheckOutcome, CheckResult, DeliverableStatus
from orp_tui.core.states import RunState


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"), (0, "0.0s"), (0.83, "0.8s"), (-3, "0.0s"), (9.94, "9.9s"), (10, "10s"), (42.4, "42s"),
        (59.4, "59s"), (59.6, "1m00s"), (187, "3m07s"), (3599.6, "1h00m"), (3720, "1h02m"), (86399, "23h59m"),
        (86400, "1d00h"), (190_800, "2d05h"),
    ],
)  # fmt: skip
def test_a_duration_has_two_units_at_most(seconds, text):
    assert words.duration(seconds) == text


@given(some.floats(0, 10**7))
def test_a_duration_is_short(seconds):
    assert len(words.duration(seconds)) <= 8


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"), (0, "0 B"), (512, "512 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3_250_000, "3.1 MiB"),
        (150 * 1024, "150 KiB"), (1 << 30, "1.0 GiB"), (5 << 40, "5.0 TiB"), (1 << 20, "1.0 MiB"),
    ],
)  # fmt: skip
def test_a_size_has_a_unit_of_1024(count, text):
    assert words.size(count) == text


def test_ends_that_want_attention_are_loud():
    loud = {state for state in RunState if words.state_word(state).isupper()}

    assert loud == {RunState.FAILED, RunState.LOST, RunState.INCOMPLETE}


@pytest.mark.parametrize("column", [0, 1])
def test_no_two_states_look_alike(column):
    glyphs = [glyphs[column] for glyphs in words.STATE_GLYPHS.values()]

    assert set(words.STATE_GLYPHS) == set(RunState)
    assert len(set(glyphs)) == len(glyphs)
    assert all(len(glyph) == 1 and (column == 0 or glyph.isascii()) for glyph in glyphs)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456789, "0.12346"), (1e-9, "1e-09"), (float("nan"), "nan"), (12345678, "1.2346e+07")],
)
def test_a_metric_is_short(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("status", "outcomes", "box"),
    [
        ("valid", ["pass"], "[x]"),
        ("missing", ["fail"], "[ ]"),
        ("growing", ["pass"], "[~]"),
        ("invalid", ["pass", "fail", "error"], "[!]"),
        ("invalid", ["pass", "error", "fail"], "[?]"),
    ],
)
def test_a_deliverable_that_could_not_be_checked_has_a_mark_of_its_own(status, outcomes, box):
    results = tuple(CheckResult("exists", CheckOutcome(outcome), "") for outcome in outcomes)
    item = ChecklistItem(0, "metrics", "m.json", True, DeliverableStatus(status), results, (), 0)

    assert item.box == box


def test_one_of_a_thing_is_no_plural():
    assert [words.counted(n, "file") for n in (0, 1, 2000)] == ["0 files", "1 file", "2,000 files"]
    assert words.counted(3, "process", "processes") == "3 processes"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"), (512.4, "512 B"), (999.7, "1 kB"), (9_326_600, "9.33 MB"), (-2.5e9, "-2.5 GB"), (3e15, "3e+03 TB"),
        (float("nan"), "nan"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_bytes_among_numbers_have_a_unit_of_1000(value, text):
    assert words.byte_number(value) == text
