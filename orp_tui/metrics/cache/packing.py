"""Points and headers as bytes. Doubles in the byte order of the machine, as a cache that stays on it may."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator

from orp_tui.core.series import Numbers, Points
from orp_tui.metrics.cache.rows import Unsound
from orp_tui.metrics.header import Axis, Header

POINT_BYTES = 24
"""Step, time, value."""

_SHARED = len(Header._fields) - 2
_AXIS = len(Axis._fields)
_HEADER = struct.Struct(f"={_SHARED + 2 * _AXIS}d")
HEADER_BYTES = _HEADER.size


def packed(points: Points) -> bytes:
    """Point after point, so that more can be added at the end."""
    numbers = array("d", bytes(POINT_BYTES * len(points)))
    numbers[0::3], numbers[1::3], numbers[2::3] = points.steps, points.times, points.values
    return numbers.tobytes()


def unpacked(data: bytes, count: int | None = None) -> Points:
    """The first `count` points in `data`, all of them without it.

    Raises Unsound if there are not so many, or there is half a point.
    """
    if len(data) % POINT_BYTES or (count is not None and len(data) < count * POINT_BYTES):
        raise Unsound(f"{len(data)} bytes are not {count} points")
    numbers: Numbers = array("d")
    numbers.frombytes(data if count is None else data[: count * POINT_BYTES])
    return Points(steps=numbers[0::3], values=numbers[2::3], times=numbers[1::3])


def packed_header(header: Header) -> bytes:
    return _HEADER.pack(*header[:_SHARED], *header.steps, *header.times)


def unpacked_header(data: bytes) -> Header:
    """Raises Unsound if that is no header."""
    if len(data) != HEADER_BYTES:
        raise Unsound(f"{len(data)} bytes are no header")
    return _header(_HEADER.unpack(data))


def unpacked_headers(data: bytes) -> Iterator[Header]:
    """Those that lie one after the other in `data`."""
    return map(_header, _HEADER.iter_unpack(data))


def _header(numbers: tuple[float, ...]) -> Header:
    steps, times = Axis(*numbers[_SHARED : _SHARED + _AXIS]), Axis(*numbers[_SHARED + _AXIS :])
    return Header._make((*numbers[:_SHARED], steps, times))
