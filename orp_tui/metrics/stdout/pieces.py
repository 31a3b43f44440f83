"""The bytes of a log → its pieces: whole lines, and the states of a line that is drawn over and over.

A line ends in a newline, with or without a carriage return before it. A carriage return alone ends a state: what
comes next is drawn over it. Whether one is alone is known only by the byte behind it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 4096
"""Bytes; a longer piece is no line of metrics and is passed over."""
_DIGIT = re.compile(rb"[0-9]")
_LETTER = re.compile(rb"[A-Za-z\x80-\xff]")
_NO_NUMBERS = (b"nan", b"NaN", b"NAN", b"inf", b"Inf", b"INF")
_FRAMES = (b"-----", b"|", b"+----", b"=====", b"\xe2\x94\x82", b"Traceback (")
_PIECE = re.compile(rb"([^\r\n]*)(\r?\n|\r)")


class Piece(NamedTuple):
    """A line, or one state of it."""

    raw: bytes
    """Without its end; at most 4 KiB."""
    line: int
    """Counted from 1."""
    is_drawn: bool = False
    """It ended in a carriage return alone."""


class PieceReader:
    """Cuts windows of a file into pieces; `lines` and `is_skipping` are all it keeps between two."""

    def __init__(self, lines: int = 0, *, is_skipping: bool = False, bare_numbers: bool = False) -> None:
        """`bare_numbers`: lines without a letter count too, as a pattern may want them."""
        self.lines = lines
        """Lines that have ended."""
        self.is_skipping = is_skipping
        """The next bytes belong to a piece that is too long."""
        self._letter = _DIGIT.search if bare_numbers else _LETTER.search
        self.skipped = 0
        """Pieces that were too long."""

    def take(self, data: bytes, *, final: bool) -> tuple[list[Piece], int]:
        """The pieces that have ended in `data` and can hold a number or frame a table, and how many bytes are done with.

        `final`: a carriage return at the very end stands alone.
        """
        waits = data.endswith(b"\r") and not final
        used = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - waits)) + 1
        ended = data[:used]
        pieces = self._cut(ended) if b"\r" in ended else self._plain(ended)
        if len(data) - waits - used > LONGEST:
            if not self.is_skipping:
                self.skipped += 1
            self.is_skipping = True
            used = len(data) - waits
        return pieces, used

    def _plain(self, data: bytes) -> list[Piece]:
        first = self.lines + 1
        lines = data.split(b"\n")
        del lines[-1]
        self.lines += len(lines)
        if self.is_skipping and lines:
            lines[0], self.is_skipping = b"", False
        digit, letter, worth = _DIGIT.search, self._letter, _has_more
        return [
            Piece(raw, line)
            for line, raw in enumerate(lines, first)
            if (letter(raw) if digit(raw) else worth(raw)) and self._is_short(raw)
        ]

    def _cut(self, data: bytes) -> list[Piece]:
        pieces = []
        for found in _PIECE.finditer(data):
            raw, is_drawn = found[1], found[2] == b"\r"
            if self.is_skipping:
                self.is_skipping = False
            elif (self._letter(raw) if _DIGIT.search(raw) else _has_more(raw)) and self._is_short(raw):
                pieces.append(Piece(raw, self.lines + 1, is_drawn))
            self.lines += not is_drawn
        return pieces

    def _is_short(self, raw: bytes) -> bool:
        if len(raw) <= LONGEST:
            return True
        self.skipped += 1
        return False


def _has_more(raw: bytes) -> bool:
    """Whether a line without a digit frames a table, begins a traceback, or may tell of NaN."""
    return raw.lstrip().startswith(_FRAMES) or any(word in raw for word in _NO_NUMBERS)
