"""Run ids sort by time, and only they are taken for run ids."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orp_tui.core.ids import is_run_id, run_id, with_short_ids

NOON = datetime.datetime(2026, 11, 24, 12, 0, 0, tzinfo=datetime.UTC)


def test_an_id_is_made_of_the_time_and_the_random_part():
    assert run_id(NOON, 0) == "exp_20261124_120000_0000"
    assert run_id(NOON, 0xFFFFF) == "exp_20261124_120000_zzzz"


@given(some.integers(0, (1 << 20) - 1))
def test_every_id_that_is_made_is_one(random):
    assert is_run_id(run_id(NOON, random))


@given(some.sets(some.integers(0, (1 << 20) - 1), min_size=2, max_size=20))
def test_other_random_bits_are_other_ids(numbers):
    assert len({run_id(NOON, number) for number in numbers}) == len(numbers)


@given(some.integers(1, 10**8), some.integers(0, (1 << 20) - 1), some.integers(0, (1 << 20) - 1))
def test_a_later_id_sorts_behind(seconds, first, second):
    assert run_id(NOON, first) < run_id(NOON + datetime.timedelta(seconds=seconds), second)


@pytest.mark.parametrize(
    "text",
    [
        "", "exp", "exp_20261124_120000", "exp_20261124_120000_", "exp_20261124_120000_iiii", "exp_20261124_120000_ABCD",
        "exp_20261124_120000_0000/..", " exp_20261124_120000_0000", "exp_20261124_120000_0000\n", "exp_2026112_120000_0000",
    ],
)  # fmt: skip
def test_nothing_else_is_a_run_id(text):
    assert not is_run_id(text)


def test_ids_within_a_text_become_their_last_parts():
    told = "needs 2 GPUs: GPU0 held by exp_20261124_100240_9h49 (~3m left), exp_x stays"

    assert with_short_ids(told) == "needs 2 GPUs: GPU0 held by 9h49 (~3m left), exp_x stays"


@pytest.mark.parametrize(
    "path",
    [
        "/lab/runs/exp_20261124_120000_9h49", "exp_20261124_120000_9h49/stdout.txt",
        "artifacts/exp_20261124_120000_9h49_artifacts.zip",
    ],
)  # fmt: skip
def test_an_id_in_a_path_stays_whole_for_else_there_is_no_such_file(path):
    assert with_short_ids(f"exp_20261124_120000_9h49: {path}: damaged") == f"9h49: {path}: damaged"
