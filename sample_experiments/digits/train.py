"""Train a multilayer perceptron on the 8×8 digits, with numpy alone.

    python digits/train.py --learning_rate 0.002 --epochs 100 --optimizer.name adam

Writes into `outputs/`: model.safetensors, model.npz, checkpoints/, metrics.json,
confusion_matrix.csv, mistakes.csv, split.csv, loss_curve.png and report.md. The same
settings and seed give the same files. On SIGTERM it saves checkpoints/last.safetensors and
ends with 143 (128 + 15), as a shell would report it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import pathlib
import signal
import sys
import time

import checkpoints
import dataset
import network
import numpy as np
import picture
import report

try:
    from orp_tui import log
except ImportError:

    def log(step: int, **metrics: float) -> None:
        """Append a line to $ORP_METRICS_FILE; nothing if that is not set."""
        path = os.environ.get("ORP_METRICS_FILE")
        if path:
            with open(path, "a") as file:
                file.write(json.dumps({"step": step, **metrics}) + "\n")


class Stopped(Exception):
    """SIGTERM arrived."""


class Diverged(Exception):
    """The loss is no longer a finite number."""


@dataclasses.dataclass
class State:
    """How far the training is."""

    parameters: network.Parameters
    best: network.Parameters
    """A copy of the parameters at `best_epoch`; at first those it starts with."""
    step: int = 0
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf
    """On the validation part."""
    train_losses: list[float] = dataclasses.field(default_factory=list)
    """Mean of each epoch."""
    validation_losses: list[float] = dataclasses.field(default_factory=list)


def arguments() -> argparse.Namespace:
    """What the command line says; nested settings come as `--optimizer.name adam`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--learning_rate", type=float, default=0.001)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--hidden", type=int, nargs="+", default=[128, 64], help="units of each hidden layer")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("ORP_SEED") or 0))
    parser.add_argument("--optimizer.name", dest="optimizer", choices=["adam", "sgd"], default="adam")
    parser.add_argument("--optimizer.momentum", dest="momentum", type=float, default=0.9, help="of sgd")
    parser.add_argument("--optimizer.weight_decay", dest="weight_decay", type=float, default=0.0)
    parser.add_argument("--warmup_steps", type=int, default=0, help="steps in which the learning rate rises")
    parser.add_argument("--augment", action="store_true", help="move each picture by up to a pixel")
    parser.add_argument("--on_nan", choices=["stop", "continue"], default="stop")
    parser.add_argument("--keep", choices=["best", "last"], default="best", help="the weights to deliver")
    parser.add_argument("--checkpoint_every", type=int, default=0, help="epochs; 0: none on the way")
    parser.add_argument("--data", default="data/digits.csv.gz")
    parser.add_argument(
        "--output_dir", type=pathlib.Path, default=os.environ.get("ORP_OUTPUT_DIR", "outputs")
    )
    return parser.parse_args()


def learning_rate_at(step: int, total_steps: int, args: argparse.Namespace) -> float:
    """Rises in a line over the warm-up, then falls along half a cosine to 0."""
    warm = min(1.0, (step + 1) / args.warmup_steps) if args.warmup_steps else 1.0
    return args.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / total_steps))


def train(state: State, digits: dataset.Digits, args: argparse.Namespace, stop: list[int]) -> None:
    """Run all epochs, filling `state`.

    Raises Stopped as soon as `stop` is not empty, and Diverged at the first loss that is
    not finite, unless `on_nan` says to go on.
    """
    rng = np.random.default_rng([args.seed, 1])
    optimizer = (
        network.Adam(args.weight_decay)
        if args.optimizer == "adam"
        else network.SGD(args.momentum, args.weight_decay)
    )
    total_steps = args.epochs * math.ceil(len(digits.train) / args.batch_size)
    for state.epoch in range(1, args.epochs + 1):
        began = time.monotonic()
        pixels = dataset.shifted(digits.train.pixels, rng) if args.augment else digits.train.pixels
        order = rng.permutation(len(digits.train))
        losses = []
        for start in range(0, len(order), args.batch_size):
            if stop:
                raise Stopped
            batch = order[start : start + args.batch_size]
            loss, gradients = network.loss_and_gradients(
                state.parameters, pixels[batch], digits.train.labels[batch]
            )
            rate = learning_rate_at(state.step, total_steps, args)
            log(state.step, loss=loss, learning_rate=rate, grad_norm=network.norm(gradients))
            if not math.isfinite(loss) and args.on_nan == "stop":
                raise Diverged(f"the loss is {loss} at step {state.step} (epoch {state.epoch})")
            optimizer.step(state.parameters, gradients, rate)
            losses.append(loss)
            state.step += 1
        end_epoch(state, digits, args, float(np.mean(losses)), time.monotonic() - began)


def end_epoch(
    state: State, digits: dataset.Digits, args: argparse.Namespace, train_loss: float, seconds: float
) -> None:
    """Validate, remember the best weights, say a line."""
    part = digits.validation
    loss, accuracy = network.loss_and_accuracy(state.parameters, part.pixels, part.labels)
    state.train_losses.append(train_loss)
    state.validation_losses.append(loss)
    log(state.step - 1, epoch=state.epoch, val_loss=loss, val_accuracy=accuracy)
    best = loss < state.best_loss
    if best:
        state.best_loss, state.best_epoch = loss, state.epoch
        state.best = {name: value.copy() for name, value in state.parameters.items()}
    if args.checkpoint_every and state.epoch % args.checkpoint_every == 0:
        save_checkpoint(args.output_dir / "checkpoints" / f"epoch-{state.epoch:04d}.safetensors", state)
    print(
        f"epoch {state.epoch:3d}/{args.epochs}  loss {train_loss:.4f}  val_loss {loss:.4f}  "
        f"val_accuracy {accuracy:.4f}  {seconds:.2f} s{'  best' if best else ''}",
        flush=True,
    )


def save_checkpoint(path: pathlib.Path, state: State) -> None:
    checkpoints.save(path, state.parameters, {"epoch": str(state.epoch), "step": str(state.step)})


def deliver(state: State, digits: dataset.Digits, args: argparse.Namespace) -> dict[str, object]:
    """Judge the kept weights on the test part and write every output; gives what metrics.json holds."""
    out = args.output_dir
    weights, weights_epoch = (
        (state.best, state.best_epoch) if args.keep == "best" else (state.parameters, state.epoch)
    )
    validation_loss, validation_accuracy = network.loss_and_accuracy(
        weights, digits.validation.pixels, digits.validation.labels
    )
    loss, accuracy = network.loss_and_accuracy(weights, digits.test.pixels, digits.test.labels)
    probabilities = network.probabilities(weights, digits.test.pixels)
    counts = report.confusion(digits.test.labels, probabilities.argmax(axis=1))
    metrics: dict[str, object] = {
        "accuracy": accuracy,
        "loss": loss,
        "test_accuracy": accuracy,
        "test_loss": loss,
        "val_accuracy": validation_accuracy,
        "val_loss": validation_loss,
        "train_loss": state.train_losses[-1],
        "weights_epoch": weights_epoch,
        "epochs": state.epoch,
        "steps": state.step,
        "parameters": sum(value.size for value in weights.values()),
        "seed": args.seed,
        "data": {
            "sha256": digits.sha256,
            "train": len(digits.train),
            "validation": len(digits.validation),
            "test": len(digits.test),
        },
    }
    settings = {name: value for name, value in vars(args).items() if name not in ("output_dir", "data")}
    checkpoints.save(out / "model.safetensors", weights, {"epoch": str(weights_epoch)})
    np.savez(out / "model.npz", **weights)
    report.write_metrics(out / "metrics.json", metrics)
    report.write_split(out / "split.csv", digits)
    report.write_confusion(out / "confusion_matrix.csv", counts)
    report.write_mistakes(out / "mistakes.csv", digits.test, probabilities)
    picture.line_chart(
        out / "loss_curve.png",
        [(state.train_losses, (31, 119, 180)), (state.validation_losses, (214, 39, 40))],
    )
    report.write_report(out / "report.md", metrics, settings, counts)
    return metrics


def main() -> int:
    args = arguments()
    stop: list[int] = []
    # Only noted here; the loop looks after each step, where the weights are whole.
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))
    # Overflow shows in the loss, which is checked; numpy's warnings would say it once a layer.
    np.seterr(over="ignore", invalid="ignore")

    digits = dataset.load(args.data)
    args.output_dir.mkdir(parents=True, exist_ok=True)
    sizes = [digits.train.pixels.shape[1], *args.hidden, dataset.CLASSES]
    parameters = network.initial(sizes, np.random.default_rng([args.seed, 0]))
    state = State(parameters, best={name: value.copy() for name, value in parameters.items()})
    print(
        f"{len(digits.train)} pictures to train on, {len(digits.validation)} to validate, {len(digits.test)} to test; "
        f"layers {'-'.join(map(str, sizes))}, {sum(value.size for value in parameters.values()):,} parameters",
        flush=True,
    )
    try:
        train(state, digits, args, stop)
    except Stopped:
        save_checkpoint(args.output_dir / "checkpoints" / "last.safetensors", state)
        print(
            f"stopped by SIGTERM at step {state.step}: checkpoints/last.safetensors is saved", file=sys.stderr
        )
        return 128 + signal.SIGTERM
    except Diverged as error:
        print(f"error: {error}; try a lower learning rate than {args.learning_rate:g}", file=sys.stderr)
        return 1
    metrics = deliver(state, digits, args)
    print(
        f"test accuracy {metrics['test_accuracy']:.4f}, loss {metrics['test_loss']:.4f}, weights of epoch {metrics['weights_epoch']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
