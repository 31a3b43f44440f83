"""TIFF, SVG and PDF: dimensions where they have any, and whether the file is whole."""

from __future__ import annotations

import re
from typing import BinaryIO

from orp_tui.deliverables.findings import Broken, CannotTell, shown
from orp_tui.deliverables.formats.raster import Image
from orp_tui.deliverables.formats.reading import exactly, size_of, truncated

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8, 17: 8, 18: 8}
_WIDTH, _HEIGHT = 256, 257
_PARTS = ((273, 279), (324, 325))  # offsets and byte counts, of strips or of tiles
_MAX_VALUES = 1_000_000
_MAX_SVG = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_NUMBER = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*(?:px)?\s*$")


def tiff(file: BinaryIO) -> Image:
    """The first directory, and that all of its strips or tiles lie in the file; BigTIFF too.

    Source: TIFF 6.0, section 2.
    """
    size = size_of(file)
    file.seek(0)
    head = exactly(file, 16, "the header")

    def number(data: bytes) -> int:
        return int.from_bytes(data, "little" if head[:2] == b"II" else "big")

    big = number(head[2:4]) == 43
    word = 8 if big else 4
    file.seek(_within(number(head[8:16] if big else head[4:8]), size))
    count = number(exactly(file, 8 if big else 2, "the directory"))
    entry_size = 4 + 2 * word
    table = exactly(file, min(count, 4096) * entry_size, "the directory")
    tags: dict[int, tuple[int, int, bytes]] = {}
    for at in range(0, len(table), entry_size):
        entry = table[at : at + entry_size]
        tags[number(entry[:2])] = number(entry[2:4]), number(entry[4 : 4 + word]), entry[4 + word :]

    def values(tag: int) -> list[int]:
        kind, many, inline = tags.get(tag, (0, 0, b""))
        width = _TYPE_BYTES.get(kind, 0)
        if not width or not many:
            return []
        if many > _MAX_VALUES:
            raise CannotTell(f"{many:,} strips; at most {_MAX_VALUES:,} are looked at")
        if width * many > word:
            file.seek(_within(number(inline), size))
            inline = exactly(file, width * many, "the directory's values")
        return [number(inline[at : at + width]) for at in range(0, width * many, width)]

    dimensions = values(_WIDTH)[:1] + values(_HEIGHT)[:1]
    if len(dimensions) < 2 or not all(dimensions):
        raise Broken("has no width or no height")
    for offsets, counts in _PARTS:
        for offset, length in zip(values(offsets), values(counts), strict=False):
            if offset + length > size:
                raise truncated(offset + length, size, "directory")
    return Image("TIFF", dimensions[0], dimensions[1])


def _within(offset: int, size: int) -> int:
    if offset >= size:
        raise truncated(offset + 1, size)
    return offset


def svg(file: BinaryIO) -> Image:
    """Well-formed XML to its end, with `svg` as its root; entities are refused, since they can expand."""
    from xml.parsers import expat

    if size_of(file) > _MAX_SVG:
        raise CannotTell("larger than 64 MiB; that much is not read as SVG")
    roots: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if not roots:
            roots.append((name, attributes))

    def entity(*_: object) -> None:
        raise CannotTell("defines entities, which are not expanded")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = entity
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Broken(f"not well-formed XML: {error}") from error
    except (LookupError, ValueError) as error:  # it claims an encoding that is none, or not for XML
        raise Broken(f"not well-formed XML: {shown(error)}") from error
    name, attributes = roots[0]
    if name.rpartition(":")[2] != "svg":
        raise Broken("XML, but no SVG")
    return Image("SVG", _length(attributes, "width", 2), _length(attributes, "height", 3))


def _length(attributes: dict[str, str], name: str, place: int) -> int | None:
    """Of the attribute in pixels, else of the viewBox."""
    found = _NUMBER.match(attributes.get(name, "")[:100])
    if not found:
        box = attributes.get("viewBox", "")[:200].replace(",", " ").split()
        found = _NUMBER.match(box[place]) if len(box) == 4 else None
    return round(float(found[1])) if found and len(found[1]) < 20 else None


def pdf(file: BinaryIO) -> Image:
    """The header, and the end mark in the last 2 KiB; pages are not looked at."""
    size = size_of(file)
    file.seek(max(0, size - 2048))
    if b"%%EOF" not in file.read():
        raise Broken("truncated: no end mark")
    return Image("PDF", None, None)
