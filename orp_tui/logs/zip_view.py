"""A log inside a zip, to be looked at anywhere: unpacked once, remembered at intervals.

A deflated member can only be unpacked from its beginning. While that is done, it looks like
a log that grows; every 4 MiB the unpacker's state is kept (some 45 KiB), so that any place
can be reached again from the state before it. Nothing goes to disk, and of what was
unpacked only the last few pieces stay.
"""

from __future__ import annotations

import os
import zlib
from collections import OrderedDict
from typing import NamedTuple

from orp_tui.core.errors import ArchiveError
from orp_tui.logs.lines import last_rows
from orp_tui.logs.path_watch import News
from orp_tui.logs.zip_directory import DEFLATED, STORED
from orp_tui.logs.zip_member import ZipArchive

SEGMENT = 4 << 20
_SEGMENTS_KEPT = 4
_PIECE = 32 << 10
"""Packed bytes read at once; what is left of them is kept with each state."""


class _State(NamedTuple):
    """An unpacker at the beginning of a segment."""

    unpacker: zlib._Decompress
    position: int
    """Of the next packed byte in the zip."""


class ZipView:
    """One member of a zip, as a log that has ended.

    Raises ArchiveError for what is no zip, is damaged, lacks the member or packs it in
    another way; UnsafePath and OSError as `ZipArchive` does.
    """

    def __init__(self, path: str | os.PathLike[str], member: str) -> None:
        self._archive = ZipArchive(path)
        try:
            self._entry = self._archive.find(member)
            begin = self._archive.data_offset(self._entry)
            if self._entry.encrypted or self._entry.method not in (STORED, DEFLATED):
                raise ArchiveError(
                    f"{self._archive.path}: {member!r} is packed in a way that can't be read here"
                )
        except BaseException:
            self._archive.close()
            raise
        self._begin, self._end = begin, begin + self._entry.packed
        stored = self._entry.method == STORED
        self._known = self._entry.packed if stored else 0
        self._done = stored
        self._crc = 0
        self._states = [] if stored else [_State(zlib.decompressobj(-15), begin)]
        self._segments: OrderedDict[int, bytes] = OrderedDict()

    @property
    def name(self) -> str:
        return f"{self._archive.path}::{self._entry.name}"

    @property
    def exists(self) -> bool:
        return True

    @property
    def ended(self) -> bool:
        return self._done

    @property
    def progress(self) -> str:
        if self._done:
            return ""
        return f"unpacking: {100 * self._known // max(1, self._entry.size)} %"

    def look(self) -> list[News]:
        return []

    def unpack(self) -> bool:
        """Unpack the next 4 MiB. Raises ArchiveError where the member is damaged; what was before stays."""
        if self._done:
            return False
        number = len(self._states) - 1
        try:
            data, state = self._inflate(self._states[number])
        except ArchiveError:
            self._done = True
            raise
        self._keep(number, data)
        self._known += len(data)
        self._crc = zlib.crc32(data, self._crc)
        if len(data) == SEGMENT and self._known <= self._entry.size:
            self._states.append(state)
            return True
        self._done = True
        if (self._known, self._crc) != (self._entry.size, self._entry.crc):
            raise ArchiveError(f"{self._archive.path}: damaged: {self._entry.name!r} is not what was packed")
        return True

    def size(self) -> int:
        """Bytes unpacked so far."""
        return self._known

    def read_from(self, offset: int, max_bytes: int) -> bytes:
        most = min(max_bytes, self._known - offset)
        if most <= 0 or offset < 0:
            return b""
        if self._entry.method == STORED:
            return os.pread(self._archive.fd, most, self._begin + offset)
        pieces: list[bytes] = []
        while most > 0:
            number, place = divmod(offset, SEGMENT)
            piece = self._segment(number)[place : place + most]
            if not piece:
                break
            pieces.append(piece)
            offset, most = offset + len(piece), most - len(piece)
        return b"".join(pieces)

    def tail_lines(self, count: int) -> list[bytes]:
        return last_rows(self.read_from, self.size(), count)

    def close(self) -> None:
        self._archive.close()

    def _segment(self, number: int) -> bytes:
        data = self._segments.get(number)
        if data is None:
            data, _ = self._inflate(self._states[number])
            self._keep(number, data)
        self._segments.move_to_end(number)
        return data

    def _keep(self, number: int, data: bytes) -> None:
        self._segments[number] = data
        if len(self._segments) > _SEGMENTS_KEPT:
            self._segments.popitem(last=False)

    def _inflate(self, state: _State) -> tuple[bytes, _State]:
        """The segment that begins at a state, and the state at its end; shorter only at the member's end."""
        unpacker, position = state.unpacker.copy(), state.position
        source = unpacker.unconsumed_tail
        data = bytearray()
        while len(data) < SEGMENT and not unpacker.eof:
            if not source:
                source = os.pread(self._archive.fd, min(_PIECE, self._end - position), position)
                position += len(source)
            try:
                piece = unpacker.decompress(source, SEGMENT - len(data))
            except zlib.error as error:
                raise ArchiveError(f"{self._archive.path}: damaged: {self._entry.name!r}: {error}") from error
            data += piece
            if not source and not piece:
                break
            source = unpacker.unconsumed_tail
        return bytes(data), _State(unpacker, position)
