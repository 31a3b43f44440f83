"""ONNX: the fields of the protobuf message, walked without the protobuf library.

A field that reaches behind the end of the file shows a cut; tensors kept in other files are
named by the graph, so that these can be looked for.
Source: onnx.proto, and the protobuf wire format.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import BinaryIO

from orp_tui.deliverables.findings import Broken, CannotTell
from orp_tui.deliverables.formats.reading import size_of

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_IR_VERSION, _PRODUCER, _GRAPH, _OPSET = 1, 2, 7, 8  # of ModelProto
_MODEL_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_NODE, _INITIALIZER = 1, 5  # of GraphProto
_EXTERNAL_DATA = 13  # of TensorProto
_MAX_FIELDS = 1_000_000
_MAX_TEXT = 4096


@dataclasses.dataclass(frozen=True)
class ExternalData:
    """Where a tensor's numbers are, when not in the model's file."""

    location: str
    """Relative to the model's folder."""
    end: int
    """The file must have at least that many bytes."""


@dataclasses.dataclass(frozen=True)
class Model:
    """What the top level and the graph tell."""

    ir_version: int
    producer: str
    nodes: int
    external: tuple[ExternalData, ...]


def look_at_onnx(file: BinaryIO) -> Model:
    """Raises Broken if it is no ONNX model or ends too early, CannotTell after 1,000,000 fields."""
    walk = _Walk(file)
    size = size_of(file)
    if not size:
        raise Broken("empty file")
    version, producer, nodes, has_graph = 0, "", 0, False
    external: dict[str, int] = {}
    for field, kind, value, end in walk.fields(0, size):
        if field not in _MODEL_FIELDS:
            raise Broken(f"no ONNX model: unknown field {field}")
        if field == _IR_VERSION and kind == _VARINT:
            version = value
        elif field == _PRODUCER and kind == _LENGTH:
            producer = walk.text(value, end)
        elif field == _GRAPH and kind == _LENGTH:
            has_graph = True
            nodes = _look_at_graph(walk, value, end, external)
    if not 0 < version < 1000:
        raise Broken("no ONNX model: it tells no version")
    if not has_graph:
        raise Broken("an ONNX model without a graph")
    return Model(version, producer, nodes, tuple(ExternalData(*item) for item in external.items()))


def _look_at_graph(walk: _Walk, start: int, end: int, external: dict[str, int]) -> int:
    nodes = 0
    for field, kind, value, stop in walk.fields(start, end):
        if field == _NODE:
            nodes += 1
        elif field == _INITIALIZER and kind == _LENGTH:
            entries: dict[str, str] = {}
            for inner, inner_kind, at, inner_stop in walk.fields(value, stop):
                if inner == _EXTERNAL_DATA and inner_kind == _LENGTH:
                    pair = {
                        name: walk.text(a, b) for name, k, a, b in walk.fields(at, inner_stop) if k == _LENGTH
                    }
                    entries[pair.get(1, "")] = pair.get(2, "")
            if location := entries.get("location"):
                reach = _number(entries.get("offset", "")) + _number(entries.get("length", ""))
                external[location] = max(external.get(location, 0), reach)
    return nodes


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 else 0


class _Walk:
    """Fields of protobuf messages in a file, long ones skipped."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.count = 0

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Field number, wire type, and the value of a number or where the bytes begin and end."""
        at = start
        while at < end:
            self.count += 1
            if self.count > _MAX_FIELDS:
                raise CannotTell(f"more than {_MAX_FIELDS:,} fields; the rest is not looked at")
            self.file.seek(at)
            key, at = self.varint(at, end)
            field, kind = key >> 3, key & 7
            value, stop = 0, at
            if kind == _VARINT:
                value, stop = self.varint(at, end)
            elif kind == _LENGTH:
                length, value = self.varint(at, end)
                stop = value + length
            elif kind in (_FIXED64, _FIXED32):
                stop = at + (8 if kind == _FIXED64 else 4)
            else:
                raise Broken(f"damaged: wire type {kind} at byte {at:,}")
            if stop > end:
                raise Broken(f"truncated: field {field} promises {stop:,} bytes, file has {end:,}")
            yield field, kind, value, stop
            at = stop

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """A number and where the next byte is; the file stands at `at`."""
        value = shift = 0
        while at < end and shift < 70:
            byte = self.file.read(1)
            if not byte:
                break
            at += 1
            value |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:
                return value, at
            shift += 7
        raise Broken(
            "truncated: the file ends within a number" if at >= end else "damaged: an endless number"
        )

    def text(self, start: int, end: int) -> str:
        self.file.seek(start)
        return self.file.read(min(end - start, _MAX_TEXT)).decode("utf-8", "replace")
