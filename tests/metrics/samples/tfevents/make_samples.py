r"""Makes the event files beside it with the real libraries, and `expected.json` with what TensorBoard reads back.

    python -m venv V && V/bin/pip install torch==2.13.0 tensorboardX==2.6.5 tensorboard==2.21.0 \
        lightning==2.6.6 transformers==5.24.0 accelerate==1.15.0
    V/bin/python make_samples.py
    python -m venv T && T/bin/pip install tensorflow-cpu==2.21.0 keras==3.15.1 tensorboard==2.21.0
    T/bin/python make_samples.py keras_fit tf_summary

A library that is not installed leaves its folders as they are. Names of event files tell host and process:
they are given plain ones.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
START = 1_700_000_000.0
SAMPLES: dict[str, Callable[[Path], None]] = {}
NEEDS: dict[str, str] = {}


def sample(needs: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Registers what fills the folder of its name."""

    def register(make: Callable[[Path], None]) -> Callable[[Path], None]:
        SAMPLES[make.__name__] = make
        NEEDS[make.__name__] = needs
        return make

    return register


def loss(step: int) -> float:
    return 2.0 / (1 + step / 7)


@sample("torch")
def torch_writer(folder: Path) -> None:
    """What the tutorials show: scalars among everything else, sub-folders for groups and for hparams."""
    import numpy as np
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder))
    for step in range(120):
        wall = START + step * 0.5
        writer.add_scalar("train/loss", loss(step), step, walltime=wall)
        writer.add_scalar("lr", 1e-3 * 0.99**step, step, walltime=wall)
        if step % 10 == 0:
            writer.add_scalar(
                "val/loss", float("nan") if step == 50 else loss(step) * 1.1, step, walltime=wall
            )
            writer.add_scalars("both", {"a": step, "b": -step}, step, walltime=wall)
    writer.add_scalar("grad_norm", float("inf"), 7, walltime=START)
    writer.add_scalar("before", 1.5, -3, walltime=START)
    writer.add_scalar("before", 2.5, -(2**40), walltime=START)
    writer.add_scalar("far", 3.5, 2**53, walltime=START)
    writer.add_scalar("métrique/损失", 0.25, 1, walltime=START)
    writer.add_scalar("new", 0.1, 1, walltime=START, new_style=True)
    writer.add_scalar("new", 0.2, 2, walltime=START, new_style=True)
    writer.add_scalar("double", 0.1, 1, walltime=START, new_style=True, double_precision=True)
    writer.add_scalar("double", 1e300, 2, walltime=START, new_style=True, double_precision=True)
    writer.add_histogram("weights", np.linspace(-1, 1, 50), 1, walltime=START)
    writer.add_text("note", "train/loss: 3", 1, walltime=START)
    writer.add_image("picture", np.zeros((3, 4, 4), np.uint8), 1, walltime=START)
    writer.add_pr_curve("pr", np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.6, 0.4]), 1, walltime=START)
    writer.add_custom_scalars({"page": {"losses": ["Multiline", ["train/loss", "val/loss"]]}})
    writer.add_hparams({"lr": 0.1, "bsize": 4}, {"hparam/accuracy": 10.5}, run_name="trial")
    writer.close()


@sample("tensorboardX")
def tensorboardx_writer(folder: Path) -> None:
    """The other writer, with its own protobuf."""
    import numpy as np
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(folder))
    for step in range(100):
        writer.add_scalar("loss", loss(step), step, walltime=START + step)
        writer.add_scalar("acc", step / 100, step, walltime=START + step)
    writer.add_scalar("loss", float("-inf"), 100, walltime=START + 100)
    writer.add_scalar("without/step", 4.0, walltime=START)
    writer.add_scalars("data/group", {"sin": 0.5, "cos": 0.25}, 1, walltime=START)
    writer.add_histogram("h", np.arange(20), 1, walltime=START)
    writer.add_text("note", "hello", 1, walltime=START)
    writer.close()


@sample("torch")
def restarted(folder: Path) -> None:
    """A training that crashed and went on from step 40 in the same folder; TensorBoard shows both."""
    from torch.utils.tensorboard import SummaryWriter

    for start, end, wall in ((0, 60, START), (40, 90, START + 1000)):
        writer = SummaryWriter(str(folder))
        for step in range(start, end):
            writer.add_scalar("loss", loss(step) + wall - START, step, walltime=wall + step)
        writer.close()
        plain_names(folder)


@sample("torch")
def purged(folder: Path) -> None:
    """The same, and the second writer says from which step on the first is void; a third one too."""
    from torch.utils.tensorboard import SummaryWriter

    for start, end, wall in ((0, 60, START), (40, 50, START + 1000), (45, 70, START + 2000)):
        writer = SummaryWriter(str(folder), purge_step=start)
        for step in range(start, end):
            writer.add_scalar("loss", loss(step) + wall - START, step, walltime=wall + step)
            if step % 4 == 0:
                writer.add_scalar("val", float(step), step, walltime=wall + step)
        writer.close()
        plain_names(folder)


@sample("tensorboard")
def tensors(folder: Path) -> None:
    """Every type of number as a tensor, as content and as values, beside tensors that are no scalars."""
    import numpy as np
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    writer = EventFileWriter(str(folder))

    def add(tag: str, tensor: Any, step: int, plugin: str = "scalars") -> None:
        value = summary_pb2.Summary.Value(tag=tag, tensor=tensor)
        value.metadata.plugin_data.plugin_name = plugin
        summary = summary_pb2.Summary(value=[value])
        writer.add_event(event_pb2.Event(wall_time=START + step, step=step, summary=summary))

    numbers = [0, 1, -2, 3.75, 100]
    types = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16")
    for step, number in enumerate(numbers):
        for name in types:
            if name.startswith("u") and number < 0:
                continue
            add(f"values/{name}", make_tensor_proto(np.asarray(number).astype(name)), step)
        for name in ("float32", "float64", "int8", "int16", "int32", "int64", "uint8"):
            array = np.asarray(abs(number)).astype(name)
            kind = getattr(
                types_pb2, "DT_" + name.upper().replace("FLOAT32", "FLOAT").replace("FLOAT64", "DOUBLE")
            )
            tensor = tensor_pb2.TensorProto(dtype=kind, tensor_content=array.tobytes())
            tensor.tensor_shape.SetInParent()
            add(f"content/{name}", tensor, step)
        one = make_tensor_proto(np.full((1, 1), number, np.float32))
        add("values/of_one", one, step)
        add("no/vector", make_tensor_proto(np.arange(3, dtype=np.float32)), step, "mine")
        add("no/histogram", make_tensor_proto(np.zeros((2, 3))), step, "histograms")
        add("no/empty", make_tensor_proto(np.zeros((0, 3))), step, "histograms")
        add("no/text", make_tensor_proto("0.5"), step, "text")
    several = summary_pb2.Summary(
        value=[
            summary_pb2.Summary.Value(tag="several/a", simple_value=1.5),
            summary_pb2.Summary.Value(tag="several/b", tensor=make_tensor_proto(np.float64(2.5))),
            summary_pb2.Summary.Value(tag="several/c", simple_value=float("nan")),
        ]
    )
    several.value[1].metadata.plugin_data.plugin_name = "scalars"
    writer.add_event(event_pb2.Event(wall_time=START, step=9, summary=several))
    writer.close()


@sample("tensorflow")
def keras_fit(folder: Path) -> None:
    """`model.fit` with the TensorBoard callback: one folder for training, one for validation."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    x = np.random.default_rng(1).normal(size=(64, 4)).astype("float32")
    callback = keras.callbacks.TensorBoard(str(folder), histogram_freq=1, update_freq=2, write_graph=False)
    y = x.sum(axis=1, keepdims=True)
    model.fit(x, y, epochs=4, batch_size=8, validation_split=0.25, callbacks=[callback], verbose=0)


@sample("tensorflow")
def tf_summary(folder: Path) -> None:
    """TensorFlow's own calls, also those of its first version."""
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default():
        for step in range(30):
            tf.summary.scalar("loss", loss(step), step=step)
            tf.summary.scalar("half", tf.constant(step / 8, tf.float16), step=step)
            tf.summary.scalar("count", step * 1000, step=step)
        tf.summary.histogram("h", [1.0, 2.0, 3.0], step=1)
        tf.summary.text("note", "0.5", step=1)


@sample("lightning")
def lightning_logger(folder: Path) -> None:
    """A Trainer with the TensorBoardLogger."""
    import lightning
    import torch
    from lightning.pytorch.loggers import TensorBoardLogger

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            found = (self.layer(batch) ** 2).mean()
            self.log("train_loss", found)
            return found

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", (self.layer(batch) ** 2).mean())

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.1)

    lightning.seed_everything(1)
    data = torch.utils.data.DataLoader(torch.randn(64, 4), batch_size=8)
    trainer = lightning.Trainer(
        max_epochs=4,
        log_every_n_steps=2,
        logger=TensorBoardLogger(str(folder), name="", version=""),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
    )
    trainer.fit(Module(), data, data)


@sample("transformers")
def hf_trainer(folder: Path) -> None:
    """A Trainer of transformers that reports to TensorBoard."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    os.environ["TENSORBOARD_LOGGING_DIR"] = folder.name  # it logs its paths
    config = BertConfig(
        vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    rows = [{"input_ids": torch.tensor([1, 2 + i % 9]), "labels": torch.tensor(i % 2)} for i in range(32)]
    arguments = TrainingArguments(
        output_dir="hf_output",
        num_train_epochs=3,
        per_device_train_batch_size=8,
        logging_steps=2,
        eval_strategy="epoch",
        save_strategy="no",
        report_to=["tensorboard"],
        use_cpu=True,
        disable_tqdm=True,
    )
    model = BertForSequenceClassification(config)
    Trainer(model=model, args=arguments, train_dataset=rows, eval_dataset=rows).train()
    shutil.rmtree("hf_output", ignore_errors=True)


def plain_names(folder: Path) -> None:
    """Event files without time, host and process in their names, in the order in which they were made."""
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        found = [path for path in inner.iterdir() if ".tfevents." in path.name]
        for place, path in enumerate(sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))):
            ending = ".v2" if path.name.endswith(".v2") else ""
            path.rename(inner / f"events.out.tfevents.{int(START) + place}.host.1.{place}{ending}")


def read_back(folder: Path) -> dict[str, list[list[float]]]:
    """Tag → step, value and time of each of its scalars, as TensorBoard has them."""
    from tensorboard.backend.event_processing import plugin_event_accumulator as accumulators
    from tensorboard.util.tensor_util import make_ndarray

    found = accumulators.EventAccumulator(str(folder), size_guidance={accumulators.TENSORS: 0})
    found.Reload()
    scalars = {}
    for tag in found.Tags()[accumulators.TENSORS]:
        rows = []
        for event in found.Tensors(tag):
            array = make_ndarray(event.tensor_proto)
            if array.size == 1 and array.dtype.kind in "fiu":
                rows.append([event.step, float(array.item()), event.wall_time])
        if rows:
            scalars[tag] = rows
    return scalars


def main() -> None:
    """Make those that can be made, or those named."""
    os.chdir(HERE)
    for name in sys.argv[1:] or SAMPLES:
        if importlib.util.find_spec(NEEDS[name]) is None:
            print(f"{name}: no {NEEDS[name]} here, left as it is", file=sys.stderr)
            continue
        shutil.rmtree(HERE / name, ignore_errors=True)
        SAMPLES[name](HERE / name)
        plain_names(HERE / name)
    for path in HERE.rglob("*"):
        if path.is_file() and ".tfevents." not in path.name and path.parent != HERE:
            path.unlink()
    folders = sorted({path.parent for path in HERE.rglob("*.tfevents.*")})
    expected = {str(folder.relative_to(HERE)): read_back(folder) for folder in folders}
    for path in sorted(HERE.rglob("*"), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    (HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
