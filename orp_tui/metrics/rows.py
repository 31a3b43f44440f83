"""Rows of names and values, as JSON gives them → points of each metric.

The rules, for every format that logs one object a step:

- The step is the first of `step`, `global_step`, `_step`, `iteration`, `iter`, `epoch` that is a
  finite number; without one, the number of rows before it in the file.
- The time stamp is the first of `time`, `timestamp`, `_timestamp`, `wall_time`; milliseconds are told by their size.
- Every other number is a metric; a mapping gives `outer/inner`. The words NaN and Infinity count as
  the numbers they name. Booleans, texts, lists and null are no metrics.
- A row with `rank` above 0 gives `rank1/loss`: two processes are never one line.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from typing import Any

from orp_tui.core.series import Points

STEP_KEYS = ("step", "global_step", "_step", "iteration", "iter", "epoch")
TIME_KEYS = ("time", "timestamp", "_timestamp", "wall_time")

Row = Mapping[str, Any]  # Any: values as JSON gives them

_DEPTH = 8
_LONGEST_NAME = 300
_MILLISECONDS = 1e11
"""A time stamp above this is not in seconds: it would be the year 5138."""
_NUMBERS = {int, float}
_WORDS = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}


def points_of(rows: Sequence[Row], before: int) -> dict[str, Points]:
    """The points of each metric in `rows`, of which `before` stand earlier in the file."""
    if not rows:
        return {}
    names = dict.fromkeys(chain.from_iterable(rows))
    if len(names) * len(rows) <= 4 * sum(map(len, rows)):
        found = _by_column(rows, list(names), before)
        if found is not None:
            return found
    return _by_row(rows, before)


def _by_column(rows: Sequence[Row], names: Sequence[str], before: int) -> dict[str, Points] | None:
    """The quick way, for rows much like each other; None where the rules have to be looked at row by row."""
    if "rank" in names:
        return None
    step_key = next((key for key in STEP_KEYS if key in names), None)
    time_key = next((key for key in TIME_KEYS if key in names), None)
    steps = array("d", range(before, before + len(rows))) if step_key is None else _whole(rows, step_key)
    times = array("d", [math.nan]) * len(rows) if time_key is None else _whole(rows, time_key)
    if steps is None or times is None or (time_key and max(times) > _MILLISECONDS):
        return None
    found = {}
    for name in names:
        if name in (step_key, time_key):
            continue
        column = [row.get(name) for row in rows]
        kinds = set(map(type, column))
        if dict in kinds or str in kinds or len(name) > _LONGEST_NAME:
            return None
        if kinds <= _NUMBERS:
            found[name] = Points(steps, _doubles(column), times)
        elif kinds & _NUMBERS:
            told = [type(value) in _NUMBERS for value in column]
            found[name] = Points(
                array("d", compress(steps, told)),
                _doubles(compress(column, told)),
                array("d", compress(times, told)),
            )
    return found


def _whole(rows: Sequence[Row], key: str) -> array[float] | None:
    """A column of finite numbers; None if it is anything else."""
    column = [row.get(key) for row in rows]
    if not set(map(type, column)) <= _NUMBERS:
        return None
    numbers = _doubles(column)
    return numbers if math.isfinite(sum(numbers)) else None


def _doubles(numbers: Iterable[Any]) -> array[float]:
    numbers = list(numbers)
    try:
        return array("d", numbers)
    except OverflowError:  # an int that no double can hold
        return array("d", map(_double, numbers))


def _by_row(rows: Iterable[Row], before: int) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for place, row in enumerate(rows, before):
        step_key, step = _first_number(row, STEP_KEYS)
        time_key, time = _first_number(row, TIME_KEYS)
        rank_key, rank = _first_number(row, ("rank",))
        prefix = f"rank{rank:.0f}/" if rank_key and rank else ""
        for name, value in _flat(row, prefix, {step_key, time_key, rank_key}, _DEPTH):
            points = found.get(name)
            if points is None:
                points = found[name] = Points.of((), ())
            points.steps.append(step if step_key else place)
            points.values.append(value)
            points.times.append(_seconds(time) if time_key else math.nan)
    return found


def _seconds(time: float) -> float:
    return time / 1000 if time > _MILLISECONDS else time


def _first_number(row: Row, keys: Iterable[str]) -> tuple[str | None, float]:
    """The first of the keys that holds a finite number, and the number; None if none does."""
    for key in keys:
        number = _number(row.get(key))
        if number is not None and math.isfinite(number):
            return key, number
    return None, 0.0


def _flat(row: Row, prefix: str, taken: set[str | None], depth: int) -> Iterable[tuple[str, float]]:
    for name, value in row.items():
        if name in taken or len(prefix) + len(name) > _LONGEST_NAME:
            continue
        if isinstance(value, dict):
            if depth:
                yield from _flat(value, f"{prefix}{name}/", set(), depth - 1)
            continue
        number = _number(value)
        if number is not None:
            yield prefix + name, number


def _number(value: object) -> float | None:
    """The number that a value is; None if it is none."""
    if type(value) in _NUMBERS:
        return _double(value)  # type: ignore[arg-type]
    if isinstance(value, str) and len(value) <= 9:
        return _WORDS.get(value.lower().removeprefix("+"))
    return None


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
