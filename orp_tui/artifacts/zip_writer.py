"""A zip written front to back, member by member, to one descriptor.

Leaner than the standard library's writer where a finaliser feels it: nothing heavy to
import, one pass over each file for digest, checksum and data, times that no calendar can
break, zip64 exactly where needed. Layout after PKWARE's APPNOTE 6.3; sizes above 2 GiB
take zip64, as the standard library does it, because older readers count in signed numbers.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Iterable, Iterator

from orp_tui.artifacts.deflate import deflate as deflate_whole
from orp_tui.artifacts.deflate import deflated

STORED, DEFLATED = 0, 8
ZIP64_LIMIT = (1 << 31) - 1
MAX_COUNT = 0xFFFE

_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END = struct.Struct("<IHHHHIIH")
_END64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<IIQI")
_MADE_BY_UNIX = 3 << 8
_UTF8 = 0x800
_FLUSH_AT = 1 << 20
_REGULAR = 0o100000
_NO_SIZE = 0xFFFFFFFF


class ZipWriter:
    """The zip on `fd`, which stands at its start and can be written at any place.

    Raises OSError as the system gives it (ENOSPC…); what is on `fd` is then of no use.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._central: list[bytes] = []
        self.position = 0
        """Bytes written so far."""

    def add(self, name: str, data: bytes, *, mtime: float, mode: int = 0o644, deflate: bool = True) -> None:
        """A member that is in memory; deflated if asked for and if that saves at least 1 part in 12."""
        method, body = STORED, data
        if deflate and data:
            packed = deflate_whole(data)
            if len(packed) < len(data) - len(data) // 12:
                method, body = DEFLATED, packed
        entry = _Entry(name, method, mtime, mode, self.position)
        entry.crc, entry.size, entry.packed = zlib.crc32(data), len(data), len(body)
        self._write(entry.local(zip64=False))
        self._write(body)
        self._central.append(entry.central())

    def add_stream(
        self, name: str, chunks: Iterable[bytes], most: int, *, mtime: float, mode: int = 0o644, deflate: bool
    ) -> None:
        """A member of what `chunks` gives, `most` bytes or fewer."""
        entry = _Entry(name, DEFLATED if deflate else STORED, mtime, mode, self.position)
        zip64 = most + (most >> 10) + 1024 > ZIP64_LIMIT  # deflate may add a little to what can't be packed
        self._write(entry.local(zip64=zip64))
        begin = self.position
        counted = entry.counted(chunks)
        for piece in deflated(counted) if deflate else counted:
            self._write(piece)
        entry.packed = self.position - begin
        self._flush()
        _pwrite(self._fd, entry.local(zip64=zip64), entry.offset)
        self._central.append(entry.central())

    def finish(self) -> None:
        """The central directory; after it nothing can be added."""
        begin = self.position
        for record in self._central:
            self._write(record)
        self._write(_end(len(self._central), begin, self.position))
        self._flush()

    def _write(self, data: bytes) -> None:
        if not data:
            return
        self._buffer.append(data)
        self._buffered += len(data)
        self.position += len(data)
        if self._buffered >= _FLUSH_AT:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._buffer) if len(self._buffer) > 1 else (self._buffer or [b""])[0]
        _pwrite(self._fd, data, self.position - self._buffered)
        self._buffer, self._buffered = [], 0


class _Entry:
    """What the two headers of a member say."""

    def __init__(self, name: str, method: int, mtime: float, mode: int, offset: int) -> None:
        self.name = name.encode("utf-8")
        if len(self.name) > 0xFFFF:
            raise ValueError(f"a name of {len(self.name)} bytes does not fit in a zip")
        self.flags = 0 if name.isascii() else _UTF8
        self.method, self.offset = method, offset
        self.date, self.time = dos_time(mtime)
        self.extra = _unix_time(mtime)
        self.mode = mode
        self.crc = self.size = self.packed = 0

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, their size and checksum taken on the way."""
        for chunk in chunks:
            self.crc = zlib.crc32(chunk, self.crc)
            self.size += len(chunk)
            yield chunk

    def local(self, *, zip64: bool) -> bytes:
        size, packed, extra = self.size, self.packed, self.extra
        if zip64:
            extra += struct.pack("<HHQQ", 1, 16, size, packed)
            size = packed = _NO_SIZE
        version = 45 if zip64 else 20
        return (
            _LOCAL.pack(
                *(0x04034B50, version, self.flags, self.method, self.time, self.date),
                *(self.crc, packed, size, len(self.name), len(extra)),
            )
            + self.name
            + extra
        )

    def central(self) -> bytes:
        wide: list[int] = []
        size, packed, offset = self.size, self.packed, self.offset
        if size > ZIP64_LIMIT or packed > ZIP64_LIMIT:
            wide += [size, packed]
            size = packed = _NO_SIZE
        if offset > ZIP64_LIMIT:
            wide.append(offset)
            offset = _NO_SIZE
        extra = self.extra
        if wide:
            extra += struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide)
        version = 45 if wide else 20
        return (
            _CENTRAL.pack(
                *(
                    0x02014B50,
                    _MADE_BY_UNIX | version,
                    version,
                    self.flags,
                    self.method,
                    self.time,
                    self.date,
                ),
                *(self.crc, packed, size, len(self.name), len(extra), 0, 0, 0),
                *((_REGULAR | self.mode) << 16, offset),
            )
            + self.name
            + extra
        )


def dos_time(mtime: float) -> tuple[int, int]:
    """Date and time words in UTC, moved into what a zip can say: 1980 to 2107, even seconds."""
    try:
        year, month, day, hour, minute, second = time.gmtime(mtime)[:6]
    except (OverflowError, ValueError, OSError):
        year, month, day, hour, minute, second = 1980, 1, 1, 0, 0, 0
    if year < 1980:
        year, month, day, hour, minute, second = 1980, 1, 1, 0, 0, 0
    elif year > 2107:
        year, month, day, hour, minute, second = 2107, 12, 31, 23, 59, 58
    return (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | min(second, 59) // 2


def _unix_time(mtime: float) -> bytes:
    """Info-ZIP's extra field `UT`: the true time, where it fits in 32 bits."""
    if not -(1 << 31) <= mtime < 1 << 31:
        return b""
    return struct.pack("<HHBi", 0x5455, 5, 1, int(mtime))


def _end(count: int, begin: int, end: int) -> bytes:
    wide = b""
    size, start = end - begin, begin
    if count > MAX_COUNT or begin > ZIP64_LIMIT or size > ZIP64_LIMIT:
        wide = _END64.pack(0x06064B50, 44, 45, 45, 0, 0, count, count, size, begin)
        wide += _LOCATOR64.pack(0x07064B50, 0, end, 1)
        count, size, start = min(count, 0xFFFF), min(size, _NO_SIZE), min(begin, _NO_SIZE)
    return wide + _END.pack(0x06054B50, 0, 0, count, count, size, start, 0)


def _pwrite(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, offset)
        view, offset = view[done:], offset + done
