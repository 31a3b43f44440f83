"""Made-up cards for a machine without any."""

from __future__ import annotations

import pytest

from orp_tui.hardware import fake
from orp_tui.hardware.deadline import GpuWatch


@pytest.mark.parametrize(
    ("text", "count", "total"),
    [("4", 4, 24 << 30), ("2x80GB", 2, 80 * 10**9), ("1 x 16 GiB", 1, 16 << 30), ("3x8", 3, 8 << 30)],
)
def test_so_many_cards_of_that_size_are_made_up(text, count, total):
    report = fake.sample({"ORP_FAKE_GPUS": text})

    assert [(gpu.index, gpu.uuid, gpu.total_bytes) for gpu in report.gpus] == [
        (index, f"FAKE-{index}", total) for index in range(count)
    ]
    assert (report.trouble, report.source) == (None, "fake")


@pytest.mark.parametrize("text", ["many", "4x", "-1", "4x24XB", "999"])
def test_a_value_that_can_not_be_read_is_said(text):
    report = fake.sample({"ORP_FAKE_GPUS": text})

    assert report.gpus == ()
    assert report.trouble == f"ORP_FAKE_GPUS={text} is neither a number up to 64 nor like 4x24GB"


def test_made_up_cards_take_the_place_of_real_ones_and_no_process():
    with GpuWatch(environment={"ORP_FAKE_GPUS": "2"}) as watch:
        assert len(watch.sample(0.0).gpus) == 2
        assert watch._child is None


def test_without_the_variable_there_are_none():
    assert not fake.is_wanted({})
    assert not fake.is_wanted({"ORP_FAKE_GPUS": ""})
