"""A training that talks like the worst of them: bars over bars, colours, thousands of lines.

    python talkative/train.py --seconds 12 --lines_per_step 8

Softmax regression on the 8×8 digits, slowed down to last `--seconds`. Stdout carries
coloured log lines; stderr two nested progress bars that redraw themselves by carriage return
and cursor-up, as tqdm does, with warnings between them.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
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


RESET, BOLD, RED, GREEN, YELLOW, CYAN = (f"\x1b[{code}m" for code in (0, 1, 31, 32, 33, 36))
STEPS_AN_EPOCH = 40


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long the training shall last")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--lines_per_step", type=int, default=8)
    parser.add_argument("--learning_rate", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("ORP_SEED") or 0))
    parser.add_argument("--data", default="data/digits.csv.gz")
    parser.add_argument(
        "--output_dir", type=pathlib.Path, default=os.environ.get("ORP_OUTPUT_DIR", "outputs")
    )
    return parser.parse_args()


class Softmax:
    """Softmax regression: one weight matrix from 64 pixels and a constant to 10 classes."""

    def __init__(self) -> None:
        self.weights = np.zeros((65, 10))

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        scores = pixels @ self.weights
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def step(self, pixels: np.ndarray, labels: np.ndarray, learning_rate: float) -> float:
        """One step of gradient descent; gives the loss before it."""
        p = self.probabilities(pixels)
        rows = np.arange(len(labels))
        loss = float(-np.log(p[rows, labels] + 1e-12).mean())
        p[rows, labels] -= 1
        self.weights -= learning_rate * pixels.T @ p / len(labels)
        return loss

    def accuracy(self, pixels: np.ndarray, labels: np.ndarray) -> float:
        return float((self.probabilities(pixels).argmax(axis=1) == labels).mean())


def bar(title: str, done: int, total: int, note: str) -> str:
    """A line like tqdm's: `epochs:  40%|████      | 6/15 [loss=0.31]`."""
    eighths = round(done / total * 80)
    partial = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    filled = "█" * (eighths // 8) + partial
    return f"{title}: {done / total:4.0%}|{filled:<10}| {done}/{total} [{note}]"


def draw(epochs: str, steps: str) -> None:
    """Write both bars where they stand, and leave the cursor on the upper one."""
    sys.stderr.write(f"\r{epochs}\n\r{CYAN}{steps}{RESET}\x1b[K\x1b[A")
    sys.stderr.flush()


def chatter(step: int, lines: int, loss: float, model: Softmax) -> None:
    """What a library that logs at DEBUG level would say about a step."""
    for line in range(lines):
        row = model.weights[(step * lines + line) % 64]
        values = " ".join(f"{value:+.3f}" for value in row)
        print(
            f"{BOLD}DEBUG{RESET} {time.strftime('%H:%M:%S')} step={step} pixel={(step * lines + line) % 64} w=[{values}]"
        )
    if step % 10 == 0:
        print(f"{GREEN}INFO{RESET}  step {step}: loss {loss:.4f} ≈ {np.exp(-loss):.1%} on the right digit 🙂")
    if step % 100 == 50:
        print(
            f"{YELLOW}WARNING{RESET} step {step}: {RED}{BOLD}slow data loader{RESET} (only sleeping, to be honest)"
        )
        sys.stderr.write("\r\x1b[KUserWarning: this line comes between two bars\n")
    if step % 200 == 0:
        print(
            "weights "
            + np.array2string(model.weights.ravel(), max_line_width=10**6, threshold=10**6, precision=4)
        )
    sys.stdout.flush()


def main() -> int:
    args = arguments()
    table = np.loadtxt(args.data, delimiter=",")
    pixels = np.hstack([table[:, :-1] / 16, np.ones((len(table), 1))])
    labels = table[:, -1].astype(int)
    place = np.arange(len(table)) % 7
    train, test = np.flatnonzero(place < 5), np.flatnonzero(place == 6)

    # A window title, as some libraries set one; a viewer must not let it through.
    sys.stdout.write("\x1b]0;talkative training\x07")
    rng = np.random.default_rng(args.seed)
    model = Softmax()
    total = args.epochs * STEPS_AN_EPOCH
    began = time.monotonic()
    losses = []
    for step in range(total):
        batch = rng.choice(train, 64, replace=False)
        loss = model.step(pixels[batch], labels[batch], args.learning_rate)
        losses.append(loss)
        log(step, loss=loss)
        chatter(step, args.lines_per_step, loss, model)
        epoch, step_in_epoch = divmod(step, STEPS_AN_EPOCH)
        draw(
            bar("epochs", epoch, args.epochs, f"loss={loss:.3f}"),
            bar(
                "steps",
                step_in_epoch + 1,
                STEPS_AN_EPOCH,
                f"{step / max(time.monotonic() - began, 1e-9):.1f} it/s",
            ),
        )
        if step_in_epoch == STEPS_AN_EPOCH - 1:
            accuracy = model.accuracy(pixels[test], labels[test])
            log(step, epoch=epoch + 1, test_accuracy=accuracy)
            print(
                f"{BOLD}epoch {epoch + 1}/{args.epochs}{RESET} test accuracy {GREEN}{accuracy:.4f}{RESET}",
                flush=True,
            )
        # Until where this step should end, so that slow output doesn't make the whole longer.
        time.sleep(max(0.0, began + args.seconds * (step + 1) / total - time.monotonic()))
    sys.stderr.write(f"\r{bar('epochs', args.epochs, args.epochs, 'done')}\x1b[K\n\n")

    args.output_dir.mkdir(parents=True, exist_ok=True)
    metrics = {
        "test_accuracy": model.accuracy(pixels[test], labels[test]),
        "train_loss": losses[-1],
        "steps": total,
    }
    (args.output_dir / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
