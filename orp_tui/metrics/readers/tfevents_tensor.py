"""A tensor of one number, as TensorFlow 2 and Keras log a scalar.

Its number stands in `tensor_content` as in memory, or in a repeated field of its type, packed or not. A
histogram, an image or a text is a tensor too: of more numbers, of none, or of bytes.
"""

from __future__ import annotations

import dataclasses
import struct

from orp_tui.metrics.readers.tfevents_wire import BYTES, VARINT, Field, fields, signed, varint

F32, F64 = struct.Struct("<f"), struct.Struct("<d")
Number = tuple[float, int, struct.Struct | None]
"""A value; where its bytes begin and what reads them there, None where it is not so simple."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Type:
    """How numbers of one type are written."""

    form: struct.Struct
    """In memory."""
    field: int
    """The field of the numbers themselves, where there is no `tensor_content`."""
    bits: bool = False
    """Whether that field holds the bits of a number as if they were an integer."""
    upper_half: bool = False
    """Whether it is a bfloat16: the upper half of a float."""

    def of_bytes(self, raw: bytes) -> float:
        number: float = F32.unpack(bytes(2) + raw)[0] if self.upper_half else self.form.unpack(raw)[0]
        return float(number)

    def of_varint(self, number: int) -> float:
        if self.bits:
            return self.of_bytes((number & 0xFFFF).to_bytes(2, "little"))
        return float(number if self.form.format == "<Q" else signed(number))


_CONTENT = 4
_TYPES = {
    1: _Type(F32, 5),
    2: _Type(F64, 6),
    3: _Type(struct.Struct("<i"), 7),
    4: _Type(struct.Struct("<B"), 7),
    5: _Type(struct.Struct("<h"), 7),
    6: _Type(struct.Struct("<b"), 7),
    9: _Type(struct.Struct("<q"), 10),
    14: _Type(struct.Struct("<H"), 13, bits=True, upper_half=True),
    17: _Type(struct.Struct("<H"), 7),
    19: _Type(struct.Struct("<e"), 13, bits=True),
    22: _Type(struct.Struct("<I"), 16),
    23: _Type(struct.Struct("<Q"), 17),
}
"""By the number that protobuf has for the type. Texts, truth values and complex numbers are no metrics."""


def number_in(data: bytes, begin: int, end: int) -> Number | None:
    """The number of the tensor that is the message between the two places; None if it has not just one.

    Raises Malformed if that is no message.
    """
    kind_of_numbers, is_one = 0, True
    written: dict[int, list[Field]] = {}
    for field in fields(data, begin, end):
        number, kind, at, stop = field
        if number == 1 and kind == VARINT:
            kind_of_numbers = at
        elif number == 2 and kind == BYTES:
            is_one = is_one and _is_of_one(data, at, stop)
        else:
            written.setdefault(number, []).append(field)
    numbers = _TYPES.get(kind_of_numbers)
    if numbers is None or not is_one:
        return None
    content = [field for field in written.get(_CONTENT, []) if field[2] < field[3]]
    found = content or written.get(numbers.field, [])
    return _read(data, found[0], numbers, is_content=bool(content)) if len(found) == 1 else None


def _is_of_one(data: bytes, begin: int, end: int) -> bool:
    """Whether a shape is that of one number: all its dimensions are 1."""
    for number, kind, at, stop in fields(data, begin, end):
        if number == 3 and kind == VARINT and at:
            return False  # nobody knows its rank
        if number == 2 and kind == BYTES:
            sizes = [size for inner, how, size, _ in fields(data, at, stop) if (inner, how) == (1, VARINT)]
            if sizes[-1:] != [1]:
                return False
    return True


def _read(data: bytes, field: Field, numbers: _Type, *, is_content: bool) -> Number | None:
    """The number in a field; None if the field holds more than one, or none."""
    _, kind, at, stop = field
    if is_content or numbers.form in (F32, F64):
        if kind == VARINT or stop - at != numbers.form.size:
            return None
        return numbers.of_bytes(data[at:stop]), at, None if numbers.upper_half else numbers.form
    if kind == VARINT:
        return numbers.of_varint(at), 0, None
    if kind != BYTES or at == stop:
        return None
    number, end = varint(data, at, stop)
    return (numbers.of_varint(number), 0, None) if end == stop else None
