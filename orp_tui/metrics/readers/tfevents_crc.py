"""The checksum of event files: CRC-32C, rotated and shifted by a constant as TensorFlow does.

Python's libraries have no CRC-32C, and one byte after the other in Python is what makes TensorBoard's
own loader slow. The checksum is linear: each byte brings a number that depends only on the byte and
on how many follow it, and these numbers are joined by XOR. So numpy looks them up for whole blocks of
many records at once. A few records, as a training that goes on writes them, are taken plainly.
"""

from __future__ import annotations

import functools
import struct
from typing import Any

from orp_tui.metrics.readers.tfevents_spans import Spans

PLAIN_UP_TO = 16 << 10
"""Bytes for which to import numpy, and to call it, takes longer than to do without."""
_WIDTH = 64
"""Bytes in a block: most scalars are one."""
_BLOCKS = 8192
"""Blocks that are looked up at once: 4 MiB of places."""
_FULL = 0xFFFFFFFF
_MASK = 0xA282EAD8


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        found.append(crc)
    return tuple(found)


_TABLE = _table()


def masked_crc(data: bytes) -> int:
    """As it stands in a file, byte by byte: some 12 MB a second."""
    crc, table = _FULL, _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    return _masked(crc ^ _FULL)


def wrong_ones(data: bytes, spans: Spans) -> list[int]:
    """Which of the payloads, by number, have another checksum than they were written with."""
    if spans and spans.ends[-1] - spans.begins[0] > PLAIN_UP_TO:
        try:
            return _wrong_by_numpy(data, spans)
        except ImportError:  # an installation without numpy is slow, not broken
            pass
    stored = struct.Struct("<I").unpack_from
    return [
        place
        for place, (begin, end) in enumerate(spans)
        if stored(data, end)[0] != masked_crc(data[begin:end])
    ]


def _masked(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + _MASK) & _FULL


def _wrong_by_numpy(data: bytes, spans: Spans) -> list[int]:
    import numpy as np

    begins, ends = np.frombuffer(spans.begins, np.int64), np.frombuffer(spans.ends, np.int64)
    table, after_nothing = _lookup()
    blocks = np.maximum(-(-(ends - begins) // _WIDTH), 1)
    lasts = np.cumsum(blocks) - 1
    firsts = lasts - blocks + 1
    # A record is cut into blocks from its end; the first one is what remains, with zeros before it.
    where = np.repeat(ends, blocks) - _WIDTH * (np.repeat(lasts, blocks) - np.arange(lasts[-1] + 1) + 1)
    parts = _of_blocks(data, where, np.repeat(begins, blocks) - where, table)
    rest = ends - begins - _WIDTH * (blocks - 1)
    crcs = parts[firsts] ^ after_nothing[rest]
    for record in np.flatnonzero(blocks > 1).tolist():
        crcs[record] = _joined(int(crcs[record]), parts[firsts[record] + 1 : lasts[record] + 1].tolist())
    crcs ^= np.uint32(_FULL)
    masked = ((crcs >> 15) | (crcs << 17)) + np.uint32(_MASK)
    stored = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), 4)[ends]
    wrong: list[int] = np.flatnonzero(masked != stored.copy().view("<u4")[:, 0]).tolist()
    return wrong


def _of_blocks(data: bytes, where: Any, before: Any, table: Any) -> Any:  # Any: numpy is imported late
    """What each block brings; it begins at `where`, and its first `before` bytes count as zeros."""
    import numpy as np

    padded = np.frombuffer(bytes(_WIDTH) + data, np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WIDTH)
    columns = np.arange(_WIDTH)
    found = np.empty(len(where), np.uint32)
    for start in range(0, len(where), _BLOCKS):
        part = slice(start, start + _BLOCKS)
        rows = windows[where[part] + _WIDTH]
        rows[columns < before[part, None]] = 0
        found[part] = np.bitwise_xor.reduce(table.take(rows + columns * 256), axis=1)
    return found


def _joined(crc: int, parts: list[int]) -> int:
    """The checksum after whole blocks that follow what `crc` is of."""
    first, second, third, fourth = _after_a_block()
    for part in parts:
        crc = first[crc & 255] ^ second[crc >> 8 & 255] ^ third[crc >> 16 & 255] ^ fourth[crc >> 24] ^ part
    return crc


@functools.cache
def _lookup() -> tuple[Any, Any]:
    """What a byte brings by its column in a block, flat; and what the beginning brings by bytes after it."""
    import numpy as np

    base = np.array(_TABLE, np.uint32)
    table = np.empty((_WIDTH, 256), np.uint32)
    table[-1] = base
    for column in range(_WIDTH - 2, -1, -1):
        table[column] = (table[column + 1] >> 8) ^ base[table[column + 1] & 255]
    crc, beginning = _FULL, []
    for _ in range(_WIDTH + 1):
        beginning.append(crc)
        crc = _TABLE[crc & 255] ^ (crc >> 8)
    return table.ravel(), np.array(beginning, np.uint32)


@functools.cache
def _after_a_block() -> list[list[int]]:
    """What each of the four bytes of a checksum brings when a block follows."""
    table, _ = _lookup()
    return [table[column * 256 : (column + 1) * 256].tolist() for column in range(4)]
