"""Makes the samples beside this file with MLflow: one run in its file store, two runs in its SQLite database.

Made with mlflow 3.17.2.

    python -m venv /tmp/samples && /tmp/samples/bin/pip install mlflow
    /tmp/samples/bin/python make_samples.py

`run/` is a run folder of the file store with nothing but its metrics. `mlflow.db` is the database,
without where its artifacts are, and with its tables of runs and metrics alone: the others make up most of it. `expected.json`
has of each what `MlflowClient.get_metric_history` reads.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

os.environ |= {"MLFLOW_ALLOW_FILE_STORE": "true", "LOGNAME": "user", "MLFLOW_DISABLE_TELEMETRY": "true"}
HERE = Path(__file__).parent
START_MS = 1_700_000_000_000


def log(client: Any, run_id: str, shift: float) -> None:
    """Metrics one by one and in batches, with sub-folders in their names, steps that go back, and no finite values."""
    from mlflow.entities import Metric

    for step in range(60):
        at = START_MS + 1000 * step
        client.log_metric(run_id, "loss", math.exp(-step / 20) + shift, at, step)
        if step % 20 == 0:
            batch = [
                Metric(name, step / 60, at, step) for name in ("val/acc", "val/deep/f1", "with space.dot-x")
            ]
            client.log_batch(run_id, metrics=batch)
    for step, value in ((60, math.nan), (61, math.inf), (62, -math.inf), (61, 0.5)):
        client.log_metric(run_id, "loss", value, START_MS + 1000 * step, step)
    client.log_metric(run_id, "val/acc", 1e-300, START_MS, -5)


def history(client: Any, run_id: str) -> dict[str, Any]:
    """Metric → step, value and milliseconds of each of its points."""
    return {
        key: [
            [point.step, told(point.value), point.timestamp]
            for point in client.get_metric_history(run_id, key)
        ]
        for key in sorted(client.get_run(run_id).data.metrics)
    }


def told(value: float) -> float | str:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else str(value)


def files(folder: Path) -> dict[str, Any]:
    from mlflow import MlflowClient

    client = MlflowClient(f"file://{folder}/mlruns")
    run_id = client.create_run(client.create_experiment("samples"), run_name="sample").info.run_id
    log(client, run_id, 0)
    (found,) = folder.glob(f"mlruns/*/{run_id}")
    shutil.rmtree(HERE / "run", ignore_errors=True)
    shutil.copytree(found / "metrics", HERE / "run" / "metrics")
    return history(client, run_id)


def database(folder: Path) -> dict[str, Any]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.create_experiment("samples", artifact_location="artifacts")
    found = {}
    for shift, name in enumerate(("first", "second")):
        run_id = client.create_run(experiment, run_name=name, start_time=START_MS + shift).info.run_id
        log(client, run_id, shift)
        found[name] = {"run": run_id, "metrics": history(client, run_id)}
    shutil.copyfile(folder / "mlflow.db", HERE / "mlflow.db")
    connection = sqlite3.connect(HERE / "mlflow.db", isolation_level=None)
    connection.execute("PRAGMA foreign_keys=OFF")
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table not in ("runs", "metrics", "latest_metrics"):
            connection.execute(f'DROP TABLE "{table}"')
    connection.execute("UPDATE runs SET artifact_uri = ''")
    connection.execute("VACUUM")
    connection.close()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        expected = {"files": files(Path(folder)), "database": database(Path(folder))}
    (HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
