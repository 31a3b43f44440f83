"""A line chart as a PNG file, with zlib alone."""

from __future__ import annotations

import itertools
import pathlib
import struct
import zlib

import numpy as np

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 32
GREY, INK = (225, 225, 225), (60, 60, 60)

# Three columns, five rows; one number a row, its bits the pixels.
GLYPHS = {
    "0": (7, 5, 5, 5, 7),
    "1": (2, 6, 2, 2, 7),
    "2": (7, 1, 7, 4, 7),
    "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7),
    "6": (7, 4, 7, 5, 7),
    "7": (7, 1, 1, 2, 2),
    "8": (7, 5, 7, 5, 7),
    "9": (7, 5, 7, 1, 7),
    ".": (0, 0, 0, 0, 2),
    "e": (0, 7, 7, 4, 7),
    "-": (0, 0, 7, 0, 0),
    "+": (0, 2, 7, 2, 0),
}


def line_chart(path: pathlib.Path, curves: list[tuple[list[float], tuple[int, int, int]]]) -> None:
    """Draw each curve (one value an epoch, from epoch 1) in its colour, the y axis logarithmic.

    Values that are not finite or not above 0 leave a gap.
    """
    canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    epochs = max((len(values) for values, _ in curves), default=1)
    shown = [value for values, _ in curves for value in values if np.isfinite(value) and value > 0]
    low, high = (min(shown), max(shown)) if shown else (0.1, 1.0)
    bottom, top = np.floor(np.log10(low)), max(np.ceil(np.log10(high)), np.floor(np.log10(low)) + 1)

    def column(epoch: float) -> int:
        return int(LEFT + (WIDTH - LEFT - RIGHT) * (epoch - 1) / max(epochs - 1, 1))

    def row(value: float) -> int:
        share = (np.log10(value) - bottom) / (top - bottom)
        return int(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share)

    for exponent in np.linspace(bottom, top, 5):
        canvas[row(10**exponent), LEFT : WIDTH - RIGHT] = GREY
        _text(canvas, 4, row(10**exponent) - 5, _label(10**exponent))
    for epoch in sorted({round(each) for each in np.linspace(1, epochs, 6)}):
        canvas[TOP : HEIGHT - BOTTOM, column(epoch)] = GREY
        _text(canvas, column(epoch) - 8, HEIGHT - BOTTOM + 10, str(epoch))
    for values, colour in curves:
        _line(
            canvas,
            [(column(at + 1), row(v)) if np.isfinite(v) and v > 0 else None for at, v in enumerate(values)],
            colour,
        )
    path.write_bytes(_png(canvas))


def _label(value: float) -> str:
    """One significant digit, without an exponent where that is short."""
    return f"{float(f'{value:.1g}'):g}"


def _line(canvas: np.ndarray, points: list[tuple[int, int] | None], colour: tuple[int, int, int]) -> None:
    """Join neighbouring points, two pixels thick; a None parts them."""
    for start, end in itertools.pairwise(points):
        if start is None or end is None:
            continue
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1) + 1
        columns = np.linspace(start[0], end[0], steps).round().astype(int)
        rows = np.linspace(start[1], end[1], steps).round().astype(int)
        canvas[rows, columns] = canvas[rows - 1, columns] = colour


def _text(canvas: np.ndarray, left: int, top: int, text: str, scale: int = 2) -> None:
    for place, char in enumerate(text):
        bits = np.array([[glyph >> 2 & 1, glyph >> 1 & 1, glyph & 1] for glyph in GLYPHS[char]])
        big = np.kron(bits, np.ones((scale, scale), int)).astype(bool)
        start = left + place * 4 * scale
        canvas[top : top + big.shape[0], start : start + big.shape[1]][big] = INK


def _png(pixels: np.ndarray) -> bytes:
    """8 bits a channel, RGB, no filter. Source: PNG specification, section 11.2."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
