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
_FIRST_FIELD = re.compile(rb"\x08[\x80-\xff]{0,9}[\x00-\x7f]([\x00-\xff])")
"""A record's number, and how the next field begins, which tells what it is: most are of no interest."""
_HISTORY_BEGINS, _STATS_BEGINS = b"\x12", b"\x3a"
_ROW_ITEM_BEGINS, _SHORT = 0x0A, 0x80
_VALUE_BEGINS = b"\x82\x01"
"""The field of an item's value: which it is, and that it is a text."""
_OWN = ("_runtime", "_wandb/runtime")
_KIND = "/_type"
"""Ends the name by which a group is told to be a picture, a table or a histogram."""
_MOST_KEYS = 10_000


class RecordsToPoints:
    """Takes records one after the other; the points of a batch are those since `start`."""

    def __init__(self, samples: int = 0) -> None:
        self.samples = samples
        """How many samples of the machine came before."""
        self._names: dict[bytes, str] = {}
        """An item up to its value → its name: few come again and again."""
        self._groups: tuple[str, ...] = ()
        """How the names in a row begin that are parts of a picture, a table or a histogram."""
        self._found = PointsByName()

    def start(self) -> PointsByName:
        """Begin a new batch, and give it."""
        self._found = PointsByName()
        return self._found

    def take(self, record: bytes) -> None:
        """Raises Malformed for what is no record, before any point of it is taken."""
        begins = _FIRST_FIELD.match(record)
        if begins and begins[1] == _HISTORY_BEGINS:
            length, start = varint(record, begins.end(), len(record))
            if start + length == len(record):
                self._take_row(record, start, len(record))
                return
        elif begins and begins[1] != _STATS_BEGINS:
            return
        for number, kind, start, end in fields(record, 0, len(record)):
            if number == _HISTORY and kind == BYTES:
                self._take_row(record, start, end)
            elif number == _STATS and kind == BYTES:
                self._take_sample(record, start, end)

    def _take_row(self, record: bytes, place: int, end: int) -> None:
        row: dict[str, float] = {}
        self._groups = ()
        place = self._take_short_items(record, place, end, row)
        step = row.pop("_step", math.nan)
        if math.isnan(step) or (place < end and record[place] == _ROW_ITEM_BEGINS):
            for field, kind, begin, stop in fields(record, place, end):
                if field == _ROW_ITEM and kind == BYTES:
                    row.update(self._numbers(record[begin:stop]))
                elif field == _ROW_STEP and kind == BYTES and math.isnan(step):
                    step = _row_step(record, begin, stop)
        step, time = row.pop("_step", step), row.pop("_timestamp", math.nan)
        if not math.isfinite(step):
            raise Malformed("a row without a step")
        for name in _OWN:
            row.pop(name, None)
        for name, number in row.items():
            if not self._groups or not name.startswith(self._groups):
                self._found.add(name, step, number, time)

    def _take_short_items(self, record: bytes, place: int, end: int, row: dict[str, float]) -> int:
        """Put the numbers of the items that stand at `place` into `row`; where the first other field begins."""
        names = self._names
        while place + 1 < end and record[place] == _ROW_ITEM_BEGINS and record[place + 1] < _SHORT:
            begin, place = place + 2, place + 2 + record[place + 1]
            if place > end:
                raise Malformed("an item longer than its row")
            value = record.find(_VALUE_BEGINS, begin, place)
            name = names.get(record[begin:value]) if value > 0 else None
            text = record[value + 3 : place]
            try:
                if name is None or record[value + 2] != len(text):
                    raise ValueError
                row[name] = float(text)
            except (ValueError, IndexError):
                row.update(self._numbers(record[begin:place]))
        return place

    def _take_sample(self, record: bytes, start: int, end: int) -> None:
        time = math.nan
        found: dict[str, float] = {}
        for field, kind, begin, stop in fields(record, start, end):
            if field == _SAMPLE_TIME and kind == BYTES:
                time = _moment(record, begin, stop)
            elif field == _SAMPLE_ITEM and kind == BYTES:
                found.update(self._numbers(record[begin:stop]))
        for name, number in found.items():
            self._found.add(f"sys/{name}", self.samples, number, time)
        self.samples += 1

    def _numbers(self, item: bytes) -> Iterable[tuple[str, float]]:
        """The numbers in an item's value, with their names."""
        name, text = self._name_and_value(item)
        try:
            return ((name, float(text)),)
        except ValueError:
            if name.endswith(_KIND):
                self._groups += (name.removesuffix("_type"),)
            return named_numbers(name, _value(text))

    def _name_and_value(self, item: bytes) -> tuple[str, bytes]:
        """Of an item in any order of its fields; the name is kept, to be known again without this."""
        parts, text = [], b"null"
        for number, kind, begin, stop in fields(item, 0, len(item)):
            if number in (_KEY, _NESTED_KEY) and kind == BYTES:
                parts.append(item[begin:stop].decode("utf-8", "replace"))
            elif number == _VALUE and kind == BYTES:
                text = item[begin:stop]
        name = "/".join(parts)
        if len(name) > LONGEST_NAME:
            return "", b"null"
        place = item.find(_VALUE_BEGINS)
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


def _value(text: bytes) -> Any:  # Any: as JSON gives it
    """What a JSON text says; raises Malformed if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("a value that is no JSON") from None


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
