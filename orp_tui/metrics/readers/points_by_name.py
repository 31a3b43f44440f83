"""Numbers that come one by one, with their names → points of each metric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orp_tui.core.series import Points
from orp_tui.metrics.rows import LONGEST_NAME, number_of

_DEPTH = 8


class PointsByName:
    """The points of one read, by metric, in the order in which they came."""

    def __init__(self) -> None:
        self._columns: dict[str, Points] = {}

    def add(self, name: str, step: float, value: float, time: float) -> None:
        """`time` in seconds since 1970, NaN for none."""
        points = self._columns.get(name)
        if points is None:
            points = self._columns[name] = Points.of((), ())
        points.steps.append(step)
        points.values.append(value)
        points.times.append(time)

    def points(self) -> dict[str, Points]:
        return self._columns


def named_numbers(name: str, value: Any, depth: int = _DEPTH) -> Iterator[tuple[str, float]]:
    """The numbers in a value as JSON gives it: itself, or those of a mapping as `name/inner`.

    A mapping with `_type` stands for a picture, a table or a histogram, and has none.
    """
    if len(name) > LONGEST_NAME:
        return
    if isinstance(value, dict):
        if depth and "_type" not in value:
            for inner, part in value.items():
                yield from named_numbers(f"{name}/{inner}", part, depth - 1)
        return
    number = number_of(value)
    if number is not None:
        yield name, number
