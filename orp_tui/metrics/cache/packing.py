"""Points and headers as bytes. Doubles in the byte order of the machine, as a cache that stays on it may.

A header ends in two checksums (CRC-32): that of the points it is about, and its own. SQLite looks at
no byte of a blob: without them a disk that forgets one bit would give other points, and nobody would know.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterator

from orp_tui.core.series import Numbers, Points
from orp_tui.metrics.cache.rows import Damaged, Unsound
from orp_tui.metrics.header import Axis, Header

POINT_BYTES = 24
"""Step, time, value."""

_SHARED = len(Header._fields) - 2
_AXIS = len(Axis._fields)
_NUMBERS = f"={_SHARED + 2 * _AXIS}d"
_OWN = struct.Struct(f"{_NUMBERS}I")
"""Numbers and the checksum of the points; its own follows."""
_HEADER = struct.Struct(f"{_NUMBERS}II")
HEADER_BYTES = _HEADER.size
_SOUND = zlib.crc32(struct.pack("<I", 0))
"""The CRC-32 of any bytes behind which their own CRC-32 stands, its lowest byte first."""


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


def packed_header(header: Header, checksum: int = 0) -> bytes:
    """`checksum` is the CRC-32 of the packed points; 0 for a header of several stretches."""
    data = _OWN.pack(*header[:_SHARED], *header.steps, *header.times, checksum)
    return data + struct.pack("<I", zlib.crc32(data))


def check_header(data: bytes) -> None:
    """Raises Unsound if that is no header, Damaged if it is not as it was written."""
    if len(data) != HEADER_BYTES:
        raise Unsound(f"{len(data)} bytes are no header")
    if zlib.crc32(data) != _SOUND:
        raise Damaged("a header is not as it was written")


def check_points(data: bytes, checksum: int) -> None:
    """Raises Damaged if packed points are not as they were written."""
    if zlib.crc32(data) != checksum:
        raise Damaged("points are not as they were written")


def unpacked_header(data: bytes) -> Header:
    """Raises Unsound if that is no header, Damaged if it is not as it was written."""
    check_header(data)
    return _header(_HEADER.unpack(data))


def unpacked_headers(data: bytes) -> Iterator[Header]:
    """Those that lie one after the other in `data`, and were looked at by `check_header`."""
    return map(_header, _HEADER.iter_unpack(data))


def checksum_of_points(header: bytes) -> int:
    """As a packed header has it."""
    checksum: int = _HEADER.unpack(header)[-2]
    return checksum


def _header(numbers: tuple[float, ...]) -> Header:
    steps, times = Axis(*numbers[_SHARED : _SHARED + _AXIS]), Axis(*numbers[_SHARED + _AXIS : -2])
    return Header._make((*numbers[:_SHARED], steps, times))
