"""Makes the CSV samples beside this file with the libraries that write such files.

Made with lightning 2.6.6, stable-baselines3 2.9.2 (read back by pandas 3.1.1), keras 3.15.1, all on
torch 2.13.0, and the writer of ultralytics 8.4.190.
Of ultralytics only the method that writes `results.csv` is run, taken out of its source: the rest
needs a build of torchvision and OpenCV that is not worth its size here. Its older table, padded
with spaces, is written here after the source of version 8.0.

    python -m venv /tmp/samples && /tmp/samples/bin/pip install torch lightning stable-baselines3 keras pandas
    /tmp/samples/bin/pip install --no-deps ultralytics
    /tmp/samples/bin/python make_samples.py

Of a file that is written again, each state that somebody could have seen is kept: `lightning/0.csv`,
`lightning/1.csv` and so on. `expected.json` is what the last state holds, as the library reads it
back, or as pandas or `csv.DictReader` do where the library has no reader: metric → step, value and
time of each point, NaN as `null`.
"""

from __future__ import annotations

import ast
import csv
import json
import math
import os
import random
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parent
Points = dict[str, list[list[float | None]]]


class States:
    """Copies of a file as it was at different moments."""

    def __init__(self, name: str) -> None:
        self.folder = HERE / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self._last = b""
        self._count = 0

    def keep(self, path: Path) -> None:
        """Keep it, unless it is as it was before."""
        data = path.read_bytes() if path.exists() else b""
        if data != self._last:
            (self.folder / f"{self._count}.csv").write_bytes(data)
            self._count, self._last = self._count + 1, data


def points_of(rows: list[dict[str, Any]], step: str | None, time: str | None = None) -> Points:
    """What rows as a library reads them say, if `step` is the column of the steps."""
    found: Points = {}
    for place, row in enumerate(rows):
        at = float(place if step is None else row[step])
        when = None if time is None else float(row[time])
        for name, value in row.items():
            if name in (step, time, None) or value in ("", None):
                continue
            number = float(value)
            if not (math.isnan(number) and not isinstance(value, str)):  # how pandas has an empty cell
                found.setdefault(name, []).append([at, None if math.isnan(number) else number, when])
    return found


def read_back(path: Path) -> list[dict[str, Any]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def lightning_sample(work: Path) -> Points:
    import lightning
    import torch
    from lightning.pytorch.loggers import CSVLogger
    from torch.utils.data import DataLoader, TensorDataset

    states = States("lightning")
    logger = CSVLogger(work, name="logs", flush_logs_every_n_steps=3)
    file = Path(logger.log_dir) / "metrics.csv"

    class Model(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, at: int) -> Any:
            loss = ((self.layer(batch[0]) - batch[1]) ** 2).mean()
            self.log("train_loss", loss)
            if self.current_epoch == 1:
                self.log("grad/norm", float(at) if at else math.nan)
            return loss

        def validation_step(self, batch: Any, at: int) -> None:
            self.log("val_loss", ((self.layer(batch[0]) - batch[1]) ** 2).mean())

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.05)

    class Watch(lightning.Callback):
        def on_train_batch_start(self, *_: Any) -> None:
            states.keep(file)

    torch.manual_seed(1)
    data = DataLoader(TensorDataset(torch.randn(24, 4), torch.randn(24, 1)), batch_size=4)
    trainer = lightning.Trainer(
        max_epochs=3, logger=logger, log_every_n_steps=1, callbacks=[Watch()], enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, accelerator="cpu", default_root_dir=work,
    )  # fmt: skip
    trainer.fit(Model(), data, data)
    states.keep(file)
    return points_of(read_back(file), "step")


def sb3_samples(work: Path) -> dict[str, Points]:
    import gymnasium
    import numpy
    import pandas
    from stable_baselines3.common import logger as sb3
    from stable_baselines3.common.monitor import Monitor, load_results

    states = States("sb3_progress")
    logger = sb3.configure(str(work / "progress"), ["csv"])
    file = work / "progress" / "progress.csv"
    rng = random.Random(1)
    for at in range(6):
        logger.record("rollout/ep_rew_mean", numpy.float32(rng.random()))
        logger.record("time/iterations", at + 1, exclude="tensorboard")
        logger.record("time/total_timesteps", 2048 * (at + 1), exclude="tensorboard")
        if at >= 2:
            logger.record("train/loss", rng.random())
        if at == 4:
            logger.record("eval/mean_reward", -3.5)
        logger.dump(step=2048 * (at + 1))
        states.keep(file)
    logger.close()
    progress = points_of(pandas.read_csv(file).to_dict("records"), "time/total_timesteps")

    class Steps(gymnasium.Env[Any, Any]):
        observation_space = gymnasium.spaces.Box(0, 1, (1,))
        action_space = gymnasium.spaces.Discrete(2)

        def reset(self, **_: Any) -> Any:
            self.left = rng.randint(2, 5)
            return numpy.zeros(1, numpy.float32), {}

        def step(self, action: Any) -> Any:
            self.left -= 1
            return (
                numpy.zeros(1, numpy.float32),
                rng.random(),
                self.left == 0,
                False,
                {"won": rng.random() > 0.5},
            )

    monitor = Monitor(Steps(), str(work / "monitor"), info_keywords=("won",))
    for _ in range(8):
        monitor.reset()
        while not monitor.step(0)[2]:
            pass
    monitor.close()
    written = work / "monitor.monitor.csv"
    shutil.copyfile(written, HERE / "sb3_monitor.csv")
    start = json.loads(written.read_text().split("\n")[0][1:])["t_start"]
    rows = load_results(str(work)).to_dict("records")
    kept = [{"r": row["r"], "l": row["l"], "t": start + row["t"]} for row in rows]
    return {"sb3_progress": progress, "sb3_monitor": points_of(kept, None, "t")}


def keras_sample(work: Path) -> dict[str, Points]:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import numpy

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    x = numpy.random.rand(32, 4)
    y = x.sum(axis=1) > 2
    found = {}
    for name, separator in (("keras", ","), ("keras_semicolon", ";")):
        file = HERE / f"{name}.csv"
        file.unlink(missing_ok=True)
        # The second fit goes on in the same file, as a training that was resumed does.
        for first in (0, 3):
            log = keras.callbacks.CSVLogger(str(file), separator=separator, append=first > 0)
            model.fit(
                x, y, epochs=first + 3, initial_epoch=first, validation_split=0.25, callbacks=[log], verbose=0
            )
        with open(file, newline="") as opened:
            found[name] = points_of(list(csv.DictReader(opened, delimiter=separator)), "epoch")
    return found


def ultralytics_samples(work: Path) -> dict[str, Points]:
    import importlib.util

    package = importlib.util.find_spec("ultralytics")
    assert package is not None
    assert package.origin is not None
    source = (Path(package.origin).parent / "engine" / "trainer.py").read_text()
    method = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == "save_metrics"
    )
    place: dict[str, Any] = {"time": SimpleNamespace(time=lambda: clock), "open": open}
    exec(compile(ast.Module([method], []), "save_metrics", "exec"), place)  # the library's own code
    rng = random.Random(1)
    names = ["train/box_loss", "train/cls_loss", "metrics/mAP50(B)", "val/box_loss", "lr/pg0"]
    file = HERE / "ultralytics.csv"
    file.unlink(missing_ok=True)
    old = ["epoch", *names]
    padded = [("%23s," * len(old) % tuple(old)).rstrip(",") + "\n"]
    for epoch in range(5):
        clock = 1000.0 + 7.125 * (epoch + 1)
        values = [rng.random() for _ in names]
        trainer = SimpleNamespace(csv=file, epoch=epoch, train_time_start=1000.0)
        place["save_metrics"](trainer, dict(zip(names, values, strict=True)))
        padded.append(("%23.5g," * len(old) % (epoch + 1, *values)).rstrip(",") + "\n")
    (HERE / "ultralytics_padded.csv").write_text("".join(padded))
    stripped = [
        {key.strip(): value for key, value in row.items()}
        for row in read_back(HERE / "ultralytics_padded.csv")
    ]
    return {
        "ultralytics": points_of(read_back(file), "epoch", "time"),
        "ultralytics_padded": points_of(stripped, "epoch"),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        expected = {
            "lightning": lightning_sample(work),
            **sb3_samples(work),
            **keras_sample(work),
            **ultralytics_samples(work),
        }
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
