"""The bytes of a log → its pieces: whole lines, and the states of a line that is drawn over and over.

A line ends in a newline, with or without a carriage return before it. A carriage return alone ends a state: what
comes next is drawn over it. Whether one is alone is known only by the byte behind it.
"""

from __future__ import annotations

import dataclasses
import re

LONGEST = 4096
"""Bytes; a longer piece is no line of metrics and is passed over."""
_PIECE = re.compile(rb"([^\r\n]*)(\r?\n|\r)")


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A line, or one state of it."""

    raw: bytes
    """Without its end; at most 4 KiB, empty where there was more."""
    line: int
    """Counted from 1."""
    is_drawn: bool = False
    """It ended in a carriage return alone."""


class PieceReader:
    """Cuts windows of a file into pieces; `lines` and `is_skipping` are all it keeps between two."""

    def __init__(self, lines: int = 0, *, is_skipping: bool = False) -> None:
        self.lines = lines
        """Lines that have ended."""
        self.is_skipping = is_skipping
        """The next bytes belong to a piece that is too long."""
        self.skipped = 0
        """Pieces that were too long."""

    def take(self, data: bytes, *, final: bool) -> tuple[list[Piece], int]:
        """The pieces that have ended in `data`, and how many of its bytes are done with.

        `final`: a carriage return at the very end stands alone.
        """
        waits = data.endswith(b"\r") and not final
        pieces = self._plain(data) if b"\r" not in data else self._cut(data[:-1] if waits else data)
        used = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - waits)) + 1
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
        return [self._piece(raw, line, False) for line, raw in enumerate(lines, first)]

    def _cut(self, data: bytes) -> list[Piece]:
        pieces = []
        for found in _PIECE.finditer(data):
            is_drawn = found[2] == b"\r"
            pieces.append(self._piece(found[1], self.lines + 1, is_drawn))
            self.lines += not is_drawn
        return pieces

    def _piece(self, raw: bytes, line: int, is_drawn: bool) -> Piece:
        if self.is_skipping:
            self.is_skipping = False
            raw = b""
        elif len(raw) > LONGEST:
            self.skipped += 1
            raw = b""
        return Piece(raw, line, is_drawn)
