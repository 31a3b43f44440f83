"""A shown row as pieces of one look each, folded or cropped to a number of cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")

Measure = Callable[[str], int]
"""Text → terminal cells."""


class Ink(NamedTuple):
    """Text of one look."""

    text: str
    sgr: str = ""
    """Parameters of the SGR sequence, as `1;31`; empty for the plain look."""
    hit: bool = False
    """Whether the search found it."""


Line = tuple[Ink, ...]
"""What stands in one line of the screen."""


def inks(row: str) -> Line:
    """A row with SGR sequences in pieces."""
    if "\x1b" not in row:
        return (Ink(row),) if row else ()
    pieces: list[Ink] = []
    sgr = ""
    for place, part in enumerate(_SGR.split(row)):
        if place % 2:
            sgr = "" if part in ("", "0") else part
        elif part:
            pieces.append(Ink(part, sgr))
    return tuple(pieces)


def plain(line: Iterable[Ink]) -> str:
    """The text alone."""
    return "".join(piece.text for piece in line)


def marked(line: Line, spans: Iterable[tuple[int, int]]) -> Line:
    """`line` with the characters of `spans`, in order and apart, as hits."""
    pieces: list[Ink] = []
    rest = list(line)
    position = 0
    for begin, end in spans:
        for upto, hit in ((begin, False), (end, True)):
            while rest and position < upto:
                piece = rest.pop(0)
                room = upto - position
                if len(piece.text) > room:
                    rest.insert(0, piece._replace(text=piece.text[room:]))
                    piece = piece._replace(text=piece.text[:room])
                pieces.append(piece._replace(hit=hit))
                position += len(piece.text)
    return (*pieces, *rest)


def fold(line: Line, width: int, measure: Measure) -> list[Line]:
    """`line` in lines of at most `width` cells; at least one."""
    lines: list[Line] = []
    current: list[Ink] = []
    room = width
    for piece in line:
        text, begin = piece.text, 0
        simple = text.isascii()
        while begin < len(text):
            end = begin + room if simple else _fitting(text, begin, room, measure)
            if end == begin and room == width:
                end += 1  # wider than the whole line
            part = text[begin:end]
            if part:
                current.append(piece._replace(text=part))
                room -= len(part) if simple else measure(part)
            begin = end
            if begin < len(text):
                lines.append(tuple(current))
                current, room = [], width
    if current or not lines:
        lines.append(tuple(current))
    return lines


def crop(line: Line, begin: int, width: int, measure: Measure) -> Line:
    """The cells `begin` to `begin + width - 1` of `line`; half a wide character becomes a space."""
    pieces: list[Ink] = []
    skip, room = begin, width
    for piece in line:
        text, start = piece.text, 0
        if skip > 0:
            start = _fitting(text, 0, skip, measure)
            skip -= measure(text[:start])
            if start < len(text) and skip > 0:  # a wide character lies across the edge
                start, skip, room = start + 1, 0, room - 1
                pieces.append(piece._replace(text=" "))
        if start < len(text) and room > 0:
            end = _fitting(text, start, room, measure)
            part = text[start:end]
            room -= measure(part)
            pieces.append(piece._replace(text=part))
            if end < len(text):
                break
    return tuple(pieces)


def _fitting(text: str, begin: int, cells: int, measure: Measure) -> int:
    """The end of the longest part of `text` from `begin` on that takes at most `cells`, with its marks."""
    if cells <= 0:
        return begin
    end = min(len(text), begin + cells)
    part = text[begin:end]
    if part.isascii() and (end == len(text) or text[end].isascii()):
        return end
    used = 0
    for place in range(begin, len(text)):
        used += measure(text[place])
        if used > cells:
            return place
    return len(text)
