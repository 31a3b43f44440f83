"""Protobuf as it lies in the file: a message is a row of numbered fields."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""How a field is written."""

Field = tuple[int, int, int, int]
"""Number and kind; then of a varint the number and 0, of all others where their bytes begin and end."""

_FULL = (1 << 64) - 1


class Malformed(ValueError):
    """These bytes are no message."""


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The number that begins at `at`, of 64 bits without a sign, and where it ends. Raises Malformed."""
    found = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found & _FULL, at
        shift += 7
    raise Malformed("a number without an end")


def signed(number: int) -> int:
    """Of 64 bits: negative numbers are written as if they were huge."""
    return number - (1 << 64) if number >> 63 else number


def fields(data: bytes, at: int, end: int) -> Iterator[Field]:
    """The fields of the message between the two places. Raises Malformed."""
    while at < end:
        key, at = varint(data, at, end)
        kind, begin = key & 7, at
        if kind == VARINT:
            number, at = varint(data, at, end)
            yield key >> 3, kind, number, 0
            continue
        if kind == BYTES:
            length, begin = varint(data, at, end)
            at = begin + length
        elif kind in (FIXED64, FIXED32):
            at += 8 if kind == FIXED64 else 4
        else:
            raise Malformed("a field of a kind that there is not")
        if at > end:
            raise Malformed("a field longer than its message")
        yield key >> 3, kind, begin, at
