"""A training that takes its time and delivers bit by bit.

    python patient/train.py --seconds 15

Softmax regression on the 8×8 digits, slowed down to last `--seconds`. Settings come at once, then
a table that grows with every epoch, a first checkpoint, a confusion matrix, a report, and in the end
weights and figures: a list of deliverables can be watched turning green. SIGTERM saves the weights
and ends.

With fewer `--pixels` than the pictures have it trains well and breaks when it makes the
confusion matrix, which forgets about them: a bug that shows after a while.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pathlib
import signal
import sys
import time

import numpy as np

try:
    from orp_tui import log
except ImportError:

    def log(step: int, **metrics: float) -> None:
        """Append a line to $ORP_METRICS_FILE; nothing if that is not set."""
        path = os.environ.get("ORP_METRICS_FILE")
        if path:
            with open(path, "a") as file:
                file.write(json.dumps({"step": step, **metrics}) + "\n")


CHECKPOINT_AT, CONFUSION_AT, REPORT_AT = 0.2, 0.4, 0.65
"""Shares of the epochs after which they are written, once: what is written again and again is never done."""
stopping = False


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=15.0, help="how long the training shall last")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--learning_rate", type=float, default=0.2)
    parser.add_argument("--pixels", type=int, default=64, help="how many of the 64 pixels are looked at")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("ORP_SEED") or 0))
    parser.add_argument("--data", default="data/digits.csv.gz")
    parser.add_argument(
        "--output_dir", type=pathlib.Path, default=os.environ.get("ORP_OUTPUT_DIR", "outputs")
    )
    return parser.parse_args()


def stop(*_: object) -> None:
    """End after this epoch."""
    global stopping
    stopping = True


def probabilities(weights: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    scores = pixels @ weights
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def loss_of(weights: np.ndarray, pixels: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(probabilities(weights, pixels)[np.arange(len(labels)), labels] + 1e-12).mean())


def learn(
    weights: np.ndarray, pixels: np.ndarray, labels: np.ndarray, rate: float, order: np.ndarray
) -> None:
    """One epoch of gradient descent, 64 pictures at a time."""
    for begin in range(0, len(order), 64):
        batch = order[begin : begin + 64]
        p = probabilities(weights, pixels[batch])
        p[np.arange(len(batch)), labels[batch]] -= 1
        weights -= rate * pixels[batch].T @ p / len(batch)


def draw(done: int, total: int, loss: float) -> None:
    """A bar that redraws itself, on stderr."""
    filled = "█" * (20 * done // total)
    sys.stderr.write(f"\rtraining: {done / total:4.0%}|{filled:<20}| {done}/{total} [loss={loss:.3f}]")
    sys.stderr.write("\n" if done == total else "")
    sys.stderr.flush()


def write_table(path: pathlib.Path, heading: list[str], rows: list[list[object]]) -> None:
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([heading, *rows])


def write_confusion(path: pathlib.Path, weights: np.ndarray, pixels: np.ndarray, labels: np.ndarray) -> int:
    """What was taken for what; gives the number of mistakes."""
    said = probabilities(weights, pixels).argmax(axis=1)
    table = np.zeros((10, 10), int)
    np.add.at(table, (labels, said), 1)
    heading = ["digit", *(f"predicted_{digit}" for digit in range(10))]
    write_table(path, heading, [[digit, *row] for digit, row in enumerate(table.tolist())])
    return int((said != labels).sum())


def write_report(path: pathlib.Path, epoch: int, accuracy: float, mistakes: int) -> None:
    path.write_text(
        f"# Patient training\n\n## Results\n\nAfter {epoch} epochs: {accuracy:.1%} of unseen digits.\n\n"
        f"## Mistakes\n\n{mistakes} pictures were taken for another digit.\n"
    )


def main() -> int:
    args = arguments()
    signal.signal(signal.SIGTERM, stop)
    out = args.output_dir
    out.mkdir(parents=True, exist_ok=True)
    settings = {
        "epochs": args.epochs,
        "learning_rate": args.learning_rate,
        "pixels": args.pixels,
        "seed": args.seed,
    }
    (out / "settings.json").write_text(json.dumps(settings, indent=2) + "\n")
    table = np.loadtxt(args.data, delimiter=",")
    everything = np.hstack([table[:, :-1] / 16, np.ones((len(table), 1))])
    seen = np.hstack([everything[:, : args.pixels], everything[:, -1:]])
    labels = table[:, -1].astype(int)
    place = np.arange(len(table)) % 7
    train, test = np.flatnonzero(place < 5), np.flatnonzero(place == 6)
    print(f"{len(train)} pictures to learn from, {len(test)} to be judged by", flush=True)

    rng = np.random.default_rng(args.seed)
    weights = np.zeros((args.pixels + 1, 10))
    history: list[list[object]] = []
    mistakes = 0
    began = time.monotonic()
    for epoch in range(1, args.epochs + 1):
        learn(weights, seen, labels, args.learning_rate, rng.permutation(train))
        loss, judged = loss_of(weights, seen[train], labels[train]), probabilities(weights, seen[test])
        accuracy = float((judged.argmax(axis=1) == labels[test]).mean())
        log(epoch, loss=loss, test_accuracy=accuracy, test_loss=loss_of(weights, seen[test], labels[test]))
        history.append([epoch, f"{loss:.5f}", f"{accuracy:.5f}"])
        write_table(out / "history.csv", ["epoch", "loss", "test_accuracy"], history)
        print(f"epoch {epoch}/{args.epochs}  loss {loss:.4f}  test accuracy {accuracy:.4f}", flush=True)
        draw(epoch, args.epochs, loss)
        share, before = epoch / args.epochs, (epoch - 1) / args.epochs
        if stopping:
            np.savez(out / "weights.npz", weights=weights)
            print(f"asked to stop: weights of epoch {epoch} saved", flush=True)
            return 128 + signal.SIGTERM
        if before < CHECKPOINT_AT <= share:
            np.savez(out / "checkpoint.npz", weights=weights, epoch=epoch)
        if before < CONFUSION_AT <= share:
            mistakes = write_confusion(out / "confusion.csv", weights, everything[test], labels[test])
        if before < REPORT_AT <= share:
            write_report(out / "report.md", epoch, accuracy, mistakes)
        # Until where this epoch should end. A signal cuts the sleep short only if it raises.
        until = began + args.seconds * share
        while not stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
    np.savez(out / "weights.npz", weights=weights)
    figures = {"test_accuracy": accuracy, "loss": loss, "mistakes": mistakes, "epochs": args.epochs}
    (out / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
