"""Makes the samples beside this file with trackio: two runs in the database of one project.

Made with trackio 0.43.0.

    python -m venv /tmp/samples && /tmp/samples/bin/pip install trackio
    /tmp/samples/bin/python make_samples.py

`samples.db` has but the tables that these fill. `expected.json` has of each run what trackio's own storage reads.
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

HERE = Path(__file__).parent


def train(name: str, shift: float) -> str:
    """Log a run, and give its id."""
    import trackio

    run = trackio.init("samples", name=name, embed=False, auto_log_gpu=False, auto_log_cpu=False)
    for step in range(80):
        row: dict[str, Any] = {"loss": math.exp(-step / 20) + shift, "train/lr": 1e-4 * step}
        if step % 10 == 0:
            row |= {
                "val": {"acc": step / 80, "deep": {"er": -step}},
                "epoch": step // 10,
                "note": "text",
                "ok": True,
            }
        if step in (20, 21, 22):
            row["loss"] = (math.nan, math.inf, -math.inf)[step - 20]
        trackio.log(row)
    trackio.log({"late": 1}, step=400)
    trackio.log({"again": 2}, step=7)
    trackio.log({"table": trackio.Histogram([1, 2, 3]), "dots.in.name": 1e-300, "näme": 2**60 + 1})
    trackio.finish()
    return str(run.id)


def slim(path: Path) -> None:
    """Without the tables that are empty, which make up most of the file."""
    connection = sqlite3.connect(path, isolation_level=None)
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table not in ("metrics", "configs", "sqlite_sequence"):
            connection.execute(f'DROP TABLE "{table}"')
    connection.execute("VACUUM")
    connection.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TRACKIO_DIR": folder, "HF_HUB_OFFLINE": "1", "HF_HOME": folder}
        runs = {name: train(name, shift) for shift, name in enumerate(("first", "second"))}
        from trackio.sqlite_storage import SQLiteStorage

        expected = {
            name: {"run": run_id, "rows": SQLiteStorage.get_logs("samples", name, run_id=run_id)}
            for name, run_id in runs.items()
        }
        shutil.copyfile(Path(folder) / "samples.db", HERE / "samples.db")
        slim(HERE / "samples.db")
    (HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
