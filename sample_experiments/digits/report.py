"""What a training leaves for people to read: tables and a report."""

from __future__ import annotations

import csv
import json
import pathlib

import numpy as np
from dataset import CLASSES, Digits, Part


def write_split(path: pathlib.Path, digits: Digits) -> None:
    """Which row of the data belongs to which part; the same bytes in every run."""
    rows = [
        (int(row), name)
        for name, part in (("train", digits.train), ("validation", digits.validation), ("test", digits.test))
        for row in part.rows
    ]
    _write_csv(path, ["row", "part"], sorted(rows))


def write_confusion(path: pathlib.Path, counts: np.ndarray) -> None:
    """One row a true digit, one column a predicted one."""
    header = ["digit", *(f"predicted_{digit}" for digit in range(CLASSES))]
    _write_csv(path, header, [(digit, *map(int, counts[digit])) for digit in range(CLASSES)])


def write_mistakes(path: pathlib.Path, part: Part, probabilities: np.ndarray) -> None:
    """The pictures that were read wrongly, surest mistake first; no file if there are none."""
    answers = probabilities.argmax(axis=1)
    wrong = [
        (int(part.rows[at]), int(part.labels[at]), int(answers[at]), round(float(probabilities[at].max()), 4))
        for at in np.flatnonzero(answers != part.labels)
    ]
    if wrong:
        _write_csv(
            path, ["row", "digit", "predicted", "probability"], sorted(wrong, key=lambda line: -line[3])
        )


def confusion(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """How often each true digit (row) was read as each digit (column)."""
    counts = np.zeros((CLASSES, CLASSES), int)
    np.add.at(counts, (labels, answers), 1)
    return counts


def write_metrics(path: pathlib.Path, metrics: dict[str, object]) -> None:
    """JSON in which a NaN stands as `NaN`, as Python writes it, so that nothing is hidden."""
    path.write_text(json.dumps(metrics, indent=2) + "\n")


def write_report(
    path: pathlib.Path, metrics: dict[str, object], settings: dict[str, object], counts: np.ndarray
) -> None:
    """A Markdown page: setup, results, digit by digit."""
    lines = ["# Handwritten digits", "", "## Setup", "", "| setting | value |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in settings.items()]
    right = f"{metrics['test_accuracy']:.4f} ({int(np.trace(counts))} of {int(counts.sum())})"
    lines += [
        "",
        "## Results",
        "",
        f"Test accuracy: {right}, loss {metrics['test_loss']:.4f}.",
        f"Weights: epoch {metrics['weights_epoch']} ({settings['keep']}), validation accuracy {metrics['val_accuracy']:.4f}.",
        "The test part was looked at once, at the end.",
        "",
        "![training loss in blue, validation loss in red](loss_curve.png)",
        "",
        "## Digit by digit",
        "",
        "| digit | pictures | read rightly | most often mistaken for |",
        "| --- | --- | --- | --- |",
    ]
    lines += [_digit_line(digit, counts[digit]) for digit in range(CLASSES)]
    path.write_text("\n".join(lines) + "\n")


def _digit_line(digit: int, row: np.ndarray) -> str:
    others = row.copy()
    others[digit] = 0
    mistaken = f"{others.argmax()} ({others.max()} times)" if others.any() else "none"
    return f"| {digit} | {row.sum()} | {row[digit]} | {mistaken} |"


def _write_csv(path: pathlib.Path, header: list[str], rows: list[tuple]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
