"""`.wandb` files made by hand, so that a test can put anything in them."""

from __future__ import annotations

import json
import struct
import zlib

HEADER = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
BLOCK = 32 << 10


def varint(number: int) -> bytes:
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def item(name: str | tuple[str, ...], value: object) -> bytes:
    """With a key if the name is one text, else with the parts of one; `value` as JSON, or as it is if it is bytes."""
    keys = field(1, name) if isinstance(name, str) else b"".join(field(2, part) for part in name)
    return keys + field(16, value if isinstance(value, bytes) else json.dumps(value))


def row(step: int, time: float | None = None, **values: object) -> bytes:
    """A record of the history; `__` in a name parts it."""
    items = [item(tuple(name.split("__")), value) for name, value in values.items()]
    items.append(item(("_step",), step))
    if time is not None:
        items.append(item(("_timestamp",), time))
    return field(1, step) + field(2, b"".join(field(1, one) for one in items))


def sample(time: int, **values: object) -> bytes:
    """What W&B measures of the machine."""
    items = b"".join(field(3, item(name, value)) for name, value in values.items())
    return field(7, field(2, field(1, time) + field(2, 500_000_000)) + items)


def file_of(*records: bytes) -> bytes:
    """A whole file, its records cut into chunks at the ends of the blocks."""
    data = bytearray(HEADER)
    for record in records:
        data += chunks(record, len(data))
    return bytes(data)


def chunks(record: bytes, offset: int) -> bytes:
    """A record as it stands in a file from `offset` on."""
    data, begun = bytearray(), False
    while True:
        left = BLOCK - (offset + len(data)) % BLOCK
        if left < 7:
            data += bytes(left)
            left = BLOCK
        part, record = record[: left - 7], record[left - 7 :]
        kind = (3 if begun else 2) if record else (4 if begun else 1)
        begun = True
        data += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes((kind,)))), len(part), kind) + part
        if not record:
            return bytes(data)
