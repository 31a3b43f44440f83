"""Records of W&B → points, by the numbers of their fields; no description of them is needed.

A row of the history has its values as JSON texts, each with a key or the parts of one. `_step` and
`_timestamp` are W&B's own, and `_runtime` and `_wandb` beside them, which are no metrics. The samples
that W&B takes of the machine have no step: they are counted, and named `sys/…`.
"""

from __future__ import annotations

import json
import math
from typing import Any

from orp_tui.metrics.readers.points_by_name import PointsByName, named_numbers
from orp_tui.metrics.readers.tfevents_wire import BYTES, VARINT, Malformed, fields, signed

_HISTORY, _STATS = 2, 7
"""Fields of a record."""
_ROW_ITEM, _ROW_STEP = 1, 2
_SAMPLE_TIME, _SAMPLE_ITEM = 2, 3
_KEY, _NESTED_KEY, _VALUE = 1, 2, 16
"""Fields of an item."""
_OWN = frozenset({"_step", "_timestamp", "_runtime", "_wandb"})


class RecordsToPoints:
    """Takes records one after the other; `points` are those since the last `start`."""

    def __init__(self, samples: int = 0) -> None:
        self.samples = samples
        """How many samples of the machine came before."""
        self._found = PointsByName()

    def start(self) -> PointsByName:
        """Begin a new batch, and give it."""
        self._found = PointsByName()
        return self._found

    def take(self, record: bytes) -> None:
        """Raises Malformed for what is no record, before any point of it is taken."""
        for number, kind, start, end in fields(record, 0, len(record)):
            if kind != BYTES:
                continue
            if number == _HISTORY:
                self._take_row(record, start, end)
            elif number == _STATS:
                self._take_sample(record, start, end)

    def _take_row(self, record: bytes, start: int, end: int) -> None:
        step, time = math.nan, math.nan
        values: list[tuple[str, Any]] = []
        for number, kind, begin, stop in fields(record, start, end):
            if number == _ROW_ITEM and kind == BYTES:
                name, value = self._item(record, begin, stop)
                if name == "_timestamp":
                    time = _finite(value)
                elif name == "_step":
                    step = _finite(value)
                elif name not in _OWN:
                    values.append((name, value))
            elif number == _ROW_STEP and kind == BYTES and math.isnan(step):
                step = _row_step(record, begin, stop)
        if math.isnan(step):
            raise Malformed("a row without a step")
        for name, value in values:
            for full_name, found in named_numbers(name, value):
                self._found.add(full_name, step, found, time)

    def _take_sample(self, record: bytes, start: int, end: int) -> None:
        time = math.nan
        values: list[tuple[str, Any]] = []
        for number, kind, begin, stop in fields(record, start, end):
            if number == _SAMPLE_TIME and kind == BYTES:
                time = _moment(record, begin, stop)
            elif number == _SAMPLE_ITEM and kind == BYTES:
                values.append(self._item(record, begin, stop))
        for name, value in values:
            for full_name, found in named_numbers(f"sys/{name}", value):
                self._found.add(full_name, self.samples, found, time)
        self.samples += 1

    def _item(self, record: bytes, start: int, end: int) -> tuple[str, Any]:
        """Name and value, which is None where it is no JSON."""
        parts, value = [], None
        for number, kind, begin, stop in fields(record, start, end):
            if number in (_KEY, _NESTED_KEY) and kind == BYTES:
                parts.append(record[begin:stop].decode("utf-8", "replace"))
            elif number == _VALUE and kind == BYTES:
                value = _value(record[begin:stop])
        return "/".join(parts), value


def _value(text: bytes) -> Any:  # Any: as JSON gives it
    """What a JSON text says; raises Malformed if it is none."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("a value that is no JSON") from None


def _finite(value: Any) -> float:
    """A number of W&B's own; NaN if it is none."""
    return value if isinstance(value, float) and math.isfinite(value) else math.nan


def _row_step(record: bytes, start: int, end: int) -> float:
    """The step of a row that has no `_step`; protobuf leaves a zero out."""
    numbers = (
        found for number, kind, found, _ in fields(record, start, end) if number == 1 and kind == VARINT
    )
    return float(signed(next(numbers, 0)))


def _moment(record: bytes, start: int, end: int) -> float:
    """Seconds since 1970 of a time stamp in seconds and nanoseconds."""
    parts = {number: found for number, kind, found, _ in fields(record, start, end) if kind == VARINT}
    return signed(parts.get(1, 0)) + signed(parts.get(2, 0)) / 1e9
