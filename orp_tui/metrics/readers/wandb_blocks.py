"""The blocks of a `.wandb` file → whole records: LevelDB's log format with W&B's header and checksum.

After a header of 7 bytes the file is in blocks of 32 KiB, counted from its beginning. In them stand
chunks (checksum, length, kind, bytes), and a record is one chunk or several. A chunk that is damaged
makes the rest of its block worthless, for its length may be what is wrong; the next block is sound again.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from struct import Struct

HEADER = 7
"""Bytes before the first chunk of the file, and before the bytes of each chunk."""
MAGIC = b":W&B"
BLOCK = 32 << 10

_CHUNK = Struct("<IHB")
"""Checksum, length, kind."""
_DAMAGED, _WHOLE, _FIRST, _MIDDLE, _LAST = range(5)
_KINDS = range(_WHOLE, _LAST + 1)
_BEGINS, _ENDS = (_WHOLE, _FIRST), (_WHOLE, _LAST)
_SEEDS = tuple(zlib.crc32(bytes((kind,))) for kind in range(5))


@dataclasses.dataclass(slots=True)
class Cut:
    """What a stretch of the file holds."""

    skipping: str
    """What follows is passed over to the end of that: `block`, `record`, or nothing."""
    records: list[bytes] = dataclasses.field(default_factory=list)
    taken: int = 0
    """Bytes of the stretch that need not be looked at again."""
    bad: int = 0
    first_bad: str = ""

    def blame(self, offset: int, what: str) -> None:
        self.bad += 1
        self.first_bad = self.first_bad or f"at byte {offset}: {what}"


def cut(data: bytes, offset: int, skipping: str = "", *, longest: int, final: bool = False) -> Cut:
    """The whole records in `data`, which begins at `offset` of the file: 0, or where an earlier cut left it.

    What is damaged in a block that is not full yet may still be in the making: it waits, unless it is
    `final`. A record of more than `longest` bytes is passed over.
    """
    found = Cut(skipping)
    if offset == 0:
        found.taken = HEADER if len(data) >= HEADER else 0
        if not found.taken:
            return found
    elif skipping == "block":
        found.taken = min(len(data), BLOCK - offset % BLOCK)
        if (offset + found.taken) % BLOCK:
            return found
        found.skipping = "record"
    parts: list[bytes] = []
    for kind, start, end, chunk in _chunks(data, found.taken, offset, final):
        if kind == _WHOLE and not parts:  # nearly all
            found.records.append(chunk)
            found.skipping, found.taken = "", end
            continue
        if kind in _BEGINS:
            if parts:
                found.blame(offset + start, "the record before has no end")
            parts, found.skipping = [], ""
        elif kind == _DAMAGED:
            found.blame(offset + start, "damaged")
            parts, found.skipping = [], "block" if (offset + end) % BLOCK else "record"
        elif not parts and not found.skipping:
            found.blame(offset + start, "a record without its beginning")
            found.skipping = "record"
        if not found.skipping:
            parts.append(chunk)
            if len(parts) > 1 and sum(map(len, parts)) > longest:
                found.blame(offset + start, f"a record of more than {longest >> 20} MiB")
                parts, found.skipping = [], "record"
        if kind in _ENDS:
            if parts:
                found.records.append(b"".join(parts))
            parts, found.skipping = [], ""
        if not parts:
            found.taken = end
    return found


def _chunks(data: bytes, place: int, offset: int, final: bool) -> Iterator[tuple[int, int, int, bytes]]:
    """Kind, beginning, end and bytes of each chunk from `place` on; of a damaged one the end is its block's."""
    size = len(data)
    while True:
        left = BLOCK - (offset + place) % BLOCK
        if left < HEADER:  # what is left of a block is filled with zeros
            place, left = place + left, BLOCK
        start = place + HEADER
        if start > size:
            return
        checksum, length, kind = _CHUNK.unpack_from(data, place)
        end = start + length
        is_possible = length <= left - HEADER and kind in _KINDS
        if is_possible and end > size:
            return
        chunk = data[start:end]
        if is_possible and zlib.crc32(chunk, _SEEDS[kind]) == checksum:
            yield kind, place, end, chunk
            place = end
        elif place + left <= size or final:
            yield _DAMAGED, place, min(place + left, size), b""
            place += left
        else:
            return
