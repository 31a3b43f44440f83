"""Records of W&B → points, by the numbers of their fields; no description of them is needed.

A row of the history has its values as JSON texts, each with a key or the parts of one. `_step` and
`_timestamp` are W&B's own, and `_runtime` and `_wandb` beside them, which are no metrics. The samples
that W&B takes of the machine have no step: they are counted, and named `sys/…`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from orp_tui.metrics.readers.points_by_name import PointsByName, named_numbers
from orp_tui.metrics.readers.tfevents_wire import BYTES, VARINT, Malformed, fields, signed, varint
from orp_tui.metrics.rows import LONGEST_NAME

_HISTORY, _STATS = 2, 7
"""Fields of a record."""
_ROW_ITEM, _ROW_STEP = 1, 2
_SAMPLE_TIME, _SAMPLE_ITEM = 2, 3
_KEY, _NESTED_KEY, _VALUE = 1, 2, 16
"""Fields of an item."""
_OTHER_RECORD = re.compile(rb"\x08[\x80-\xff]{0,9}[\x00-\x7f][^\x12\x3a]")
"""Its number, and then a field that is neither history nor stats: most records are such."""
_ROW_ITEM_BEGINS, _SHORT = 0x0A, 0x80
_VALUE_BEGINS = b"\x82\x01"
"""The field of an item's value: which it is, and that it is a text."""
_STEP, _TIME, _OWN = "_step", "_timestamp", ("_runtime", "_wandb", "_wandb/runtime")
_KIND = "/_type"
"""Ends the name by which a group is told to be a picture, a table or a histogram."""
_MOST_KEYS = 10_000

Named = tuple[str, float]


class RecordsToPoints:
    """Takes records one after the other; the points of a batch are those since `start`."""

    def __init__(self, samples: int = 0) -> None:
        self.samples = samples
        """How many samples of the machine came before."""
        self._names: dict[bytes, str] = {}
        """An item up to its value → its name: few come again and again."""
        self._found = PointsByName()

    def start(self) -> PointsByName:
        """Begin a new batch, and give it."""
        self._found = PointsByName()
        return self._found

    def take(self, record: bytes) -> None:
        """Raises Malformed for what is no record, before any point of it is taken."""
        if _OTHER_RECORD.match(record):
            return
        for number, kind, start, end in fields(record, 0, len(record)):
            if number == _HISTORY and kind == BYTES:
                self._take_row(record, start, end)
            elif number == _STATS and kind == BYTES:
                self._take_sample(record, start, end)

    def _take_row(self, record: bytes, place: int, end: int) -> None:
        found: list[Named] = []
        while place + 1 < end and record[place] == _ROW_ITEM_BEGINS and record[place + 1] < _SHORT:
            begin, place = place + 2, place + 2 + record[place + 1]
            if place > end:
                raise Malformed("an item longer than its row")
            found += self._numbers(record[begin:place])
        step_at: tuple[int, int] | None = None
        for number, kind, begin, stop in fields(record, place, end):
            if number == _ROW_ITEM and kind == BYTES:
                found += self._numbers(record[begin:stop])
            elif number == _ROW_STEP and kind == BYTES:
                step_at = (begin, stop)
        row = dict(found)
        step, time = row.pop(_STEP, math.nan), row.pop(_TIME, math.nan)
        if math.isnan(step) and step_at:
            step = _row_step(record, *step_at)
        if not math.isfinite(step):
            raise Malformed("a row without a step")
        self._add(_metrics(row), step, time)

    def _take_sample(self, record: bytes, start: int, end: int) -> None:
        time = math.nan
        found: list[Named] = []
        for number, kind, begin, stop in fields(record, start, end):
            if number == _SAMPLE_TIME and kind == BYTES:
                time = _moment(record, begin, stop)
            elif number == _SAMPLE_ITEM and kind == BYTES:
                found += self._numbers(record[begin:stop])
        self._add({f"sys/{name}": number for name, number in found}, self.samples, time)
        self.samples += 1

    def _add(self, values: dict[str, float], step: float, time: float) -> None:
        for name, number in values.items():
            self._found.add(name, step, number, time)

    def _numbers(self, item: bytes) -> Iterable[Named]:
        """The numbers in an item's value, with their names; what is a `_type` stands there without one."""
        place = item.find(_VALUE_BEGINS)
        name = self._names.get(item[:place]) if place > 0 else None
        if name is None:
            name, text = self._slowly(item, place)
        else:
            text = item[place + 3 :]
            if not 0 < len(text) < _SHORT or item[place + 2] != len(text):
                text = _long_value(item, place + 2)
        try:
            return ((name, float(text)),)
        except ValueError:
            return ((name, math.nan),) if name.endswith(_KIND) else named_numbers(name, _value(text))

    def _slowly(self, item: bytes, place: int) -> tuple[str, bytes]:
        """Name and value of an item in any order of its fields; the name is kept where the value begins at `place`."""
        parts, text = [], b"null"
        for number, kind, begin, stop in fields(item, 0, len(item)):
            if number in (_KEY, _NESTED_KEY) and kind == BYTES:
                parts.append(item[begin:stop].decode("utf-8", "replace"))
            elif number == _VALUE and kind == BYTES:
                text = item[begin:stop]
        name = "/".join(parts)
        if len(name) > LONGEST_NAME:
            return "", b"null"
        if place > 0 and len(self._names) < _MOST_KEYS and _are_keys(item[:place]):
            self._names[item[:place]] = name
        return name, text


def _are_keys(data: bytes) -> bool:
    """Whether these are whole fields, and all of them keys."""
    try:
        return all(
            number in (_KEY, _NESTED_KEY) and kind == BYTES
            for number, kind, _, _ in fields(data, 0, len(data))
        )
    except Malformed:
        return False


def _metrics(row: dict[str, float]) -> dict[str, float]:
    """What is left of a row without W&B's own and without those groups that are no numbers."""
    for name in _OWN:
        row.pop(name, None)
    groups = tuple(name.removesuffix("_type") for name in row if name.endswith(_KIND))
    return {name: number for name, number in row.items() if not name.startswith(groups)} if groups else row


def _value(text: bytes) -> Any:  # Any: as JSON gives it
    """What a JSON text says; raises Malformed if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("a value that is no JSON") from None


def _long_value(item: bytes, place: int) -> bytes:
    """The text whose length begins at `place`."""
    length, begin = varint(item, place, len(item))
    if length != len(item) - begin:
        raise Malformed("a value longer than its item")
    return item[begin:]


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
