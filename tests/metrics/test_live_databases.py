"""Databases that another process writes to meanwhile: every row comes, once, and nothing is left beside them."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys

import pytest
import tracking_databases as db
from read_whole import drain, plain
from waiting import until

from orp_tui.metrics.readers import new_rows
from orp_tui.metrics.readers.database import LiveDatabase, Unreadable
from orp_tui.metrics.readers.mlflow_sqlite import MlflowSqliteReader
from orp_tui.metrics.readers.trackio import TrackioReader
from orp_tui.metrics.table import MetricTable

READERS = {"mlflow": MlflowSqliteReader, "trackio": TrackioReader}
WAYS = [
    ("mlflow", "delete", "open"),
    ("mlflow", "delete", "held"),
    ("mlflow", "wal", "open"),
    ("mlflow", "truncate", "closed"),
    ("trackio", "wal", "closed"),
    ("trackio", "wal", "held"),
    ("trackio", "persist", "open"),
]


@pytest.mark.parametrize(("kind", "journal", "way"), WAYS)
def test_every_row_of_a_live_writer_comes_once(tmp_path, monkeypatch, kind, journal, way):
    monkeypatch.setattr(new_rows, "SPAN", 7)
    path, rows = tmp_path / "x.db", 120
    command = [sys.executable, db.__file__, str(path), kind, journal, str(rows), way]
    reader, table, looks = READERS[kind](path, "b"), MetricTable(), [0]

    def look() -> bool:
        nonlocal reader
        ended = writer.poll() is not None
        if reader.changed():
            drain(reader, table)
            looks[0] += 1
        reader = READERS[kind](path, "b", mark=reader.mark) if looks[0] % 5 == 0 else reader
        return ended

    with subprocess.Popen(command) as writer:
        until(look, 60, period=0.001)
    assert writer.returncode == 0
    drain(reader, table, final=True)

    assert plain(table) == {"loss": [(step, step / 8, db.START + step) for step in range(rows)]}
    assert looks[0] > 3
    assert table.bad == 0


@pytest.mark.parametrize("kind", ["mlflow", "trackio"])
def test_a_database_that_its_writer_closed_is_read_with_nothing_left_beside_it(tmp_path, kind):
    path = tmp_path / "x.db"
    db.write_on(str(path), kind, "wal", 5, "closed")
    assert os.listdir(tmp_path) == ["x.db"]

    table = MetricTable()
    drain(READERS[kind](path, "a"), table)

    assert len(plain(table)["loss"]) == 5
    assert os.listdir(tmp_path) == ["x.db"]


def test_what_stands_in_a_write_ahead_log_alone_is_read(tmp_path):
    path = tmp_path / "x.db"
    writer = db.make(path, db.TRACKIO, "wal")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    for step in range(3):
        db.log_trackio(writer, "a", step, {"loss": step})
    table = MetricTable()

    drain(TrackioReader(path, "a"), table)

    assert len(plain(table)["loss"]) == 3
    writer.close()


def test_a_writer_that_keeps_the_file_is_waited_for_and_said(tmp_path):
    path = tmp_path / "x.db"
    writer = db.make(path, db.MLFLOW)
    db.log_mlflow(writer, "a", 0, 0.5)
    reader, table = MlflowSqliteReader(path, "a"), MetricTable()
    writer.execute("BEGIN EXCLUSIVE")
    db.log_mlflow(writer, "a", 1, 0.25)

    held = reader.read()
    assert held.trouble.startswith("is held by the program")
    assert reader.changed()

    writer.execute("COMMIT")
    writer.close()
    drain(reader, table)
    assert [value for _, value, _ in plain(table)["loss"]] == [0.5, 0.25]


def test_a_database_is_not_asked_again_while_nothing_is_written(tmp_path):
    path = tmp_path / "x.db"
    reader = MlflowSqliteReader(path, "a")
    assert not reader.changed()
    writer = db.make(path, db.MLFLOW, "wal")
    db.log_mlflow(writer, "a", 0, 0.5)
    assert reader.changed()

    until(lambda: not (reader.read() and reader.changed()), what="quiet")

    db.log_mlflow(writer, "a", 1, 0.5)
    assert reader.changed()
    writer.close()


def test_a_transaction_that_a_killed_writer_left_half_written_is_no_rows_and_said(tmp_path):
    path = tmp_path / "x.db"
    writer = db.make(path, db.MLFLOW)
    db.log_mlflow(writer, "a", 0, 0.5)
    writer.execute("PRAGMA cache_size=1")
    writer.execute("BEGIN")
    for step in range(1, 2000):
        db.log_mlflow(writer, "a", step, 0.5)
    for name in os.listdir(tmp_path):
        shutil.copy(tmp_path / name, tmp_path / name.replace("x.db", "killed.db"))
    writer.execute("ROLLBACK")
    writer.close()

    batch = MlflowSqliteReader(tmp_path / "killed.db", "a").read()

    assert not batch.points
    assert "half written" in batch.trouble


@pytest.mark.parametrize("kind", ["mlflow", "trackio"])
def test_a_database_with_flipped_bits_never_raises(tmp_path, kind):
    path, dice = tmp_path / "x.db", random.Random(5)
    db.write_on(str(path), kind, "delete", 60, "open")
    whole = path.read_bytes()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.choice((1, 4, 64))):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(data[: dice.choice((len(data), dice.randrange(len(data))))])
        table = MetricTable()
        reader = READERS[kind](path, "a")
        for _ in range(60):
            batch = reader.read()
            table.take(batch)
            if not batch.more:
                break
        assert batch.trouble or not batch.more


@pytest.mark.parametrize("kind", ["mlflow", "trackio"])
def test_a_file_that_is_no_database_is_said(tmp_path, kind):
    path = tmp_path / "x.db"
    path.write_bytes(b"loss,step\n" * 100)

    assert READERS[kind](path, "a").read().trouble == "is no SQLite database"

    path.write_bytes(b"")
    assert READERS[kind](path, "a").read().trouble == ""


def test_a_view_in_the_place_of_the_table_is_not_looked_into(tmp_path):
    connection = db.make(tmp_path / "x.db", "")
    connection.execute(
        "CREATE VIEW metrics AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) "
        "SELECT x AS key, x AS value, x AS timestamp, x AS step, x AS is_nan, x AS run_uuid FROM n"
    )
    connection.close()

    assert MlflowSqliteReader(tmp_path / "x.db", "a").read().trouble == "holds no such table of metrics"


def test_a_question_without_end_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("orp_tui.metrics.readers.database.MOST_SECONDS", 0.05)
    db.make(tmp_path / "x.db", db.MLFLOW).close()

    with pytest.raises(Unreadable, match="to answer"):
        LiveDatabase(tmp_path / "x.db").ask(
            lambda connection: connection.execute(
                "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT max(x) FROM n"
            ).fetchone()
        )


def test_only_regular_files_are_opened_those_beside_the_database_too(tmp_path):
    db.write_on(str(tmp_path / "x.db"), "mlflow", "wal", 3, "open")
    (tmp_path / "link.db").symlink_to("x.db")
    os.mkfifo(tmp_path / "pipe.db")
    shutil.copy(tmp_path / "x.db", tmp_path / "log.db")
    os.mkfifo(tmp_path / "log.db-wal")

    said = {name: MlflowSqliteReader(tmp_path / name, "a").read().trouble for name in os.listdir(tmp_path)}

    assert said["link.db"] == "is a link, which is not followed"
    assert said["pipe.db"] == "is no regular file"
    assert said["log.db"] == "has beside it what is no regular file"
    assert said["x.db"] == ""
    assert MlflowSqliteReader(tmp_path / "link.db", "a", follow_links=True).read().points


@pytest.mark.parametrize(
    "damage", [None, {}, {"last": "x"}, {"last": 10**30, "last_print": "", "own": 0, "own_print": ""}]
)
def test_a_damaged_mark_means_from_the_beginning(tmp_path, damage):
    db.write_on(str(tmp_path / "x.db"), "mlflow", "delete", 3, "open")
    table = MetricTable()

    drain(MlflowSqliteReader(tmp_path / "x.db", "a", mark=damage), table)

    assert len(plain(table)["loss"]) == 3


def _migrate(connection: sqlite3.Connection) -> None:
    """As a migration does that gives the table another column."""
    connection.execute("DELETE FROM metrics WHERE run_uuid = 'other'")
    connection.execute("CREATE TABLE new AS SELECT *, 0 AS more FROM metrics")
    connection.execute("DROP TABLE metrics")
    connection.execute("ALTER TABLE new RENAME TO metrics")


def _rename(connection: sqlite3.Connection) -> None:
    """As a program does that moves a run: its rows are written anew, another run's stay the last but those."""
    rows = connection.execute(
        "SELECT key, value, timestamp, step FROM metrics WHERE run_uuid = 'a'"
    ).fetchall()
    connection.execute("DELETE FROM metrics WHERE run_uuid = 'a'")
    for key, value, timestamp, step in rows:
        connection.execute("INSERT INTO metrics VALUES (?, ?, ?, 'a', ?, 0)", (key, value, timestamp, step))


@pytest.mark.parametrize("change", [_migrate, _rename])
def test_rows_with_new_numbers_are_read_anew_and_not_twice(tmp_path, change):
    path = tmp_path / "x.db"
    writer = db.make(path, db.MLFLOW)
    for step in range(5):
        for run in ("other", "a", "b"):
            db.log_mlflow(writer, run, step, step / 8)
    reader, table = MlflowSqliteReader(path, "a"), MetricTable()
    drain(reader, table)

    change(writer)
    db.log_mlflow(writer, "a", 5, 5 / 8)
    batch = reader.read()
    table.take(batch)

    assert batch.restarted in ("truncated", "rewritten")
    assert [value for _, value, _ in plain(table)["loss"]] == [step / 8 for step in range(6)]
    writer.close()


def test_a_database_that_was_replaced_is_read_anew(tmp_path):
    path, other = tmp_path / "x.db", tmp_path / "y.db"
    db.write_on(str(path), "mlflow", "delete", 9, "open")
    reader, table = MlflowSqliteReader(path, "a"), MetricTable()
    drain(reader, table)

    connection = db.make(other, db.MLFLOW)
    db.log_mlflow(connection, "a", 77, 7.5)
    connection.close()
    os.replace(other, path)
    batch = reader.read()
    table.take(batch)

    assert batch.restarted == "truncated"
    assert plain(table) == {"loss": [(77.0, 7.5, db.START + 77)]}


def test_a_table_that_was_emptied_is_forgotten(tmp_path):
    path = tmp_path / "x.db"
    writer = db.make(path, db.MLFLOW)
    db.log_mlflow(writer, "a", 0, 1.0)
    reader, table = MlflowSqliteReader(path, "a"), MetricTable()
    drain(reader, table)

    writer.execute("DELETE FROM metrics")
    writer.close()
    batch = reader.read()
    table.take(batch)

    assert batch.restarted == "truncated"
    assert plain(table) == {}


def test_rows_with_wide_gaps_and_numbers_below_zero_all_come(tmp_path):
    path = tmp_path / "x.db"
    writer = db.make(path, db.MLFLOW)
    numbers = [-(1 << 62), -5, 0, 7, 1 << 40, (1 << 63) - 1]
    for step, rowid in enumerate(numbers):
        writer.execute(
            "INSERT INTO metrics (rowid, key, value, timestamp, run_uuid, step) VALUES (?, 'x', 1, 0, 'a', ?)",
            (rowid, step),
        )
    writer.close()
    table = MetricTable()

    drain(MlflowSqliteReader(path, "a"), table)

    assert [step for step, _, _ in plain(table)["x"]] == list(range(len(numbers)))


def test_a_read_takes_so_many_bytes_and_says_that_there_is_more(tmp_path, monkeypatch):
    monkeypatch.setattr(new_rows, "MOST_BYTES", 100)
    path = tmp_path / "x.db"
    db.write_on(str(path), "trackio", "delete", 50, "open")
    reader, table = TrackioReader(path, "a"), MetricTable()

    first = reader.read()
    table.take(first)
    drain(reader, table)

    assert first.more
    assert len(first.points["loss"]) < 10
    assert [step for step, _, _ in plain(table)["loss"]] == list(range(50))


def test_a_cell_too_long_to_be_a_metric_is_passed_over_and_named(tmp_path):
    path = tmp_path / "x.db"
    writer = db.make(path, db.TRACKIO)
    for step, cell in enumerate(
        ({"loss": 1}, {"note": "x" * (2 << 20)}, {"loss": 3}, {"note": "y" * (2 << 20)})
    ):
        db.log_trackio(writer, "a", step, cell)
    writer.close()
    reader, table = TrackioReader(path, "a"), MetricTable()

    drain(reader, table)

    assert [step for step, _, _ in plain(table)["loss"]] == [0.0, 2.0]
    assert (table.bad, table.first_bad) == (2, "row 2: too long")
    assert not reader.read().points


def test_two_threads_look_at_one_database_and_both_see_all(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    path = tmp_path / "x.db"
    db.write_on(str(path), "mlflow", "delete", 200, "open")

    def count(run: str) -> int:
        table = MetricTable()
        drain(MlflowSqliteReader(path, run), table)
        return len(plain(table)["loss"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, "abab")) == [200] * 4


def test_an_answer_during_which_the_file_was_written_is_asked_for_again(tmp_path):
    path, answers = tmp_path / "x.db", []
    db.write_on(str(path), "trackio", "wal", 3, "closed")

    def question(connection: sqlite3.Connection) -> int:
        if not answers:
            writer = sqlite3.connect(path, isolation_level=None)
            db.log_trackio(writer, "a", 3, {"loss": 3})
            writer.close()
        answers.append(connection.execute("SELECT count(*) FROM metrics").fetchone()[0])
        return answers[-1]

    assert LiveDatabase(path).ask(question) == 7
    assert len(answers) == 2


def test_an_answer_is_asked_for_once_where_nobody_writes(tmp_path):
    path, answers = tmp_path / "x.db", []
    db.write_on(str(path), "trackio", "wal", 3, "closed")

    LiveDatabase(path).ask(lambda connection: answers.append(1))

    assert len(answers) == 1


def test_a_database_that_vanishes_during_a_look_is_said_and_not_raised(tmp_path, monkeypatch):
    path = tmp_path / "x.db"
    db.write_on(str(path), "mlflow", "delete", 3, "open")
    look = LiveDatabase._check_files
    monkeypatch.setattr(LiveDatabase, "_check_files", lambda self: (os.unlink(self.path), look(self)))

    assert MlflowSqliteReader(path, "a").read().trouble == "cannot be read: No such file or directory"
