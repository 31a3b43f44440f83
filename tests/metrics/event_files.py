"""Event files written by hand, byte for byte as the writers do; for what no library would write too."""

from __future__ import annotations

import struct

from orp_tui.metrics.readers.tfevents_crc import masked_crc

START = 1_700_000_000.0


def varint(number: int) -> bytes:
    """A number as protobuf writes it; negative ones as if they were huge."""
    number &= (1 << 64) - 1
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def field(number: int, value: int | float | bytes) -> bytes:
    """An integer, a double, or bytes."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3) + varint(value)


def single(number: int, value: float) -> bytes:
    """A float of 4 bytes."""
    return varint(number << 3 | 5) + struct.pack("<f", value)


def event(step: int | None, *values: bytes, wall: float | None = START, more: bytes = b"") -> bytes:
    """A payload; the values are messages of a summary."""
    head = b"" if wall is None else field(1, wall)
    if step:
        head += field(2, step)
    return head + (field(5, b"".join(field(1, value) for value in values)) if values else b"") + more


def scalar(tag: str | bytes, value: float) -> bytes:
    """As torch writes it."""
    return field(1, tag if isinstance(tag, bytes) else tag.encode()) + single(2, value)


def tensor(tag: str, kind: int, *parts: bytes, shape: bytes = b"") -> bytes:
    """As TensorFlow 2 writes it: type, shape, numbers, and what plug-in shows it."""
    plugin = field(9, field(1, field(1, b"scalars")))
    return field(1, tag.encode()) + field(8, field(1, kind) + field(2, shape) + b"".join(parts)) + plugin


def start_at(step: int) -> bytes:
    """The payload that says that a training starts."""
    return event(step, more=field(7, field(1, 1)))


def record(payload: bytes) -> bytes:
    """With lengths and checksums around it."""
    head = struct.pack("<Q", len(payload))
    return b"".join(
        (head, struct.pack("<I", masked_crc(head)), payload, struct.pack("<I", masked_crc(payload)))
    )


def steps(tag: str, first: int, end: int, *, add: float = 0.0, wall: float = START) -> bytes:
    """Records of one tag: the value is the step and what is added, and there is a second between two."""
    return b"".join(
        record(event(step, scalar(tag, step + add), wall=wall + step)) for step in range(first, end)
    )


VERSION = record(event(0, more=field(3, b"brain.Event:2")))
