"""Makes the samples beside this file with W&B in offline mode.

Made with wandb 0.31.0.

    python -m venv /tmp/samples && /tmp/samples/bin/pip install wandb numpy
    /tmp/samples/bin/python make_samples.py

`train.wandb` is a run that ended, with names of several parts, values that are no numbers or no
finite ones, rows of several calls, a step that is left out, and samples of the machine.
`killed.wandb` is a run whose process and W&B's own were killed while they wrote.
`expected.json` has of each what `wandb leet inspect --json` reads, as it is said there.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
QUIET = {
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_HOST": "host",
    "WANDB_USERNAME": "user",
    "WANDB_USER_EMAIL": "user",
    "WANDB_PROGRAM": "train.py",
    "WANDB_ENTITY": "entity",
}


def settings(**more: Any) -> Any:
    """Nothing of this machine in the file."""
    import wandb

    return wandb.Settings(x_disable_meta=True, host="host", **more)


def train() -> None:
    """A run of a few seconds, so that the machine is measured some times."""
    import numpy as np
    import wandb

    run = wandb.init(project="samples", name="train", settings=settings(x_stats_sampling_interval=1.0))
    run.config.update({"lr": 0.1})
    for step in range(90):
        row: dict[str, Any] = {"loss": math.exp(-step / 30), "train/lr": 1e-4 * step}
        if step % 10 == 0:
            row |= {"val": {"acc": step / 90, "deep": {"er": -step}}, "epoch": step // 10}
        if step in (50, 51, 52):
            row["loss"] = (math.nan, math.inf, -math.inf)[step - 50]
        if step % 40 == 0:
            row |= {
                "weights": wandb.Histogram(np.arange(30.0)),
                "note": "text",
                "flag": True,
                "list": [1, 2],
                "numpy": np.float32(0.1),
                "big": 2**60 + 1,
                "dots.in.name": 1e-300,
                "näme with spaces": 0.25,
            }
        run.log(row)
        if step % 30 == 29:
            time.sleep(1.1)
    run.log({"late": 1}, step=400)
    run.log({"of two calls": 1}, step=500, commit=False)
    run.log({"the second": 2}, step=500)
    run.log({"page": wandb.Html("<b>text</b>"), "beside": 5}, step=501)
    run.finish()


def long() -> None:
    """A run with rows over several blocks that goes on until it is killed."""
    import wandb

    run = wandb.init(project="samples", name="killed", settings=settings(x_disable_stats=True))
    for step in range(220):
        run.log({"loss": 1 / (step + 1), "note": "x" * 9})
        time.sleep(0.01)
    print("logged", flush=True)
    time.sleep(600)


def run_of(name: str, folder: Path, *, kill: bool = False) -> Path:
    """The file of a run of this script's `name`, which is killed with all its helpers once it has logged."""
    environment = os.environ | QUIET | {"WANDB_DIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, __file__, name],
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=folder,
    )
    if kill:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    return path


def inspected(path: Path) -> list[Any]:
    """What W&B's own reader says of the numbers in a file: of each record its kind, time, step and values."""
    tool = Path(sys.executable).parent / "wandb"
    found = subprocess.run(
        [tool, "leet", "inspect", "--json", path], capture_output=True, text=True, check=False
    )
    records = [json.loads(line) for line in found.stdout.splitlines()]
    return [
        {"type": record["type"], **record[record["type"]]}
        for record in records
        if record["type"] in ("history", "stats")
    ]


def main() -> None:
    expected = {}
    for name in ("train", "long"):
        with tempfile.TemporaryDirectory() as folder:
            path = run_of(name, Path(folder), kill=name == "long")
            kept = HERE / ("killed.wandb" if name == "long" else "train.wandb")
            shutil.copyfile(path, kept)
            expected[kept.name] = inspected(kept)
    (HERE / "expected.json").write_text(
        json.dumps(expected, separators=(",", ":")).replace('{"type"', '\n{"type"') + "\n"
    )


if __name__ == "__main__":
    {"train": train, "long": long}[sys.argv[1]]() if sys.argv[1:] else main()
