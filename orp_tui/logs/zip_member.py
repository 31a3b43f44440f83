"""Reading one member of a zip in pieces: nothing goes to disk, memory stays flat."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator

from orp_tui.core.errors import ArchiveError
from orp_tui.logs.lines import last_rows
from orp_tui.logs.reader import open_regular
from orp_tui.logs.zip_directory import DEFLATED, STORED, ZipEntry, read_directory

_LOCAL = struct.Struct("<IHHHHHIIIHH")
_PIECE = 256 << 10
_MOST = 1 << 20
_KEPT = 16 << 20
"""Bytes at the end of a deflated log that are kept to find its last rows in."""


class ZipArchive:
    """An open zip. A context manager.

    Raises ArchiveError if it is no zip or is damaged, UnsafePath for what is no regular file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.fd = open_regular(self.path)
        try:
            self.size = os.fstat(self.fd).st_size
            self.entries = read_directory(self.fd, self.path)
        except BaseException:
            os.close(self.fd)
            raise

    def find(self, name: str) -> ZipEntry:
        """The one member of that name."""
        found = [entry for entry in self.entries if entry.name == name]
        if not found:
            raise ArchiveError(f"{self.path}: holds no member {name!r}")
        if len(found) > 1:
            raise ArchiveError(f"{self.path}: holds {len(found)} members called {name!r}")
        return found[0]

    def data_offset(self, entry: ZipEntry) -> int:
        """Where the member's bytes begin. Raises ArchiveError if its local header is not what it should be."""
        header = os.pread(self.fd, _LOCAL.size, entry.offset) if entry.offset < self.size else b""
        if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
            raise ArchiveError(f"{self.path}: damaged: no header for {entry.name!r}")
        fields: tuple[int, ...] = _LOCAL.unpack(header)
        name = os.pread(self.fd, fields[9], entry.offset + _LOCAL.size)
        said = name.decode("utf-8", "backslashreplace") if fields[2] & 0x800 else name.decode("cp437")
        if said != entry.name or fields[3] != entry.method:
            raise ArchiveError(f"{self.path}: damaged: {entry.name!r} is {said!r} where its bytes are")
        begin = entry.offset + _LOCAL.size + fields[9] + fields[10]
        if begin + entry.packed > self.size:
            raise ArchiveError(f"{self.path}: damaged: {entry.name!r} is cut off")
        return begin

    def chunks(self, entry: ZipEntry) -> Iterator[bytes]:
        """The member's bytes, at most 1 MiB at a time; size and CRC are checked at the end.

        Raises ArchiveError at the first byte that can't be right.
        """
        begin = self.data_offset(entry)
        if entry.encrypted or entry.method not in (STORED, DEFLATED):
            how = "encrypted" if entry.encrypted else f"compressed by method {entry.method}"
            raise ArchiveError(f"{self.path}: {entry.name!r} is {how}; that can't be read here")
        pieces = self._stored(entry, begin) if entry.method == STORED else self._inflated(entry, begin)
        crc = size = 0
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            if size > entry.size:
                break
            yield piece
        if size != entry.size:
            more = "more" if size > entry.size else "less"
            raise ArchiveError(f"{self.path}: damaged: {entry.name!r} holds {more} than {entry.size:,} bytes")
        if crc != entry.crc:
            raise ArchiveError(f"{self.path}: damaged: wrong CRC of {entry.name!r}")

    def _stored(self, entry: ZipEntry, begin: int) -> Iterator[bytes]:
        position, end = begin, begin + entry.packed
        while position < end:
            piece = os.pread(self.fd, min(_MOST, end - position), position)
            if not piece:
                return
            position += len(piece)
            yield piece

    def _inflated(self, entry: ZipEntry, begin: int) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(-15)
        position, end = begin, begin + entry.packed
        source = b""
        while not unpacker.eof:
            if not source:
                source = os.pread(self.fd, min(_PIECE, end - position), position)
                position += len(source)
            try:
                piece = unpacker.decompress(source, _MOST)
            except zlib.error as error:
                raise ArchiveError(f"{self.path}: damaged: {entry.name!r}: {error}") from error
            if not source and not piece:
                return  # the data ends before the stream does; the size says so
            source = unpacker.unconsumed_tail
            if piece:
                yield piece

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> ZipArchive:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class ZipMemberLog:
    """A log inside a zip; a `LogReader`.

    A stored member is read where it is asked for. A deflated one is unpacked from its
    beginning as far as needed: reading on is cheap, going back starts again.
    """

    def __init__(self, path: str | os.PathLike[str], member: str) -> None:
        self._archive = ZipArchive(path)
        try:
            self._entry = self._archive.find(member)
            self._begin = self._archive.data_offset(self._entry)
        except BaseException:
            self._archive.close()
            raise
        self._stream: Iterator[bytes] = iter(())
        self._position = -1
        self._rest = b""

    @property
    def name(self) -> str:
        return f"{self._archive.path}::{self._entry.name}"

    def size(self) -> int:
        return self._entry.size

    def read_from(self, offset: int, max_bytes: int) -> bytes:
        if self._seekable:
            most = min(max_bytes, self._entry.packed - offset)
            return os.pread(self._archive.fd, most, self._begin + offset) if most > 0 else b""
        if self._position < 0 or offset < self._position:
            self._stream, self._position, self._rest = self._archive.chunks(self._entry), 0, b""
        try:
            return self._read_on(offset, max_bytes)
        except ArchiveError:
            self._position = -1  # asked again, it fails again, and is not taken for the end
            raise

    def _read_on(self, offset: int, max_bytes: int) -> bytes:
        while self._position + len(self._rest) <= offset:
            self._position += len(self._rest)
            self._rest = next(self._stream, b"")
            if not self._rest:
                return b""
        wanted = bytearray(self._rest[offset - self._position :])
        while len(wanted) < max_bytes and (piece := next(self._stream, b"")):
            wanted += piece
        data, self._rest = bytes(wanted[:max_bytes]), bytes(wanted[max_bytes:])
        self._position = offset + len(data)
        return data

    def tail_lines(self, count: int) -> list[bytes]:
        if self._seekable:
            return last_rows(lambda offset, most: self.read_from(offset, most), self.size(), count)
        kept = bytearray()
        dropped = 0
        for chunk in self._archive.chunks(self._entry):
            kept += chunk
            if len(kept) > 2 * _KEPT:
                dropped += len(kept) - _KEPT
                del kept[:-_KEPT]
        view = bytes(kept)
        total = dropped + len(view)
        return last_rows(
            lambda offset, most: view[offset - dropped : offset - dropped + most], total, count, len(view)
        )

    def close(self) -> None:
        self._archive.close()

    @property
    def _seekable(self) -> bool:
        return self._entry.method == STORED and not self._entry.encrypted

    def __enter__(self) -> ZipMemberLog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
