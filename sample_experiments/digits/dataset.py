"""The 8×8 digits, always split the same way.

Row `i` of the file belongs to the test part if `i % 7 == 6`, to the validation part if
`i % 7 == 5`, and is trained on otherwise: no random number decides it, so every run, seed
and framework is judged on the same 256 pictures. (7, because the labels repeat every 10
rows in stretches of the file.)
"""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib

import numpy as np

CLASSES = 10
SIDE = 8


@dataclasses.dataclass(frozen=True)
class Part:
    """Pictures and their labels."""

    rows: np.ndarray
    """Where each picture stands in the file, from 0."""
    pixels: np.ndarray
    """float32, one row of 64 a picture, 0 to 1."""
    labels: np.ndarray
    """int64, 0 to 9."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclasses.dataclass(frozen=True)
class Digits:
    """The three parts, and the digest of the file they came from."""

    train: Part
    validation: Part
    test: Part
    sha256: str


def load(path: str | pathlib.Path) -> Digits:
    """The digits of a CSV file (plain or .gz) with 64 pixels and a label a row.

    Raises ValueError if it is not that.
    """
    table = np.loadtxt(path, delimiter=",", dtype=np.int64, ndmin=2)
    if table.shape[1] != SIDE * SIDE + 1:
        raise ValueError(f"{path}: {table.shape[1]} columns, not 64 pixels and a label")
    place = np.arange(len(table)) % 7
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    return Digits(
        train=_part(table, np.flatnonzero(place < 5)),
        validation=_part(table, np.flatnonzero(place == 5)),
        test=_part(table, np.flatnonzero(place == 6)),
        sha256=digest,
    )


def _part(table: np.ndarray, rows: np.ndarray) -> Part:
    chosen = table[rows]
    return Part(rows, (chosen[:, :-1] / 16).astype(np.float32), chosen[:, -1])


def shifted(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same pictures, each moved by at most one pixel in each direction, blank where it left."""
    pictures = pixels.reshape(-1, SIDE, SIDE)
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    down, right = rng.integers(0, 3, size=(2, len(pictures)))
    row = down[:, None, None] + np.arange(SIDE)[None, :, None]
    column = right[:, None, None] + np.arange(SIDE)[None, None, :]
    return padded[np.arange(len(pictures))[:, None, None], row, column].reshape(-1, SIDE * SIDE)
