"""The reader of trackio's databases, against what trackio reads in them, and what else may stand there."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path

import pytest
import tracking_databases as db
from read_whole import drain, plain, told

from orp_tui.metrics.readers.database import Unreadable
from orp_tui.metrics.readers.trackio import TrackioReader, list_runs
from orp_tui.metrics.table import MetricTable

SAMPLES = Path(__file__).parent / "samples" / "trackio"


def whole(path, run):
    table = MetricTable()
    drain(TrackioReader(path, run), table)
    return table


def numbers(name, value):
    """The numbers that a value of trackio's holds, with their names."""
    if isinstance(value, dict):
        if "_type" not in value:
            for inner, part in value.items():
                yield from numbers(f"{name}/{inner}", part)
    elif type(value) in (int, float):
        yield name, float(value)


def as_trackio_reads_it(rows):
    found = {}
    for row in rows:
        step, time = row.pop("step"), datetime.fromisoformat(row.pop("timestamp")).timestamp()
        for name, value in row.items():
            for full_name, number in numbers(name, value):
                found.setdefault(full_name, []).append((step, told(number), time))
    return found


@pytest.mark.parametrize("name", ["first", "second"])
@pytest.mark.parametrize("by", ["run", "name"])
def test_a_database_of_trackios_own_holds_what_trackio_reads_in_it(name, by):
    expected = json.loads((SAMPLES / "expected.json").read_text())[name]

    table = whole(SAMPLES / "samples.db", expected["run"] if by == "run" else name)

    found = plain(table)
    assert found == as_trackio_reads_it(expected["rows"])
    assert set(found) == {
        "loss", "train/lr", "val/acc", "val/deep/er", "epoch", "late", "again", "dots.in.name", "näme",
    }  # fmt: skip
    assert [value for _, value, _ in found["loss"]][20:23] == ["nan", math.inf, -math.inf]
    assert table.bad == 0


def test_the_runs_of_a_database_are_listed_the_newest_first():
    expected = json.loads((SAMPLES / "expected.json").read_text())

    runs = list_runs(SAMPLES / "samples.db")

    assert [(run.name, run.run) for run in runs] == [
        (name, expected[name]["run"]) for name in ("second", "first")
    ]
    first_row = datetime.fromisoformat(expected["first"]["rows"][0]["timestamp"]).timestamp()
    assert runs[1].started == first_row
    assert [run.name for run in list_runs(SAMPLES / "samples.db", since=first_row + 0.001)] == ["second"]


def test_a_database_from_before_run_ids_is_read_by_names(tmp_path):
    connection = db.make(tmp_path / "x.db", db.TRACKIO_WITHOUT_IDS)
    for step in range(3):
        for run in ("a", "b"):
            connection.execute(
                "INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)",
                (f"2026-01-01T00:00:0{step}", run, step, json.dumps({"loss": step})),
            )
    connection.close()

    assert [(run.run, run.name, run.started) for run in list_runs(tmp_path / "x.db")] == [
        ("a", "a", 1767225600.0),
        ("b", "b", 1767225600.0),
    ]
    assert plain(whole(tmp_path / "x.db", "b")) == {
        "loss": [(step, step, 1767225600.0 + step) for step in range(3)]
    }


def test_a_database_of_another_program_has_no_runs_of_trackio(tmp_path):
    db.make(tmp_path / "x.db", db.MLFLOW).close()

    with pytest.raises(Unreadable, match="is no database of trackio"):
        list_runs(tmp_path / "x.db")
    assert list_runs(tmp_path / "none.db") == ()


def test_rows_that_hold_no_object_are_counted(tmp_path):
    connection = db.make(tmp_path / "x.db", db.TRACKIO)
    cells = [
        {"loss": 1},
        b"{",
        "[1]",
        b"\xff\xfe",
        '{"loss": NaN, "acc": "Infinity"}',
        '{"a":' * 5000,
        7,
        "{}",
    ]
    for step, cell in enumerate(cells):
        db.log_trackio(connection, "a", step, cell)
    connection.execute("INSERT INTO metrics VALUES (99, 'a', 'no time', 'a', 'no step', '{}')")
    connection.execute("INSERT INTO metrics VALUES (100, 'a', 'no time', 'a', 5, '{\"loss\": 3}')")
    connection.close()

    table = whole(tmp_path / "x.db", "a")

    assert plain(table) == {
        "loss": [(0.0, 1.0, db.START), (4.0, "nan", db.START + 4), (5.0, 3.0, "nan")],
        "acc": [(4.0, math.inf, db.START + 4)],
    }
    assert (table.bad, table.first_bad) == (6, "row 2: no JSON object with a step")
