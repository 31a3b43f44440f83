"""Databases as MLflow and trackio lay them out, written with plain SQLite; run as a script it writes on and on."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from pathlib import Path

MLFLOW = """
    CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), start_time BIGINT,
                       lifecycle_stage VARCHAR(20));
    CREATE TABLE metrics (
        key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
        step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
        CONSTRAINT metric_pk PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan)
    );
    CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
"""
TRACKIO = """
    CREATE TABLE metrics (
        id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL,
        run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL
    );
    CREATE INDEX idx_metrics_run_step ON metrics(run_id, step);
    CREATE INDEX idx_metrics_run_timestamp ON metrics(run_id, timestamp);
"""
TRACKIO_WITHOUT_IDS = """
    CREATE TABLE metrics (
        id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, run_name TEXT NOT NULL,
        step INTEGER NOT NULL, metrics TEXT NOT NULL
    );
"""
SCHEMAS = {"mlflow": MLFLOW, "trackio": TRACKIO}
START = 1_700_000_000


def make(path: Path, schema: str, journal: str = "delete") -> sqlite3.Connection:
    """A new database, and the connection that made it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("PRAGMA synchronous=OFF")
    connection.executescript(schema)
    return connection


def log_mlflow(connection: sqlite3.Connection, run: str, step: int, value: float, key: str = "loss") -> None:
    connection.execute(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
        (key, value, (START + step) * 1000, run, step),
    )


def log_trackio(connection: sqlite3.Connection, run: str, step: int, cell: object) -> None:
    """`cell` is written as it is if it is bytes or text, else as JSON in bytes."""
    if not isinstance(cell, str | bytes):
        cell = json.dumps(cell).encode()
    moment = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(START + step))
    connection.execute(
        "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)",
        (run, moment, f"name of {run}", step, cell),
    )


def write_on(path: str, kind: str, journal: str, rows: int, way: str) -> None:
    """Write the steps from 0 on for two runs in turn, `way` being one that holds on to the file or lets it go.

    `open`: one connection all the time. `closed`: a new one for each step. `held`: some transactions
    keep the file to themselves for longer than a reader waits.
    """
    dice = random.Random(0)
    connection = make(Path(path), SCHEMAS[kind], journal)
    for step in range(rows):
        if way == "closed":
            connection.close()
            connection = sqlite3.connect(path, isolation_level=None, timeout=60)
            connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("PRAGMA busy_timeout=60000")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN EXCLUSIVE" if way == "held" else "BEGIN IMMEDIATE")
        for run in ("a", "b"):
            if kind == "mlflow":
                log_mlflow(connection, run, step, step / 8)
            else:
                log_trackio(connection, run, step, {"loss": step / 8})
        if way == "held" and step % 20 == 10:
            time.sleep(0.3)
        connection.execute("COMMIT")
        if dice.random() < 0.05:
            time.sleep(0.02)
    connection.close()


if __name__ == "__main__":
    write_on(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
