"""Zip archives: the directory at the end, and the checksums of members that are not too large."""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO

from orp_tui.deliverables.findings import Broken, CannotTell, counted, shown
from orp_tui.deliverables.formats.reading import size_of

_END = b"PK\x05\x06"
_MAX_COMMENT = 65_535
_MAX_DIRECTORY = 64 * 1024 * 1024
_CRC_MEMBER = 64 * 1024 * 1024
_CRC_TOTAL = 256 * 1024 * 1024
_CHUNK = 1024 * 1024


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """The archive, if its directory is there and of a sane size. Raises Broken and CannotTell.

    The directory stands at the end, so a file that was cut off has none.
    """
    size = size_of(file)
    file.seek(max(0, size - 22 - _MAX_COMMENT - 76))
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + 22:
        raise Broken("truncated: no zip directory at its end")
    length = int.from_bytes(tail[end + 12 : end + 16], "little")
    if length == 0xFFFFFFFF:  # zip64: the real one is in the record before
        big = tail.rfind(b"PK\x06\x06", 0, end)
        length = int.from_bytes(tail[big + 40 : big + 48], "little") if big >= 0 else length
    if length > min(_MAX_DIRECTORY, size):
        raise CannotTell(f"a zip directory of {length:,} bytes; at most {_MAX_DIRECTORY:,} are read")
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise Broken(f"damaged zip: {error}") from error


def check_members(archive: zipfile.ZipFile) -> tuple[int, int]:
    """How many members were read and their checksums found right, and how many were too large for that.

    Raises Broken if one is wrong.
    """
    read, left = 0, _CRC_TOTAL
    infos = archive.infolist()
    for info in infos:
        if info.is_dir():
            read += 1
            continue
        if info.file_size > min(_CRC_MEMBER, left):
            continue
        left -= info.file_size
        read_member(archive, info, keep=0)
        read += 1
    return read, len(infos) - read


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, keep: int) -> bytes:
    """The first `keep` bytes of a member that is read to its end, so that its checksum is compared.

    Raises Broken, CannotTell for what is encrypted or packed in an unknown way.
    """
    if info.flag_bits & 0x1:
        raise CannotTell(f"member {shown(info.filename)} is encrypted")
    kept = bytearray()
    try:
        with archive.open(info) as member:
            while chunk := member.read(_CHUNK):
                kept += chunk[: keep - len(kept)]
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise Broken(f"damaged: member {shown(info.filename)}: {str(error) or 'ends too early'}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise CannotTell(f"member {shown(info.filename)}: {error}") from error
    return bytes(kept)


def look_at_zip(file: BinaryIO) -> str:
    """Every member of a moderate size read and compared with its checksum."""
    with open_zip(file) as archive:
        read, unread = check_members(archive)
    rest = f", {unread:,} too large to be read" if unread else ""
    return f"zip, {counted(read, 'member')} read{rest}"
