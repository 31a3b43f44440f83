"""The directory at the end of a zip: names and numbers, nothing unpacked.

Layout after PKWARE's APPNOTE 6.3. Every number is hostile until checked: a zip may come
from anywhere, and the directory is what decides how much work the rest will be.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from collections.abc import Iterator

from orp_tui.core.errors import ArchiveError

STORED, DEFLATED = 0, 8
MAX_MEMBERS = 1_000_000
MAX_DIRECTORY = 256 << 20

_END = struct.Struct("<IHHHHIIH")
_LOCATOR64 = struct.Struct("<IIQI")
_END64 = struct.Struct("<IQHHIIQQQQ")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_NO_SIZE, _NO_COUNT = 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800


@dataclasses.dataclass(frozen=True, slots=True)
class ZipEntry:
    """One line of the directory."""

    name: str
    method: int
    """0 stored, 8 deflated; others can't be read."""
    encrypted: bool
    crc: int
    size: int
    packed: int
    """Bytes in the zip."""
    offset: int
    """Of its local header."""
    mode: int
    """Unix mode with the kind of file; 0 if the zip says none."""


def read_directory(fd: int, path: str) -> list[ZipEntry]:
    """The members in the order of the directory. `path` is for messages.

    Raises ArchiveError if it is no zip, is damaged, or has more members than anybody should read.
    """
    size = os.fstat(fd).st_size
    end, count, length, begin = _find_end(fd, size, path)
    if count > MAX_MEMBERS or length > MAX_DIRECTORY:
        raise ArchiveError(f"{path}: refused: {count:,} members, a directory of {length:,} bytes")
    shift = end - length - begin  # bytes before the zip, as in a self-extracting one
    if shift < 0:
        raise ArchiveError(f"{path}: damaged: its directory lies outside the file")
    data = os.pread(fd, length, begin + shift)
    entries = list(_entries(data, shift, path))
    if len(entries) != count or len(data) != length:
        raise ArchiveError(f"{path}: damaged: {count:,} members announced, {len(entries):,} found")
    return entries


def _find_end(fd: int, size: int, path: str) -> tuple[int, int, int, int]:
    """Where the directory ends; number of members, directory's length and offset as announced."""
    tail_begin = max(0, size - _END.size - 0xFFFF)
    tail = os.pread(fd, size - tail_begin, tail_begin)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END.size:
        raise ArchiveError(f"{path}: not a zip, or its end is missing")
    _, disk, first_disk, _, count, length, begin, _ = _END.unpack_from(tail, place)
    end = tail_begin + place
    if disk not in (0, _NO_COUNT) or first_disk not in (0, _NO_COUNT):
        raise ArchiveError(f"{path}: a part of a zip in several files")
    # Writers add the wide record from 2 GiB on, with narrow numbers that still hold: it is looked for always.
    locator = os.pread(fd, _LOCATOR64.size, end - _LOCATOR64.size) if end >= _LOCATOR64.size else b""
    if not locator.startswith(b"PK\x06\x07"):
        return end, count, length, begin
    end64 = end - _LOCATOR64.size - _END64.size
    for where in (_LOCATOR64.unpack(locator)[2], end64):  # as announced, or right before the locator
        record = os.pread(fd, _END64.size, where) if 0 <= where < size else b""
        if record.startswith(b"PK\x06\x06") and len(record) == _END64.size:
            count, length, begin = _END64.unpack(record)[7:]
            return where, count, length, begin
    raise ArchiveError(f"{path}: damaged: the zip64 end record is missing")


def _entries(data: bytes, shift: int, path: str) -> Iterator[ZipEntry]:
    position = 0
    while position < len(data):
        try:
            fields = _CENTRAL.unpack_from(data, position)
        except struct.error as error:
            raise ArchiveError(f"{path}: damaged: its directory is cut off") from error
        if fields[0] != 0x02014B50:
            raise ArchiveError(f"{path}: damaged: no directory record at byte {position:,} of the directory")
        name_length, extra_length, comment_length = fields[10:13]
        name_end = position + _CENTRAL.size + name_length
        raw = data[position + _CENTRAL.size : name_end]
        extra = data[name_end : name_end + extra_length]
        position = name_end + extra_length + comment_length
        if position > len(data):
            raise ArchiveError(f"{path}: damaged: its directory is cut off")
        yield _entry(raw, extra, fields, shift, path)


def _entry(raw: bytes, extra: bytes, fields: tuple[int, ...], shift: int, path: str) -> ZipEntry:
    flags = fields[3]
    name = raw.decode("utf-8", "backslashreplace") if flags & _UTF8 else raw.decode("cp437")
    numbers = [fields[9], fields[8], fields[16]]  # size, packed, offset
    if _NO_SIZE in numbers:
        wide = _wide_numbers(extra)
        for place, number in enumerate(numbers):
            if number == _NO_SIZE:
                if not wide:
                    raise ArchiveError(f"{path}: damaged: {name!r} lacks its zip64 sizes")
                numbers[place] = wide.pop(0)
    unix = fields[1] >> 8 == 3
    return ZipEntry(
        name=name,
        method=fields[4],
        encrypted=bool(flags & _ENCRYPTED),
        crc=fields[7],
        size=numbers[0],
        packed=numbers[1],
        offset=numbers[2] + shift,
        mode=fields[15] >> 16 if unix else 0,
    )


def _wide_numbers(extra: bytes) -> list[int]:
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        body = extra[position + 4 : position + 4 + length]
        if kind == 1:
            return list(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
        position += 4 + length
    return []
