"""What a metric's name tells of its values."""

from __future__ import annotations

import pytest

from orp_tui.metrics.names import bytes_in, measured


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sys/memory", "9.33 MB"), ("sys/gpu12/memory", "9.33 MB"), ("sys/read", "9.33 MB/s"),
        ("sys/write [system.jsonl]", "9.33 MB/s"), ("sys/cpu", "9.3266e+06"), ("sys/memory2", "9.3266e+06"),
        ("loss", "9.3266e+06"), ("train/sys/memory", "9.3266e+06"),
    ],
)  # fmt: skip
def test_what_the_observer_counts_in_bytes_is_told_as_a_size(name, text):
    assert measured(name, 9_326_600) == text


def test_a_rate_is_told_from_an_amount():
    assert [bytes_in(name) for name in ("sys/memory", "sys/read", "loss")] == ["", "/s", None]
