"""Makes the samples of real output: small trainings with the real libraries, their stdout kept byte for byte.

    python -m venv v; v/bin/pip install torch==2.13.0 transformers==5.24.0 accelerate==1.15.0 datasets==5.2.0 keras==3.15.1 \
        lightning==2.6.6 xgboost==3.2.0 lightgbm==4.7.0 loguru==0.7.3 tqdm==4.70.1 stable-baselines3==2.9.2 rich==15.0.0
    v/bin/python make_samples.py [NAME…]

Each training runs in a process and a folder of its own; the path of that folder is taken out of what it
prints. `oracles.json` gets what the library itself says that it measured. Runs differ a little, so `*.expected.json`
are to be made again with a sample: `python ../../test_stdout_samples.py NAME`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def nanogpt() -> dict:
    """A bigram model in numpy with the prints of nanoGPT's train.py."""
    import time

    import numpy as np

    rng = np.random.default_rng(1337)
    text = np.frombuffer(Path(__file__).read_bytes()[:4000], dtype=np.uint8) % 64
    weights = rng.normal(0, 0.02, (64, 64))
    told: dict = {"loss": [], "train_loss": [], "val_loss": []}

    def loss_of(place: np.ndarray) -> tuple[float, np.ndarray]:
        logits = weights[text[place]]
        chance = np.exp(logits - logits.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        loss = -np.log(chance[np.arange(len(place)), text[place + 1]]).mean()
        chance[np.arange(len(place)), text[place + 1]] -= 1
        return float(loss), chance / len(place)

    print("tokens per iteration will be: 256")
    print("found vocab_size = 64 (inside meta.pkl)")
    print("Initializing a new model from scratch")
    print("number of parameters: 0.00M")
    print("num decayed parameter tensors: 1, with 4,096 parameters")
    for step in range(61):
        if step % 20 == 0:
            losses = {
                part: loss_of(rng.integers(*ends, 256))[0]
                for part, ends in {"train": (0, 3000), "val": (3000, 3990)}.items()
            }
            print(f"step {step}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
            told["train_loss"].append(losses["train"])
            told["val_loss"].append(losses["val"])
            if step:
                print("saving checkpoint to out-shakespeare-char")
        began = time.perf_counter()
        place = rng.integers(0, 3000, 256)
        loss, change = loss_of(place)
        np.subtract.at(weights, text[place], 20 * change)
        if step % 5 == 0:
            told["loss"].append(loss)
            print(
                f"iter {step}: loss {loss:.4f}, time {(time.perf_counter() - began) * 1000:.2f}ms, mfu {-100.0 if step < 25 else 0.02:.2f}%"
            )
    return told


def _digits():
    """Two classes of points, as tensors."""
    import torch

    torch.manual_seed(0)
    x = torch.randn(320, 8)
    return x, (x[:, 0] + 0.5 * x[:, 1] > 0).long()


def mnist() -> dict:
    """The prints of PyTorch's MNIST example, of a small model on made data."""
    import torch
    from torch import nn

    x, y = _digits()
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    told: dict = {"train/Loss": [], "test/Average_loss": [], "test/Accuracy": []}
    for epoch in range(1, 4):
        for batch in range(4):
            data, target = x[batch * 64 : batch * 64 + 64], y[batch * 64 : batch * 64 + 64]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(data), target)
            loss.backward()
            optimizer.step()
            told["train/Loss"].append(loss.item())
            print(
                f"Train Epoch: {epoch} [{batch * len(data)}/{256} ({100.0 * batch / 4:.0f}%)]\tLoss: {loss.item():.6f}"
            )
        with torch.no_grad():
            output = model(x[256:])
            test_loss = nn.functional.cross_entropy(output, y[256:]).item()
            correct = int((output.argmax(1) == y[256:]).sum())
        told["test/Average_loss"].append(test_loss)
        told["test/Accuracy"].append(correct / 64)
        print(
            f"\nTest set: Average loss: {test_loss:.4f}, Accuracy: {correct}/{64} ({100.0 * correct / 64:.0f}%)\n"
        )
    return told


def imagenet() -> dict:
    """The meters of PyTorch's ImageNet example, of a small model on made data."""
    import time

    import torch
    from torch import nn

    class Meter:
        def __init__(self, name: str, fmt: str) -> None:
            self.name, self.fmt, self.sum, self.count, self.val = name, fmt, 0.0, 0, 0.0

        def update(self, value: float) -> None:
            self.val, self.sum, self.count = value, self.sum + value, self.count + 1

        def __str__(self) -> str:
            return ("{name} {val" + self.fmt + "} ({avg" + self.fmt + "})").format(
                name=self.name, val=self.val, avg=self.sum / self.count
            )

    x, y = _digits()
    model = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    told: dict = {"Loss": [], "test/Acc@1": []}

    def run(prefix: str, count: int, train: bool) -> list[Meter]:
        meters = [
            Meter("Time", ":6.3f"),
            Meter("Data", ":6.3f"),
            Meter("Loss", ":.4e"),
            Meter("Acc@1", ":6.2f"),
        ]
        for batch in range(count):
            began = time.perf_counter()
            data, target = x[batch * 16 : batch * 16 + 16], y[batch * 16 : batch * 16 + 16]
            output = model(data)
            loss = nn.functional.cross_entropy(output, target)
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            right = float((output.argmax(1) == target).float().mean()) * 100
            for meter, value in zip(
                meters, (time.perf_counter() - began, 0.0, loss.item(), right), strict=True
            ):
                meter.update(value)
            if batch % 5 == 0:
                width = len(str(count))
                place = "[" + ("{:" + str(width) + "d}").format(batch + 1) + "/" + str(count) + "]"
                print("\t".join([prefix + place, *map(str, meters)]))
                if train:
                    told["Loss"].append(loss.item())
        return meters

    for epoch in range(3):
        run(f"Epoch: [{epoch}]", 20, True)
        meters = run("Test: ", 12, False)
        print(f" *  Acc@1 {meters[3].sum / meters[3].count:.3f}")
        told["test/Acc@1"].append(meters[3].sum / meters[3].count)
    return told


def hf_trainer() -> dict:
    """The HF Trainer on a tiny BERT made from its configuration."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    torch.manual_seed(0)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
    )
    rows = [{"input_ids": [i % 32, (i * 7) % 32, 3], "labels": int(i % 32 > 15)} for i in range(64)]
    arguments = TrainingArguments(
        "out", num_train_epochs=3, per_device_train_batch_size=8, logging_steps=5, eval_strategy="epoch", report_to=[],
        learning_rate=5e-3, save_strategy="no", use_cpu=True,
    )  # fmt: skip
    trainer = Trainer(model, arguments, train_dataset=rows, eval_dataset=rows[:16])
    result = trainer.train()
    print(result)
    trainer.log_metrics("train", result.metrics)
    history = trainer.state.log_history
    keys = ("loss", "grad_norm", "eval_loss")
    return {key: [row[key] for row in history if key in row] for key in keys}


def _keras(verbose: int) -> dict:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import numpy as np

    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(320, 8)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")
    model = keras.Sequential(
        [keras.layers.Input((8,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.summary()
    history = model.fit(x, y, epochs=4, batch_size=16, validation_split=0.2, verbose=verbose)
    return {name: list(map(float, values)) for name, values in history.history.items()}


def keras_bar() -> dict:
    """Keras' fit with its bar."""
    return _keras(1)


def keras_lines() -> dict:
    """Keras' fit with verbose=2."""
    return _keras(2)


def _lightning(bar: str) -> dict:
    import logging
    import warnings

    import lightning as pl
    import torch
    from torch import nn

    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    told: dict = {"train_loss": [], "val_loss": []}

    class Model(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 2)

        def training_step(self, batch, index):
            loss = nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
            self.log("train_loss", loss, prog_bar=True)
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", nn.functional.cross_entropy(self.layer(batch[0]), batch[1]), prog_bar=True)

        def on_train_epoch_end(self):
            told["train_loss"].append(float(self.trainer.callback_metrics["train_loss"]))
            told["val_loss"].append(float(self.trainer.callback_metrics["val_loss"]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.3)

    pl.seed_everything(1, verbose=False)
    data = torch.utils.data.TensorDataset(*_digits())
    loader = torch.utils.data.DataLoader(data, batch_size=32)
    kinds = {"tqdm": pl.pytorch.callbacks.TQDMProgressBar, "rich": pl.pytorch.callbacks.RichProgressBar}
    trainer = pl.Trainer(
        max_epochs=3, logger=False, enable_checkpointing=False, accelerator="cpu", callbacks=[kinds[bar]()],
        enable_model_summary=bar == "rich",
    )  # fmt: skip
    trainer.fit(Model(), loader, loader)
    trainer.validate(trainer.lightning_module, loader)
    return told


def lightning_tqdm() -> dict:
    """Lightning with its usual bar."""
    return _lightning("tqdm")


def lightning_rich() -> dict:
    """Lightning with the bar of rich, as on a terminal."""
    os.environ["FORCE_COLOR"] = os.environ["TTY_COMPATIBLE"] = "1"
    os.environ["COLUMNS"] = "100"
    return _lightning("rich")


def sb3() -> dict:
    """PPO of Stable Baselines on a pole."""
    from stable_baselines3 import PPO

    PPO("MlpPolicy", "CartPole-v1", verbose=1, n_steps=256, batch_size=64, n_epochs=2, seed=1).learn(1024)
    return {}


def xgboost() -> dict:
    """XGBoost's own prints."""
    import numpy as np
    import xgboost as xgb

    x = np.random.default_rng(0).normal(size=(200, 4))
    y = (x[:, 0] > 0).astype(int)
    parts = [(xgb.DMatrix(x[:150], y[:150]), "train"), (xgb.DMatrix(x[150:], y[150:]), "valid")]
    found: dict = {}
    xgb.train(
        {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"]},
        parts[0][0],
        8,
        parts,
        evals_result=found,
    )
    return {f"{part}-{name}": values for part, metrics in found.items() for name, values in metrics.items()}


def lightgbm() -> dict:
    """LightGBM's own prints."""
    import lightgbm as lgb
    import numpy as np

    x = np.random.default_rng(0).normal(size=(200, 4))
    y = (x[:, 0] > 0).astype(int)
    found: dict = {}
    train = lgb.Dataset(x[:150], y[:150])
    parts = [train, lgb.Dataset(x[150:], y[150:])]
    calls = [lgb.record_evaluation(found), lgb.log_evaluation(2)]
    lgb.train({"objective": "binary", "min_data_in_leaf": 5}, train, 8, valid_sets=parts, callbacks=calls)
    names = {"training": "training_binary_logloss", "valid_1": "valid_1_binary_logloss"}
    return {names[part]: metrics["binary_logloss"][1::2] for part, metrics in found.items()}


def loguru() -> dict:
    """Lines of loguru, with the time and the place in the source."""
    import math

    from loguru import logger

    logger.remove()
    logger.add(sys.stdout)
    told = []
    for step in range(0, 50, 10):
        told.append(math.exp(-step / 20))
        logger.info("step {} | loss {:.4f} | lr {:.2e}", step, told[-1], 1e-3)
    logger.success("Serving at port: {}", 8080)
    return {"loss": told}


def logging() -> dict:
    """Lines of the standard library's logging, as many scripts set it up."""
    import logging as log
    import math

    log.basicConfig(
        stream=sys.stdout, format="%(asctime)s - %(levelname)s - %(name)s - %(message)s", level=log.INFO
    )
    told: dict = {"train_loss": [], "val_acc": []}
    logger = log.getLogger("train_loss.py")
    logger.info("Namespace(lr=0.1, batch_size=32, loss_weight=0.5, epochs=4)")
    for epoch in range(1, 5):
        told["train_loss"].append(math.exp(-epoch))
        told["val_acc"].append(100 - 50 * math.exp(-epoch))
        logger.info(
            "Epoch %d/4 - train_loss: %.4f - val_acc: %.2f%%",
            epoch,
            told["train_loss"][-1],
            told["val_acc"][-1],
        )
    logger.info("GPU 0 memory: 1024 MiB / 8192 MiB")
    return told


def tqdm_bar() -> dict:
    """One bar of tqdm over a whole training, on stdout."""
    import math

    from tqdm import tqdm

    bar = tqdm(range(250), file=sys.stdout, mininterval=0, miniters=1, ncols=90)
    for step in bar:
        bar.set_postfix(loss=f"{math.exp(-step / 100):.4f}", refresh=False)
    return {}


def own_bar() -> dict:
    """A line of one's own, drawn over with print(end="\\r")."""
    import math

    for epoch in range(1, 4):
        for batch in range(1, 21):
            print(f"\rEpoch {epoch}/3, batch {batch}/20, loss: {math.exp(-epoch - batch / 20):.4f}", end="")
    print()
    return {}


def settings() -> dict:
    """What scripts print of their settings: nothing of it is a metric."""
    import argparse
    import pprint

    import torch
    from transformers import BertConfig, TrainingArguments

    parser = argparse.ArgumentParser()
    for name, value in {
        "lr": 0.1,
        "batch-size": 64,
        "epochs": 14,
        "loss-weight": 0.5,
        "val-ratio": 0.1,
        "seed": 1,
    }.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    arguments = parser.parse_args([])
    print(arguments)
    pprint.pprint(vars(arguments))
    for name, value in vars(arguments).items():
        print(f"{name}: {value}")
    model = torch.nn.Sequential(torch.nn.Linear(8, 2), torch.nn.Dropout(p=0.5))
    print(model)
    print(torch.optim.AdamW(model.parameters(), lr=1e-3))
    print(BertConfig())
    print(TrainingArguments("out", report_to=[], use_cpu=True))
    print(f"Number of parameters: {sum(each.numel() for each in model.parameters()):,}")
    print(torch.__config__.parallel_info())
    return {}


SAMPLES = {
    each.__name__: each
    for each in (
        nanogpt, mnist, imagenet, hf_trainer, keras_bar, keras_lines, lightning_tqdm, lightning_rich, sb3, xgboost,
        lightgbm, loguru, logging, tqdm_bar, own_bar, settings,
    )
}  # fmt: skip


def make(name: str) -> object:
    """Run one sample in a process of its own; what its oracle says."""
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "HOME")}
    environment |= {
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
    }
    with tempfile.TemporaryDirectory() as folder:
        oracle = Path(folder) / "oracle.json"
        command = [sys.executable, os.path.abspath(__file__), "--inside", name, str(oracle)]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True)
        text = done.stdout.replace(folder.encode(), b".").replace(str(HERE).encode(), b".")
        (HERE / f"{name}.txt").write_bytes(text)
        return json.loads(oracle.read_text())


def main(words: list[str]) -> None:
    if words[:1] == ["--inside"]:
        told = SAMPLES[words[1]]()
        Path(words[2]).write_text(json.dumps(told))
        return
    path = HERE / "oracles.json"
    oracles = json.loads(path.read_text()) if path.exists() else {}
    for name in words or SAMPLES:
        oracles[name] = make(name)
        print(name, (HERE / f"{name}.txt").stat().st_size)
    path.write_text(json.dumps(oracles, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
