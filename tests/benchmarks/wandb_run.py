"""A long run of one metric: in a `.wandb` file, record by record as W&B's client (0.31) writes it offline, and in JSON lines."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path

from tests.metrics.wandb_file import HEADER, chunks, field, item, sample

RUN_ID = "bench001"
START = 1_790_000_000
"""Seconds since 1970 at the first row."""
_A_ROW_S = 0.01
_A_SAMPLE = 1_500
"""Rows between two samples of the machine: the client takes one in 15 seconds."""
_RECORD_HISTORY, _RECORD_SUMMARY, _RECORD_RUN, _RECORD_EXIT, _RECORD_HEADER, _RECORD_INFO = (
    2,
    3,
    17,
    18,
    21,
    200,
)
_INFO = field(_RECORD_INFO, field(1, RUN_ID))


def loss(step: int, noise: random.Random) -> float:
    """Of a training that gets somewhere."""
    return math.exp(-step / 200_000) + 0.1 * noise.random()


def write_wandb(path: Path, count: int) -> None:
    """One metric, `loss`, at so many steps, and that the run has ended."""
    with open(path, "wb") as file:
        file.write(HEADER)
        place = len(HEADER)
        for number, record in enumerate(_records(count), 1):
            data = chunks(field(1, number) + record, place)
            file.write(data)
            place += len(data)


def write_lines(path: Path, count: int) -> None:
    """The same points as `orp_tui.log` writes them."""
    noise = random.Random(1)
    with open(path, "w", encoding="ascii") as file:
        for step in range(count):
            row = {"step": step, "time": START + step * _A_ROW_S, "loss": loss(step, noise)}
            file.write(json.dumps(row) + "\n")


def _records(count: int) -> Iterator[bytes]:
    """Without their numbers."""
    versions = field(1, "0.31.0") + field(2, "0.70.0")
    yield _INFO + field(_RECORD_HEADER, field(1, versions))
    yield _INFO + field(_RECORD_RUN, _run())
    runtime = field(1, item(("_wandb", "runtime"), 0)) + field(1, item("_runtime", 0))
    noise = random.Random(1)
    for step in range(count):
        if step % _A_SAMPLE == 0:
            yield sample(START + int(step * _A_ROW_S), cpu=50.0, memory_percent=20.0)
        items = _items(step, loss(step, noise))
        yield field(_RECORD_SUMMARY, runtime)
        yield field(_RECORD_SUMMARY, items)
        yield field(_RECORD_HISTORY, items + field(2, field(1, step) if step else b""))
    yield _INFO + field(_RECORD_EXIT, field(2, int(count * _A_ROW_S)))


def _run() -> bytes:
    names = {1: RUN_ID, 2: "entity", 3: "bench", 8: "a-million-points", 13: "host"}
    return b"".join(field(number, text) for number, text in names.items()) + field(17, field(1, START))


_LOSS, _TIME, _RUNTIME, _STEP = (field(2, name) for name in ("loss", "_timestamp", "_runtime", "_step"))


def _items(step: int, value: float) -> bytes:
    """What a row has, as the summary after it has too."""
    seconds = step * _A_ROW_S
    return b"".join(
        field(1, key + field(16, text))
        for key, text in (
            (_LOSS, repr(value)),
            (_TIME, f"{START + seconds:.16e}"),
            (_RUNTIME, f"{seconds:.9f}"),
            (_STEP, str(step)),
        )
    )
