"""PNG, JPEG, GIF, BMP and WebP: dimensions, and whether the file is whole; no pixel is decoded."""

from __future__ import annotations

import zlib
from typing import BinaryIO, NamedTuple

from orp_tui.deliverables.findings import Broken
from orp_tui.deliverables.formats.reading import exactly, size_of, truncated

_CHUNK = 1024 * 1024
_TAIL = 64 * 1024
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


class Image(NamedTuple):
    """What a look at an image found."""

    format: str
    width: int | None
    """Pixels; None where the format has none (or only relative ones)."""
    height: int | None

    def __str__(self) -> str:
        if self.width is None or self.height is None:
            return self.format
        return f"{self.format} {self.width:,}×{self.height:,}"


def png(file: BinaryIO) -> Image:
    """Every chunk is read and its CRC compared. Source: PNG specification, section 5."""
    size = size_of(file)
    file.seek(8)
    width = height = 0
    data_seen = False
    while True:
        header = exactly(file, 8, "a chunk header; no IEND chunk")
        length, name = int.from_bytes(header[:4], "big"), header[4:]
        if file.tell() + length + 4 > size:
            raise truncated(file.tell() + length + 4, size, _printable(name) + " chunk")
        if (not width) != (name == b"IHDR"):
            raise Broken("the header chunk IHDR is not the first one, or not the only one")
        crc = zlib.crc32(name)
        first = b""
        while length:
            block = exactly(file, min(length, _CHUNK), "a chunk")
            first = first or block
            crc = zlib.crc32(block, crc)
            length -= len(block)
        if crc != int.from_bytes(exactly(file, 4, "a checksum"), "big"):
            raise Broken(f"damaged: the checksum of the {_printable(name)} chunk is wrong")
        if name == b"IHDR":
            width, height = int.from_bytes(first[:4], "big"), int.from_bytes(first[4:8], "big")
            if not width or not height:
                raise Broken("has no width or no height")
        data_seen = data_seen or name == b"IDAT"
        if name == b"IEND":
            break
    if not data_seen:
        raise Broken("holds no image data (no IDAT chunk)")
    return Image("PNG", width, height)


def jpeg(file: BinaryIO) -> Image:
    """Markers up to the scan, and the end marker at the end. Source: ITU-T T.81, annex B."""
    file.seek(2)
    dimensions: tuple[int, int] | None = None
    while True:
        marker = _next_marker(file)
        if marker in _ALONE:
            continue
        if marker == 0xD9:
            raise Broken("ends before its image data")
        length = int.from_bytes(exactly(file, 2, "a segment"), "big")
        if length < 2:
            raise Broken("damaged: a segment without length")
        segment = exactly(file, length - 2, "a segment")
        if marker in _START_OF_FRAME and length >= 8:
            dimensions = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big")
        if marker == 0xDA:
            break
    if dimensions is None:
        raise Broken("its image data comes before its dimensions")
    size = size_of(file)
    file.seek(max(file.tell(), size - _TAIL))
    # Cameras and viewers put padding behind the end marker.
    if b"\xff\xd9" not in file.read(_TAIL):
        raise Broken("truncated: no end marker")
    return Image("JPEG", *dimensions)


def _next_marker(file: BinaryIO) -> int:
    byte = exactly(file, 1, "its markers")
    if byte != b"\xff":
        raise Broken("damaged: a marker is missing")
    for _ in range(_TAIL):  # fill bytes
        byte = exactly(file, 1, "a marker")
        if byte != b"\xff":
            return byte[0]
    raise Broken("damaged: nothing but fill bytes")


def gif(file: BinaryIO) -> Image:
    """Every block up to the trailer. Source: GIF89a specification."""
    file.seek(6)
    screen = exactly(file, 7, "the screen descriptor")
    width, height = int.from_bytes(screen[:2], "little"), int.from_bytes(screen[2:4], "little")
    _skip_colours(file, screen[4])
    images = 0
    while True:
        kind = exactly(file, 1, "its blocks; no trailer")
        if kind == b";":
            break
        if kind == b"!":
            exactly(file, 1, "an extension")
        elif kind == b",":
            _skip_colours(file, exactly(file, 9, "an image descriptor")[8])
            exactly(file, 1, "image data")
            images += 1
        else:
            raise Broken(f"damaged: unknown block 0x{kind[0]:02x}")
        while length := exactly(file, 1, "a data block")[0]:
            exactly(file, length, "a data block")
    if not images:
        raise Broken("holds no image")
    return Image("GIF", width, height)


def _skip_colours(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        exactly(file, 3 << ((flags & 7) + 1), "a colour table")


def bmp(file: BinaryIO) -> Image:
    """The size that the header promises."""
    size = size_of(file)
    file.seek(2)
    promised = int.from_bytes(exactly(file, 4, "the header"), "little")
    file.seek(14)
    header = exactly(file, 12, "the header")
    if int.from_bytes(header[:4], "little") == 12:
        width, height = int.from_bytes(header[4:6], "little"), int.from_bytes(header[6:8], "little")
    else:
        width = abs(int.from_bytes(header[4:8], "little", signed=True))
        height = abs(int.from_bytes(header[8:12], "little", signed=True))
    if promised > size:
        raise truncated(promised, size)
    if not width or not height:
        raise Broken("has no width or no height")
    return Image("BMP", width, height)


def webp(file: BinaryIO) -> Image:
    """The RIFF size and the dimensions of the first chunk. Source: WebP container specification."""
    size = size_of(file)
    file.seek(4)
    promised = int.from_bytes(exactly(file, 4, "the header"), "little") + 8
    if promised > size:
        raise truncated(promised, size)
    file.seek(12)
    head = exactly(file, 18, "the first chunk")
    kind, body = head[:4], head[8:]
    if kind == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
    elif kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    else:
        raise Broken("damaged: its first chunk is no image")
    return Image("WebP", width, height)


def _printable(name: bytes) -> str:
    return name.decode("ascii", "replace") if name.isalpha() else name.hex()
