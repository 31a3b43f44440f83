"""The reader of MLflow's database, against what MLflow reads in it, and what else may stand there."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import tracking_databases as db
from read_whole import drain, plain, told

from orp_tui.metrics.readers.database import Unreadable
from orp_tui.metrics.readers.mlflow_sqlite import MlflowSqliteReader, list_runs
from orp_tui.metrics.table import MetricTable

SAMPLES = Path(__file__).parent / "samples" / "mlflow"
LARGEST = 1.7976931348623157e308


def whole(path, run):
    table = MetricTable()
    drain(MlflowSqliteReader(path, run), table)
    return table


def as_mlflow_reads_it(metrics):
    """What `get_metric_history` gave; the infinity is ours, MLflow gives the largest double instead."""
    infinite = {LARGEST: math.inf, -LARGEST: -math.inf}
    return {
        name: sorted(
            (step, told(infinite.get(float(value), float(value))), at / 1000) for step, value, at in points
        )
        for name, points in metrics.items()
    }


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_database_of_mlflows_own_holds_what_mlflow_reads_in_it(name):
    expected = json.loads((SAMPLES / "expected.json").read_text())["database"][name]

    table = whole(SAMPLES / "mlflow.db", expected["run"])

    found = {metric: sorted(points) for metric, points in plain(table).items()}
    assert found == as_mlflow_reads_it(expected["metrics"])
    assert len(found["loss"]) == 64
    assert table.bad == 0


def test_the_runs_of_a_database_are_listed_the_newest_first():
    expected = json.loads((SAMPLES / "expected.json").read_text())["database"]

    runs = list_runs(SAMPLES / "mlflow.db")

    assert [(run.name, run.run, run.started) for run in runs] == [
        ("second", expected["second"]["run"], 1_700_000_000.001),
        ("first", expected["first"]["run"], 1_700_000_000.0),
    ]
    assert [run.name for run in list_runs(SAMPLES / "mlflow.db", since=1_700_000_000.0005)] == ["second"]
    assert list_runs(SAMPLES / "mlflow.db", since=1_800_000_000) == ()


def test_deleted_runs_are_not_listed(tmp_path):
    connection = db.make(tmp_path / "x.db", db.MLFLOW)
    connection.executemany(
        "INSERT INTO runs VALUES (?, ?, ?, ?)",
        [("a", "kept", 5000, "active"), ("b", "gone", 6000, "deleted"), ("c", None, None, "active")],
    )
    connection.close()

    runs = list_runs(tmp_path / "x.db")

    assert [(run.run, run.name, told(run.started)) for run in runs] == [("a", "kept", 5.0), ("c", "", "nan")]


def test_a_database_of_another_program_has_no_runs_of_mlflow(tmp_path):
    db.make(tmp_path / "x.db", db.TRACKIO).close()
    (tmp_path / "text.db").write_text("text " * 9)

    with pytest.raises(Unreadable, match="is no database of MLflow"):
        list_runs(tmp_path / "x.db")
    with pytest.raises(Unreadable, match="is no SQLite database"):
        list_runs(tmp_path / "text.db")
    assert list_runs(tmp_path / "none.db") == ()


def test_rows_that_hold_no_number_are_counted(tmp_path):
    connection = db.make(tmp_path / "x.db", db.MLFLOW)
    for key, value, step, is_nan in [
        ("loss", 1.5, 0, 0), ("loss", "text", 1, 0), (b"\xff\xfe", 1, 2, 0), ("x" * 400, 1, 3, 0), ("loss", 0, 4, 1),
        ("loss", 2, "four", 0), ("loss", "inf", 6, 0),
    ]:  # fmt: skip
        connection.execute("INSERT INTO metrics VALUES (?, ?, 5000, 'a', ?, ?)", (key, value, step, is_nan))
    connection.close()

    table = whole(tmp_path / "x.db", "a")

    assert plain(table) == {"loss": [(0.0, 1.5, 5.0), (4.0, "nan", 5.0), (6.0, math.inf, 5.0)]}
    assert (table.bad, table.first_bad) == (4, "row 2: no number with a name and a step")


def test_a_run_is_read_on_from_every_mark(tmp_path):
    path = tmp_path / "x.db"
    shutil.copy(SAMPLES / "mlflow.db", path)
    run = json.loads((SAMPLES / "expected.json").read_text())["database"]["second"]["run"]
    writer = db.sqlite3.connect(path, isolation_level=None)
    table, mark = MetricTable(), None
    for step in range(100, 120):
        reader = MlflowSqliteReader(path, run, mark=mark)
        drain(reader, table)
        mark = json.loads(json.dumps(reader.mark))
        db.log_mlflow(writer, run, step, 0.5)
        db.log_mlflow(writer, "another", step, 0.5)
    writer.close()
    drain(MlflowSqliteReader(path, run, mark=mark), table)

    assert plain(table) == plain(whole(path, run))
    assert len(plain(table)["loss"]) == 64 + 20
