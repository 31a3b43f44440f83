"""The last value of each metric in a `metrics.jsonl`, without keeping the rest."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path

MAX_BYTES = 64 << 20
"""Of a larger file only so much of its end is read; a metric last logged before that is left out."""
MAX_METRICS = 10_000
MAX_LINE = 1 << 20


def last_values(path: Path) -> dict[str, float]:
    """Name → last number logged; NaN and infinities included, rows that are no JSON objects left out.

    {} if there is no such file or it can't be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return {}
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return {}
        values: dict[str, float] = {}
        if found.st_size > MAX_BYTES:
            file.seek(found.st_size - MAX_BYTES)
            file.readline(MAX_LINE)
        while line := file.readline(MAX_LINE):
            _take(line, values)
    return values


def _take(line: bytes, values: dict[str, float]) -> None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return
    if not isinstance(row, dict):
        return
    for name, value in row.items():
        if name in ("step", "time") or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if name in values or len(values) < MAX_METRICS:
            try:
                values[name] = float(value)
            except OverflowError:
                values[name] = math.inf if value > 0 else -math.inf
