"""safetensors: the header's arithmetic.

Eight bytes of header length, a JSON header, then the tensors without holes: the header
tells to the byte how long the file has to be.
Source: the format's description in the safetensors repository.
"""

from __future__ import annotations

import math
from typing import BinaryIO, NamedTuple

from orp_tui.core.checklist import Json
from orp_tui.deliverables.documents import parse_json
from orp_tui.deliverables.findings import Broken, CannotTell, shown
from orp_tui.deliverables.formats.reading import exactly, size_of, truncated

_MAX_HEADER = 64 * 1024 * 1024
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


class Tensors(NamedTuple):
    """What the header holds."""

    names: frozenset[str]
    parameters: int
    """Numbers in all tensors together."""


def look_at_safetensors(file: BinaryIO) -> Tensors:
    """Raises Broken if the file is shorter or longer than its header promises, or the header contradicts itself."""
    size = size_of(file)
    begin_of_data, header = read_header(file)
    spans: list[tuple[int, int, str]] = []
    parameters = 0
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end, numbers = _span(name, entry)
            spans.append((begin, end, name))
            parameters += numbers
    reached = 0
    for begin, end, name in sorted(spans):
        if begin != reached:
            what = "overlaps the one before" if begin < reached else "leaves a hole before it"
            raise Broken(f"damaged: tensor {shown(name)} {what}")
        reached = end
    promised = begin_of_data + reached
    if promised > size:
        raise truncated(promised, size)
    if promised < size:
        raise Broken(f"{size - promised:,} bytes behind its last tensor, which no header names")
    return Tensors(frozenset(name for _, _, name in spans), parameters)


def read_header(file: BinaryIO) -> tuple[int, dict[str, Json]]:
    """Where the tensors begin, and what the header says of each, unchecked. Raises Broken and CannotTell."""
    size = size_of(file)
    length = int.from_bytes(exactly(file, 8, "the header's length"), "little")
    if 8 + length > size:
        raise truncated(8 + length, size, "header length")
    if length > _MAX_HEADER:
        raise CannotTell(f"a header of {length:,} bytes; at most {_MAX_HEADER:,} are read")
    header = parse_json(exactly(file, length, "the header"))
    if not isinstance(header, dict):
        raise Broken("its header is no mapping")
    return 8 + length, header


def _span(name: str, entry: Json) -> tuple[int, int, int]:
    """Begin and end of a tensor's bytes, and how many numbers it holds."""
    try:
        kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(type(value) is int and value >= 0 for value in [begin, end, *shape])
    except (TypeError, KeyError, ValueError):
        whole = False
    if not whole or begin > end:
        raise Broken(f"damaged: tensor {shown(name)} has no dtype, shape or offsets")
    if sum(value.bit_length() for value in shape) > 128:
        raise Broken(f"damaged: tensor {shown(name)} has an impossible shape")
    numbers = math.prod(shape)
    bits = _BITS.get(kind) if isinstance(kind, str) else None
    # A dtype that is newer than this table is taken at its offsets' word.
    if bits is not None and numbers * bits != (end - begin) * 8:
        raise Broken(f"damaged: tensor {shown(name)} of {numbers:,} {kind} has {end - begin:,} bytes")
    return begin, end, numbers
