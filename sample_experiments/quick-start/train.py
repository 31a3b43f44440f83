"""Softmax regression on Fisher's irises, with the standard library alone.

Takes `learning_rate` and `epochs` from the command line, else from the JSON file that
$ORP_CONFIG_FILE names. Writes the weights into `output/model/` and what came of it into
`output/metrics.json`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import random

from iris_data import SPECIES, flowers

try:
    from orp_tui import log
except ImportError:

    def log(step: int, **metrics: float) -> None:
        """Append a line to $ORP_METRICS_FILE; nothing if that is not set."""
        path = os.environ.get("ORP_METRICS_FILE")
        if path:
            with open(path, "a") as file:
                file.write(json.dumps({"step": step, **metrics}) + "\n")


Flower = tuple[list[float], int]


def settings() -> argparse.Namespace:
    path = os.environ.get("ORP_CONFIG_FILE")
    config = json.loads(pathlib.Path(path).read_text()) if path else {}
    parser = argparse.ArgumentParser(description="Softmax regression on Fisher's irises.")
    parser.add_argument("--learning_rate", type=float, default=config.get("learning_rate", 0.001))
    parser.add_argument("--epochs", type=int, default=config.get("epochs", 10))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("ORP_SEED") or 0))
    return parser.parse_args()


def standardised(table: list[Flower]) -> list[Flower]:
    """Each measurement with mean 0 and deviation 1, and a constant 1 behind them."""
    columns = list(zip(*(values for values, _ in table), strict=True))
    means = [sum(column) / len(column) for column in columns]
    deviations = [
        math.sqrt(sum((value - mean) ** 2 for value in column) / len(column))
        for column, mean in zip(columns, means, strict=True)
    ]
    return [
        ([(v - m) / d for v, m, d in zip(values, means, deviations, strict=True)] + [1.0], species)
        for values, species in table
    ]


def probabilities(weights: list[list[float]], values: list[float]) -> list[float]:
    """One for each species; they add up to 1."""
    scores = [sum(w * v for w, v in zip(row, values, strict=True)) for row in weights]
    exponentials = [math.exp(score - max(scores)) for score in scores]
    return [each / sum(exponentials) for each in exponentials]


def learn(weights: list[list[float]], flower: Flower, learning_rate: float) -> float:
    """One step of gradient descent on one flower; gives the loss before it."""
    values, species = flower
    p = probabilities(weights, values)
    for index, row in enumerate(weights):
        error = p[index] - (index == species)
        for place, value in enumerate(values):
            row[place] -= learning_rate * error * value
    return -math.log(max(p[species], 1e-300))


def judge(weights: list[list[float]], flowers: list[Flower]) -> dict[str, float]:
    """Accuracy, and mean cross-entropy in nats."""
    answers = [(probabilities(weights, values), species) for values, species in flowers]
    right = sum(p.index(max(p)) == species for p, species in answers)
    loss = -sum(math.log(max(p[species], 1e-300)) for p, species in answers)
    return {"accuracy": right / len(answers), "loss": loss / len(answers)}


def main() -> None:
    args = settings()
    table = standardised(flowers())
    # Every third flower is kept for the test, the same ones in every run.
    train = [flower for index, flower in enumerate(table) if index % 3 != 2]
    test = table[2::3]
    weights = [[0.0] * 5 for _ in SPECIES]
    order = random.Random(args.seed)
    step = 0
    for epoch in range(1, args.epochs + 1):
        order.shuffle(train)
        for flower in train:
            log(step, loss=learn(weights, flower, args.learning_rate))
            step += 1
        result = judge(weights, test)
        print(
            f"epoch {epoch}/{args.epochs}  test accuracy {result['accuracy']:.3f}  loss {result['loss']:.3f}",
            flush=True,
        )

    model = pathlib.Path("output/model")
    model.mkdir(parents=True, exist_ok=True)
    (model / "weights.json").write_text(json.dumps({"species": SPECIES, "weights": weights}, indent=2) + "\n")
    pathlib.Path("output/metrics.json").write_text(json.dumps(judge(weights, test), indent=2) + "\n")


if __name__ == "__main__":
    main()
