"""`log(step, **metrics)`: one line of JSON a step, for the run this process belongs to.

Standard library only, and readable by Python 3.8: trainings import this very file through the
shim (`metrics/shim`) where ORP is not installed. A problem of logging never stops a training: it
is said once on stderr, and what could not be written is dropped.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from typing import Any, Mapping  # noqa: UP035 - read by Python 3.8, where the other one has no []

_RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID", "LOCAL_RANK")
_RESERVED = ("step", "time")
_LARGEST_INT = 1 << 63


class _Writer:
    """The file of one run, opened at the first line."""

    def __init__(self) -> None:
        self.path = ""
        self.descriptor = -1
        self.broken = False
        """The last line was cut by a full disk: the next one begins with a line end."""
        self.warned = set()  # type: set[str]

    def warn(self, cause: str, text: str) -> None:
        if cause in self.warned:
            return
        self.warned.add(cause)
        try:
            sys.stderr.write(f"orp: log: {text}\n")
        except (OSError, ValueError, AttributeError):
            return

    def write(self, path: str, line: bytes) -> None:
        """One append, so that lines of several processes never mix. Raises OSError."""
        if path != self.path or self.descriptor < 0:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self.descriptor, self.path = os.open(path, flags, 0o600), path
        if self.broken:
            line = b"\n" + line
        written = os.write(self.descriptor, line)
        self.broken = written < len(line) and (written > 0 or self.broken)
        if written < len(line):
            raise OSError(28, "No space left on device")


_writer = _Writer()


def log(step: Any, *mappings: Mapping[str, Any], **metrics: Any) -> None:  # Any: numbers of numpy, torch, …
    """Adds a line to the run's metrics: `log(10, loss=0.3)`, `log(10, {"train/loss": 0.3})`.

    Values are numbers, or anything with one number behind `.item()`; a bool counts as 0 or 1. NaN
    and infinities are written as `NaN`, `Infinity`, `-Infinity`, as Python's json does. `step` and
    `time` can't be names of metrics. Strings and the like are dropped with a warning.

    Only the process of rank 0 writes, by the first of RANK, OMPI_COMM_WORLD_RANK, PMI_RANK,
    PMIX_RANK, SLURM_PROCID and LOCAL_RANK that is set; with LOCAL_RANK alone each machine has
    such a process. Outside a run ($ORP_METRICS_FILE is not set) nothing happens.
    """
    path = os.environ.get("ORP_METRICS_FILE")
    if not path or not _is_first_rank():
        return
    number = _number(step)
    if number is None or math.isnan(number) or math.isinf(number):
        _writer.warn(
            f"step {type(step).__name__}", f"a step is a number, not {_shown(step)}; the line is dropped"
        )
        return
    row = {"step": number, "time": round(time.time(), 6)}  # type: dict[str, float]
    for given in (*mappings, metrics):
        _add(row, given)
    if len(row) == 2:
        return
    line = json.dumps(row, separators=(", ", ": ")) + "\n"
    try:
        _writer.write(path, line.encode("utf-8"))
    except OSError as error:
        _writer.warn(
            f"write {error.errno}", f"{path}: {error.strerror}; metrics are lost, the training goes on"
        )


def _add(row: dict[str, float], given: Any) -> None:  # Any: whatever the caller took for a mapping
    if not isinstance(given, dict):
        try:
            given = dict(given)
        except (TypeError, ValueError):
            _writer.warn("mapping", f"metrics are names and numbers, not {_shown(given)}")
            return
    for name, value in given.items():
        number = None if name in _RESERVED else _number(value)
        if number is None:
            _writer.warn(f"value {name}", f"{name!s:.80}={_shown(value)} is no metric; it is dropped")
        else:
            row[str(name)] = number


def _number(value: Any) -> int | float | None:  # Any: see log
    """The number behind a value; None if there is none."""
    kind = type(value)
    if kind is float:
        return float(value)
    if kind is not int and kind is not bool:
        item = getattr(value, "item", None)
        try:
            value = item() if callable(item) else value
            if isinstance(value, (str, bytes)):
                return None
            value = int(value) if isinstance(value, (bool, int)) else float(value)
        except Exception:  # noqa: BLE001 - code of the training's libraries; whatever it raises, there is no number
            return None
    if isinstance(value, int):
        value = int(value)
        if not -_LARGEST_INT <= value < _LARGEST_INT:
            value = float(value) if value.bit_length() < 1000 else math.inf * (1 if value > 0 else -1)
    return value  # type: ignore[no-any-return]


def _is_first_rank() -> bool:
    for name in _RANKS:
        rank = os.environ.get(name)
        if rank:
            return rank.strip() == "0"
    return True


def _shown(value: Any) -> str:  # Any: see log
    """Its type only: the value may be large, or a secret."""
    return f"a value of type {type(value).__name__}"
