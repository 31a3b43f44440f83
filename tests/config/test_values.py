from __future__ import annotations

import pytest

from orp_tui.config.values import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12h", 43200),
        ("30m", 1800),
        ("60s", 60),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2d", 172800),
        ("500ms", 0.5),
        ("10min", 600),
        (5, 5),
        (0.5, 0.5),
        ("90", 90),
        (0, 0),
    ],
)
def test_durations_are_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "1x", "-1s", -1, True, None, [], "1m1h", "1h1h", "nan", float("nan"), float("inf"), "1e9d", "h"])  # fmt: skip
def test_what_is_no_duration_is_refused_with_the_forms(text):
    with pytest.raises(ValueError, match=r"12h|ten years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20GB", 20 * 10**9),
        ("16MiB", 2**24),
        ("1.5kB", 1500),
        ("500 kb", 500_000),
        (7, 7),
        ("7", 7),
        ("3B", 3),
        ("1TiB", 2**40),
    ],
)
def test_sizes_are_bytes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "20G", "4Ki", "-1", -1, 1.5, True, None, "9e9GB", "99999999999999999TB", "5XB"])  # fmt: skip
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match=r"size|unclear|unit|disk"):
        parse_size(text)
