"""Runs in MLflow's own database, made and listed with the Python in which MLflow is installed.

`python mlflow_runs.py fill FILE COUNT` makes the database through MLflow and puts runs into its tables;
`python mlflow_runs.py list FILE` asks for the newest 50 as `mlflow runs list` and its page do, for those a filter
finds, best first, and prints how many milliseconds each took.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sqlite3
import sys
import time
import uuid

FILTER = "metrics.val_acc > 0.8 and params.optimizer = 'adam'"
_ROWS = {
    "runs": ("run_uuid", "name", "source_type", "user_id", "status", "start_time", "end_time", "lifecycle_stage", "artifact_uri", "experiment_id"),
    "latest_metrics": ("key", "value", "timestamp", "step", "is_nan", "run_uuid"),
    "metrics": ("key", "value", "timestamp", "step", "is_nan", "run_uuid"),
    "params": ("key", "value", "run_uuid"),
    "tags": ("key", "value", "run_uuid"),
}  # fmt: skip


def fill(path: str, count: int) -> None:
    """Each run with five metrics, fourteen parameters and a name, as the runs of ORP have."""
    _client(path).search_experiments()  # makes the tables
    connection = sqlite3.connect(path)
    for number in range(count):
        for table, row in _rows(number):
            names = _ROWS[table]
            marks = ", ".join("?" * len(names))
            connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", row)
    connection.commit()


def _rows(number: int):
    run, at = uuid.UUID(int=number).hex, 1_790_000_000_000 + number * 1000
    yield "runs", (run, f"run-{number}", "LOCAL", "ada", "FINISHED", at, at + 500, "active", f"/tmp/{run}", 0)
    yield "tags", ("mlflow.runName", f"run-{number}", run)
    for place, name in enumerate(("train_loss", "val_loss", "val_acc", "lr", "epoch_seconds")):
        value = (number * 7919 % 1000) / 1000 + place * 0.01
        for table in ("metrics", "latest_metrics"):
            yield table, (name, value, at, 1100, 0, run)
    for place in range(13):
        yield "params", (f"key_{place}", str(number % (place + 2)), run)
    yield "params", ("optimizer", ("adam", "adamw", "sgd")[number % 3], run)


def listing(path: str) -> None:
    """Once to warm up, then three times each."""
    client = _client(path)
    for name, question in (
        ("newest", {"order_by": ["attributes.start_time DESC"]}),
        ("best", {"filter_string": FILTER, "order_by": ["metrics.val_acc DESC"]}),
    ):
        for number in range(4):
            begun = time.perf_counter()
            found = client.search_runs(["0"], max_results=50, **question)
            took = (time.perf_counter() - begun) * 1000
            assert len(found) > 0
            if number:
                print(name, took)


def _client(path: str):
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stderr(io.StringIO()):
        from mlflow.tracking import MlflowClient

        return MlflowClient(tracking_uri=f"sqlite:///{path}")


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(sys.argv[2], int(sys.argv[3]))
    else:
        listing(sys.argv[2])
