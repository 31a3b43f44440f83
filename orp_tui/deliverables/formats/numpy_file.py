"""`.npy` and `.npz`: the header's arithmetic, without numpy.

Source: NEP 1, the format's description.
"""

from __future__ import annotations

import ast
import math
import re
import zipfile
import zlib
from typing import BinaryIO

from orp_tui.deliverables.findings import Broken, CannotTell, counted, shown
from orp_tui.deliverables.formats.pickle_listing import Listing, imports_in_words, list_pickle
from orp_tui.deliverables.formats.reading import exactly, size_of, truncated
from orp_tui.deliverables.formats.zip_file import check_members, open_zip, read_member

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000  # as numpy's own limit
_SIMPLE = re.compile(r"[<>|=]?([biufcSaVUmM?O])([0-9]*)(?:\[[^\]]{1,20}\])?$")


def look_at_npy(file: BinaryIO) -> str:
    """A detail: shape and type. Raises Broken if the file is not as long as its header promises."""
    size = size_of(file)
    head = exactly(file, 12, "the header")
    shape, kind, start = array_header(head + file.read(_MAX_HEADER))
    width = _width(kind)
    if width is None:
        listing = Listing()
        file.seek(start)
        list_pickle(file, listing)
        return f"array {shape} of objects, pickled{imports_in_words(listing)}"
    promised = start + width * math.prod(shape)
    if promised > size:
        raise truncated(promised, size)
    return f"array {shape} of {shown(kind, 40)}"


def look_at_npz(file: BinaryIO) -> str:
    """As `look_at_npy` for every member, and the checksums."""
    arrays = 0
    with open_zip(file) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            head = _first_bytes(archive, info) if info.file_size else b""
            shape, kind, start = array_header(head)
            width = _width(kind)
            promised = start + (width or 0) * math.prod(shape)
            if width is not None and promised != info.file_size:
                name = shown(info.filename)
                raise Broken(f"array {name} has {info.file_size:,} bytes, its header promises {promised:,}")
            arrays += 1
        _, unread = check_members(archive)
    if not arrays:
        raise Broken("a zip, but no array in it")
    rest = f", {unread:,} too large for their checksums" if unread else ""
    return f"{counted(arrays, 'array')}{rest}"


def _first_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size <= _MAX_HEADER:
        return read_member(archive, info, keep=_MAX_HEADER)
    try:
        with archive.open(info) as member:
            return member.read(_MAX_HEADER + 12)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise Broken(f"damaged: member {shown(info.filename)}: {error}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise CannotTell(f"member {shown(info.filename)}: {error}") from error


def array_header(data: bytes) -> tuple[tuple[int, ...], object, int]:
    """Shape, dtype description and where the numbers begin. Raises Broken and CannotTell."""
    if not data.startswith(_MAGIC):
        raise Broken("empty" if not data else "no numpy array: its first bytes are not its mark")
    wide = data[6:7] != b"\x01"
    start = 12 if wide else 10
    length = int.from_bytes(data[8:start], "little")
    if length > _MAX_HEADER:
        raise CannotTell(f"a header of {length:,} bytes; at most {_MAX_HEADER:,} are read")
    text = data[start : start + length]
    if len(text) < length:
        raise Broken("truncated: the file ends within the header")
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
        shape, kind = tuple(header["shape"]), header["descr"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise Broken("damaged: its header can't be read") from error
    if not all(type(part) is int and 0 <= part < 2**63 for part in shape) or len(shape) > 64:
        raise Broken(f"damaged: impossible shape {shown(shape, 60)}")
    return shape, kind, start + length


def _width(kind: object) -> int | None:
    """Bytes of one element; None for pickled objects."""
    if isinstance(kind, list):
        widths = [_field(field) for field in kind]
        return None if None in widths else sum(width for width in widths if width is not None)
    if isinstance(kind, tuple) and len(kind) == 2:  # a subarray: (type, shape)
        return _field(("", *kind))
    found = _SIMPLE.match(kind) if isinstance(kind, str) else None
    if found is None or len(found[2]) > 9:
        raise CannotTell(f"unknown type {shown(kind, 40)}")
    letter, digits = found[1], int(found[2] or 1)
    if letter == "O":
        return None
    return digits * 4 if letter == "U" else digits


def _field(field: object) -> int | None:
    if not isinstance(field, tuple) or len(field) not in (2, 3):
        raise CannotTell(f"unknown type {shown(field, 40)}")
    width = _width(field[1])
    if width is None or len(field) == 2:
        return width
    shape = field[2] if isinstance(field[2], tuple) else (field[2],)
    if not all(type(part) is int and 0 <= part < 2**31 for part in shape):
        raise CannotTell(f"unknown type {shown(field, 40)}")
    return width * math.prod(shape)
