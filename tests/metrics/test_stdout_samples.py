"""Logs of real trainings and of shapes that are known, each read as was looked over by a person.

`python tests/metrics/test_stdout_samples.py [NAME…]` writes `*.expected.json` anew: look at the change before it is kept.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

import pytest
from read_whole import drain, plain, told

from orp_tui.metrics.readers.stdout import StdoutReader
from orp_tui.metrics.table import MetricTable

FOLDER = Path(__file__).parent / "samples" / "stdout"
SAMPLES = sorted(path.stem for path in FOLDER.glob("*.txt"))
ORACLES = json.loads((FOLDER / "oracles.json").read_text())
NOTHING = ("settings", "typed_noise")
"""What holds no metric."""
WRAPPED = {("lightning_rich", "val_loss")}
"""Names that a terminal's edge has torn from their numbers."""


@pytest.fixture
def utc(monkeypatch):
    """Stamps without a zone are this machine's; the samples are to be read alike everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def read(name: str) -> dict[str, list[list[float | str]]]:
    """Metric → step, value and, where the log tells it, the time."""
    table = MetricTable()
    drain(StdoutReader(FOLDER / f"{name}.txt"), table, final=True)
    return {
        metric: [list(row[: 2 if row[2] == "nan" else 3]) for row in rows]
        for metric, rows in plain(table).items()
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_as_expected(name, utc):
    assert read(name) == json.loads((FOLDER / f"{name}.expected.json").read_text())


@pytest.mark.parametrize("name", [name for name in ORACLES if ORACLES[name]])
def test_a_real_log_gives_what_the_library_itself_measured(name):
    found = read(name)
    for metric, values in ORACLES[name].items():
        if (name, metric) in WRAPPED:
            continue
        seen = [row[1] for row in found[metric]][: len(values)]
        assert seen == pytest.approx(values, rel=2e-3, abs=6e-4), metric


@pytest.mark.parametrize("name", NOTHING)
def test_of_settings_installs_and_tables_nothing_is_read(name):
    assert read(name) == {}


def test_a_bar_over_a_whole_training_gives_a_hundred_points_and_its_last():
    points = read("tqdm_bar")["loss"]

    assert len(points) == 101
    assert points[-1][0] == 250


def test_a_sample_read_byte_by_byte_gives_the_same(tmp_path, utc):
    for name in ("keras_bar", "lightning_tqdm", "sb3"):
        data, path = (FOLDER / f"{name}.txt").read_bytes()[:1500], tmp_path / name
        path.write_bytes(b"")
        reader, grown = StdoutReader(path), MetricTable()
        with open(path, "ab", buffering=0) as file:
            for place in range(len(data)):
                file.write(data[place : place + 1])
                drain(reader, grown)
        whole = MetricTable()
        drain(StdoutReader(path), whole)
        assert plain(grown) == plain(whole), name


@pytest.mark.parametrize("name", ["sb3", "hf_trainer", "nanogpt", "xgboost", "fairseq"])
def test_looks_at_any_moment_change_nothing_in_what_is_read(name, tmp_path, utc):
    """Of logs without bars, whose last state may be told early."""
    data, path = (FOLDER / f"{name}.txt").read_bytes()[:1500], tmp_path / name
    path.write_bytes(b"")
    reader, grown = StdoutReader(path), MetricTable()
    with open(path, "ab", buffering=0) as file:
        for place in range(len(data)):
            file.write(data[place : place + 1])
            drain(reader, grown, final=True)
    whole = MetricTable()
    drain(StdoutReader(path), whole, final=True)

    assert plain(grown) == plain(whole)


@pytest.mark.parametrize("name", SAMPLES)
def test_who_asks_for_near_misses_is_told_the_same_metrics(name):
    missed: list[str] = []
    table = MetricTable()
    drain(
        StdoutReader(FOLDER / f"{name}.txt", missed=lambda piece, why: missed.append(why)), table, final=True
    )
    plainly = MetricTable()
    drain(StdoutReader(FOLDER / f"{name}.txt"), plainly, final=True)

    assert plain(table) == plain(plainly)
    assert all(missed)


@pytest.mark.parametrize("name", ["hf_trainer", "imagenet", "shapes", "sb3", "xgboost"])
def test_no_number_is_made_up_by_cutting_a_log_anywhere(name, tmp_path):
    data = (FOLDER / f"{name}.txt").read_bytes()[:2500]
    written = {
        told(float(word)) for word in re.findall(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|nan", data.decode())
    }
    path = tmp_path / name

    for end in range(0, len(data), 11):
        path.write_bytes(data[:end])
        table = MetricTable()
        drain(StdoutReader(path), table, final=True)
        assert {row[1] for rows in plain(table).values() for row in rows} <= written, end


def write_expected(names: list[str]) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name in names or SAMPLES:
        found = {metric: json.dumps(rows) for metric, rows in read(name).items()}
        lines = ",\n".join(f" {json.dumps(metric)}: {rows}" for metric, rows in found.items())
        (FOLDER / f"{name}.expected.json").write_text("{\n" + lines + "\n}\n" if found else "{}\n")


if __name__ == "__main__":
    write_expected(sys.argv[1:])
