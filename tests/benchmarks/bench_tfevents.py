"""The event file of a long training, read by ORP and by TensorBoard's own loader.

Each is read in a process of its own, which says how much CPU reading took once its imports were done: both
read what is in memory already, in one thread, and so other processes are no part of it.
TensorBoard is used where it is installed: beside ORP, or where the `tensorboard` on the PATH is.
"""

from __future__ import annotations

import importlib.util
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.ground import ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved
from tests.metrics.event_files import START, VERSION, event, field, record, scalar, tensor

TAGS = ("train/loss", "train/accuracy", "val/loss", "lr", "grad_norm")
FLOAT = 1

OURS = """
import sys, time
import orp_tui.metrics.readers.tfevents_numpy
from orp_tui.metrics.readers.tfevents import TfEventsReader
begin, count, more = time.process_time(), 0, True
reader = TfEventsReader(sys.argv[1])
while more:
    batch = reader.read(final=True)
    count, more = count + sum(map(len, batch.points.values())), batch.more
print(count, time.process_time() - begin)
"""

THEIRS = """
import sys, time
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
begin, count = time.process_time(), 0
for event in EventFileLoader(sys.argv[1]).Load():
    for value in event.summary.value:
        count += 1
print(count, time.process_time() - begin)
"""


def rows(*, quick: bool) -> Iterator[Row]:
    """One row for each form in which libraries write a scalar."""
    count, rounds = (50_000, 2) if quick else (200_000, 3)
    python = python_with_tensorboard()
    with ground() as place:
        for words, value in (("torch", as_torch), ("TensorFlow 2", as_tensorflow)):
            path = place.folder / f"events.out.tfevents.{int(START)}.{len(words)}"
            write(path, count, value)
            yield beside(f"CPU to read {count:,} scalars as {words} writes them", path, count, rounds, python)
            path.unlink()


def beside(what: str, path: Path, count: int, rounds: int, python: str | None) -> Row:
    """ORP's reader, and TensorBoard's loader if there is one."""
    ours = milliseconds(sys.executable, OURS, path, count)
    if python is None:
        (times,) = interleaved(rounds, ours)
        why = (
            "tensorboard is not installed: pip install tensorboard in an environment whose bin is on the PATH"
        )
        return Row(what, Samples(times, "ms"), f"({why})")
    times, anchor = interleaved(rounds, ours, milliseconds(python, THEIRS, path, count))
    return Row(
        what,
        Samples(times, "ms"),
        "tensorboard's EventFileLoader",
        Samples(anchor, "ms"),
        Budget(0.1, "ratio"),
    )


def milliseconds(python: str, code: str, path: Path, count: int) -> Callable[[], float]:
    """An action: read the file in a new process; what it says that reading took."""

    def action() -> float:
        done = subprocess.run([python, "-c", code, path], check=True, capture_output=True, text=True)
        found, seconds = done.stdout.split()
        if int(found) != count:
            raise RuntimeError(f"{found} of {count} scalars were read")
        return float(seconds) * 1000

    return action


def python_with_tensorboard() -> str | None:
    """The interpreter that has it: this one, or that of the command; None if there is none."""
    if importlib.util.find_spec("tensorboard") is not None:
        return sys.executable
    command = shutil.which("tensorboard")
    if command is None:
        return None
    with open(command, encoding="utf-8", errors="replace") as script:
        first = script.readline().strip()
    python = first.removeprefix("#!")
    return python if first.startswith("#!") and Path(python).exists() else None


def as_torch(tag: str, value: float) -> bytes:
    return scalar(tag, value)


def as_tensorflow(tag: str, value: float) -> bytes:
    return tensor(tag, FLOAT, field(4, struct.pack("<f", value)))


def write(path: Path, count: int, value: Callable[[str, float], bytes]) -> None:
    """All tags at each step, a tenth of a second apart."""
    rng = random.Random(1)
    with open(path, "wb") as file:
        file.write(VERSION)
        for number in range(count):
            step, tag = divmod(number, len(TAGS))
            file.write(record(event(step, value(TAGS[tag], rng.random()), wall=START + step / 10)))
