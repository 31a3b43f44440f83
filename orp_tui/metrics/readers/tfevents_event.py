"""An event: when, at which step, and the scalars in it. Everything else in it is passed over.

A scalar is a `simple_value` (torch, tensorboardX, TensorFlow 1) or a tensor of one number.
"""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Iterator
from itertools import islice

from orp_tui.metrics.readers.tfevents_tensor import F32, F64, Number, number_in
from orp_tui.metrics.readers.tfevents_wire import BYTES, FIXED32, FIXED64, VARINT, Malformed, fields, signed

MOST = 10_000
"""Scalars in one event; no training logs so many at once."""
_START = (1, VARINT, 1, 0)
"""In a session log: a training starts."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scalar:
    """One value."""

    tag: bytes
    value: float
    at: int
    """Where its bytes begin, if `form` reads it there."""
    form: struct.Struct | None
    """What reads it; None if it is written otherwise."""


@dataclasses.dataclass(slots=True)
class Event:
    """What one record says."""

    wall: float = math.nan
    """Seconds since 1970; NaN if it says none."""
    step: int = 0
    scalars: list[Scalar] = dataclasses.field(default_factory=list)
    starts: bool = False
    """A training starts here, and voids what was logged before at this step and beyond."""


def event_in(data: bytes, begin: int, end: int) -> Event:
    """The event that is the message between the two places. Raises Malformed if that is none."""
    event = Event()
    for number, kind, at, stop in fields(data, begin, end):
        if number == 1 and kind == FIXED64:
            event.wall = F64.unpack_from(data, at)[0]
        elif number == 2 and kind == VARINT:
            event.step = signed(at)
        elif number == 5 and kind == BYTES:
            event.scalars += islice(_scalars(data, at, stop), MOST + 1)
            if len(event.scalars) > MOST:
                raise Malformed(f"more than {MOST:,} scalars")
        elif number == 7 and kind == BYTES:
            event.starts = _START in fields(data, at, stop)
    return event


def _scalars(data: bytes, begin: int, end: int) -> Iterator[Scalar]:
    for number, kind, at, stop in fields(data, begin, end):
        if number == 1 and kind == BYTES:
            scalar = _scalar(data, at, stop)
            if scalar is not None:
                yield scalar


def _scalar(data: bytes, begin: int, end: int) -> Scalar | None:
    """What a value of a summary holds; None if that is no scalar."""
    tag = node = b""
    found: Number | None = None
    for number, kind, at, stop in fields(data, begin, end):
        if number == 1 and kind == BYTES:
            tag = data[at:stop]
        elif number == 2 and kind == FIXED32:
            found = F32.unpack_from(data, at)[0], at, F32
        elif number == 7 and kind == BYTES:
            node = data[at:stop]  # before there were tags, the name of the operation was it
        elif number == 8 and kind == BYTES:
            found = number_in(data, at, stop)
    return None if found is None else Scalar(tag or node, *found)
