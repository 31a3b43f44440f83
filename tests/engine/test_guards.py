"""Nothing starts on a nearly full disk, and whoever waits knows; when it will be full is foretold."""

from __future__ import annotations

import json
import os

import pytest
from mounting import tmpfs

from orp_tui.core.layout import BasePaths
from orp_tui.engine import guards

GIB = 1 << 30


@pytest.fixture
def paths(tmp_path):
    paths = BasePaths.under(tmp_path)
    for folder in (paths.runs, paths.artifacts, paths.state):
        folder.mkdir()
    return paths


def test_there_is_room_unless_more_is_wanted_than_there_is(paths):
    found = os.statvfs(paths.runs)
    total = found.f_blocks * found.f_frsize

    assert guards.low_disk(paths, 0) is None
    assert guards.low_disk(paths, 1) is None
    why = guards.low_disk(paths, total + GIB)
    assert why.startswith("only ")
    assert " free where runs lie; starts wait until there is " in why


def test_folders_that_are_not_there_yet_stop_nothing(tmp_path):
    assert guards.low_disk(BasePaths.under(tmp_path / "nowhere"), None) is None


@pytest.mark.root
def test_the_usual_measure_is_a_share_of_a_small_disk(paths, tmp_path):
    with tmpfs(tmp_path / "small", "10m") as folder:
        small = BasePaths(paths.base, folder, folder, paths.state)
        assert guards.low_disk(small, None) is None
        (folder / "filler").write_bytes(bytes(9_900_000 + 400_000))
        why = guards.low_disk(small, None)
    assert why.endswith("; starts wait until there is 205 KiB"), why


def samples(paths, *items):
    (paths.state / "samples.json").write_text(json.dumps({"samples": list(items)}))


def test_a_forecast_is_of_what_the_active_runs_write(paths):
    samples(
        paths,
        {"at": 1000.0, "free": 5 * GIB, "used": {"a": 0, "b": 7 * GIB, "ended": 0}},
        {"at": 1030.0, "free": 5 * GIB, "used": {"a": GIB, "b": 7 * GIB, "ended": 9 * GIB}},
        {"at": 1060.0, "free": 3 * GIB, "used": {"a": 2 * GIB, "b": 6 * GIB}},
    )

    found = guards.forecast(paths, now=1070.0)

    assert found.full_in_s == pytest.approx(90)
    assert str(found) == "full in ~2m at this rate (2.0 GiB a minute)"


@pytest.mark.parametrize("now", [1000.0, 5000.0])
def test_old_samples_foretell_nothing(paths, now):
    samples(paths, {"at": 1000.0, "free": 1, "used": {"a": 0}}, {"at": 1060.0, "free": 1, "used": {"a": 9}})

    assert (guards.forecast(paths, now=1061.0) is None) is False
    assert guards.forecast(paths, now=now) is None


def test_a_disk_that_fills_up_in_years_is_not_told_of(paths):
    free = 5 * GIB
    samples(
        paths,
        {"at": 1000.0, "free": free, "used": {"a": 0}},
        {"at": 1060.0, "free": free, "used": {"a": 900}},
    )

    assert guards.forecast(paths, now=1061.0) is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"samples": [1]}', '{"samples": [{"at": 1}]}'])
def test_damaged_samples_foretell_nothing(paths, text):
    (paths.state / "samples.json").write_text(text)

    assert guards.forecast(paths) is None


def test_runs_that_do_not_grow_foretell_nothing(paths):
    samples(paths, {"at": 1000.0, "free": 1, "used": {"a": 5}}, {"at": 1060.0, "free": 1, "used": {"a": 5}})

    assert guards.forecast(paths, now=1061.0) is None
