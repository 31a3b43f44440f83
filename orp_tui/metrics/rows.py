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

import contextlib
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from operator import itemgetter
from typing import Any

from orp_tui.core.series import Numbers, Points

STEP_KEYS = ("step", "global_step", "_step", "iteration", "iter", "epoch")
_RESERVED = ("step", "time")
"""Never names of metrics."""
TIME_KEYS = ("time", "timestamp", "_timestamp", "wall_time")

Row = Mapping[str, Any]  # Any: values as JSON gives them

Column = list[Any]
"""Of int, float and None."""

_DEPTH = 8
LONGEST_NAME = 300
"""What is longer is no name of a metric."""
_MILLISECONDS = 1e11
"""A time stamp above this is not in seconds: it would be the year 5138."""
_MOST_HOLES = 4
"""Rows go through column by column while at least one in so many cells is filled."""
_NUMBERS = {int, float}
_CLEAN = {int, float, type(None)}
_WORDS = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}


def points_of(rows: Sequence[Row], before: int, left_out: set[str] | None = None) -> dict[str, Points]:
    """The points of each metric in `rows`, of which `before` stand earlier in the file.

    To `left_out` are added names that are too long for a metric.
    """
    if not rows:
        return {}
    columns = _columns(rows)
    found = points_of_columns(columns, len(rows), before) if columns is not None else None
    left_out = set() if left_out is None else left_out
    if found is None or columns is None:
        return _by_row(rows, before, left_out)
    left_out.update(
        name for name, column in columns.items() if len(name) > LONGEST_NAME and _any_number(column)
    )
    return found


def points_of_columns(columns: Mapping[str, Column], count: int, before: int) -> dict[str, Points] | None:
    """The points of `count` rows given by column: numbers, None where a row has none of that name.

    None if the rules want the rows one by one.
    """
    step_key = next((key for key in STEP_KEYS if key in columns), None)
    time_key = next((key for key in TIME_KEYS if key in columns), None)
    steps = array("d", range(before, before + count)) if step_key is None else _whole(columns[step_key])
    times = array("d", [math.nan]) * count if time_key is None else _whole(columns[time_key])
    if "rank" in columns or steps is None or times is None or (time_key and max(times) > _MILLISECONDS):
        return None
    found = {}
    for name, column in columns.items():
        if name in (step_key, time_key) or len(name) > LONGEST_NAME:
            continue
        values = _full(column)
        if values is not None:
            found[name] = Points(steps, values, times)
        elif _any_number(column):
            told = [value is not None for value in column]
            kept = _full(list(compress(column, told)))
            assert kept is not None
            found[name] = Points(array("d", compress(steps, told)), kept, array("d", compress(times, told)))
    return found


def _any_number(column: Column) -> bool:
    return any(value is not None for value in column)


def _columns(rows: Sequence[Row]) -> dict[str, Column] | None:
    """Name → its number in each row; None if the rows are nested, or too unlike each other."""
    entries, first = sum(map(len, rows)), rows[0]
    raw: dict[str, list[Any]] | None = None
    if entries == len(first) * len(rows):
        with contextlib.suppress(KeyError):  # as long as the first one, but with other names
            raw = {name: list(map(itemgetter(name), rows)) for name in first}
    if raw is None:
        names = dict.fromkeys(chain.from_iterable(rows))
        if len(names) * len(rows) > _MOST_HOLES * entries:
            return None
        raw = {name: [row.get(name) for row in rows] for name in names}
    kinds = {name: set(map(type, column)) for name, column in raw.items()}
    if any(dict in found for found in kinds.values()):
        return None
    return {
        name: column if kinds[name] <= _CLEAN else [number_of(value) for value in column]
        for name, column in raw.items()
    }


def _full(column: Column) -> Numbers | None:
    """A column as doubles; None if a number is missing."""
    try:
        return array("d", column)
    except TypeError:
        return None
    except OverflowError:  # an int that no double can hold
        return None if None in column else array("d", map(_double, column))


def _whole(column: Column) -> Numbers | None:
    """As `_full`; None too if a number is not finite."""
    numbers = _full(column)
    return numbers if numbers is not None and math.isfinite(sum(numbers)) else None


def _by_row(rows: Iterable[Row], before: int, left_out: set[str]) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for place, row in enumerate(rows, before):
        step_key, step = _first_number(row, STEP_KEYS)
        time_key, time = _first_number(row, TIME_KEYS)
        rank_key, rank = _first_number(row, ("rank",))
        prefix = f"rank{rank:.0f}/" if rank_key and rank else ""
        for name, value in _flat(row, prefix, {step_key, time_key, rank_key, *_RESERVED}, _DEPTH):
            if len(name) > LONGEST_NAME:
                left_out.add(name)
                continue
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
        number = number_of(row.get(key))
        if number is not None and math.isfinite(number):
            return key, number
    return None, 0.0


def _flat(row: Row, prefix: str, taken: set[str | None], depth: int) -> Iterable[tuple[str, float]]:
    """Names, also ones that are too long, and numbers; of a mapping whose name is too long no more than that."""
    for name, value in row.items():
        if name in taken:
            continue
        if isinstance(value, dict):
            if len(prefix) + len(name) > LONGEST_NAME:
                yield prefix + name, 0.0
            elif depth:
                yield from _flat(value, f"{prefix}{name}/", set(), depth - 1)
            continue
        number = number_of(value)
        if number is not None:
            yield prefix + name, number


def number_of(value: object) -> float | None:
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
