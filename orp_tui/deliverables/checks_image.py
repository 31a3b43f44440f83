"""Whether a file is an image that is whole, and how large."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from orp_tui.core.checklist import CheckResult, Json
from orp_tui.deliverables.context import Context, FileFacts, Options, each_file
from orp_tui.deliverables.findings import Broken, CannotTell, counted
from orp_tui.deliverables.formats import raster, tiff_and_vector
from orp_tui.deliverables.formats.raster import Image

LIVE_BYTES = 1024 * 1024
"""While a run goes on, of larger files only the first bytes are looked at."""

_READERS: tuple[tuple[str, bytes, Callable[[BinaryIO], Image]], ...] = (
    ("PNG", b"\x89PNG\r\n\x1a\n", raster.png),
    ("JPEG", b"\xff\xd8\xff", raster.jpeg),
    ("GIF", b"GIF87a", raster.gif),
    ("GIF", b"GIF89a", raster.gif),
    ("BMP", b"BM", raster.bmp),
    ("TIFF", b"II*\0", tiff_and_vector.tiff),
    ("TIFF", b"MM\0*", tiff_and_vector.tiff),
    ("TIFF", b"II+\0", tiff_and_vector.tiff),
    ("TIFF", b"MM\0+", tiff_and_vector.tiff),
    ("PDF", b"%PDF-", tiff_and_vector.pdf),
)


def check_image(context: Context, options: Options) -> CheckResult:
    """A whole PNG, JPEG, GIF, WebP, BMP, TIFF, SVG or PDF, by its content and not by its suffix.

    `min_width` and `min_height` in pixels; a PDF has none.
    """

    def look(file: FileFacts) -> tuple[str, Json]:
        with context.open(file.path) as opened:
            name, reader = _reader(opened)
            if not context.final and file.size > LIVE_BYTES:
                return f"{name}, {counted(file.size, 'byte')}", None
            return _measured(reader(opened), options)

    return each_file(context, "image", look)


def look_at_image(file: BinaryIO) -> Image:
    """Format and dimensions. Raises Broken if it is none, or not whole."""
    return _reader(file)[1](file)


def _reader(file: BinaryIO) -> tuple[str, Callable[[BinaryIO], Image]]:
    file.seek(0)
    head = file.read(1024)
    for name, magic, reader in _READERS:
        if head.startswith(magic):
            return name, reader
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP", raster.webp
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<svg") or (
        text.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in text
    ):
        return "SVG", tiff_and_vector.svg
    raise Broken("empty file" if not head else "no image of a known format")


def _measured(image: Image, options: Options) -> tuple[str, Json]:
    for name, pixels in (("width", image.width), ("height", image.height)):
        least = options.get(f"min_{name}")
        if least is None:
            continue
        if pixels is None:
            raise CannotTell(f"{image.format} without a {name} in pixels")
        if pixels < least:
            raise Broken(f"{image}: {name} {pixels:,}, needs {least:,}", [image.width, image.height])
    return str(image), [image.width, image.height]
