"""The last rows of a log as a terminal would show them.

Progress bars redraw: tqdm and Keras with a carriage return, nested bars and rich with
cursor-up. Reading such a log as lines gives a hundred bars for one. This keeps the
recent rows and edits them: CR, BS, tab, cursor moves, erase in line and display; SGR
colours stay with their characters, every other sequence is dropped. A column is one
character, so a wide character in a bar counts as one. Each row knows where in the log it
begins, so that a view can hold on to it.
"""

from __future__ import annotations

import codecs
import collections
import re
from itertools import accumulate, islice
from typing import NamedTuple

from orp_tui.core.sanitise import sanitise

COLUMNS = 64 << 10
"""Characters of a row that are kept; the rest of it is dropped, with a mark."""
_CUT = " … [cut]"
_TAB = 8

_STEP = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|(?:\x1b\[|\x9b)(?P<parameters>[0-?]*+)[ -/]*+(?P<command>[@-~])"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*+(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*+[0-OQ-WYZ\\`-~]"
    r"|(?P<odd>(?:[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?=\x1b))+)"
    r"|(?P<control>[\x07-\x0d\x1b])"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:?<=> -/]*|[\]PX^_][^\x07\x1b\x9c\n]*\x1b?|[ -/]*)\Z")
_UNFINISHED_MOST = 4096
_SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
_MOVES = re.compile(rb"[\n\x1b](?:(?<=\x1b)\[([0-9]{0,8})([ABEFJ]))?")
"""A newline, a move of the cursor, or any other escape; in a form that is searched for fast."""
_EDITS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class LogRow(NamedTuple):
    """One row as a terminal would show it."""

    begin: int
    """Offset in the log of the line that made the row."""
    text: str
    """Safe for a terminal, colours kept as SGR sequences."""


class Cursor:
    """Where the cursor goes, without what it draws."""

    def __init__(self, row: int, rows: int) -> None:
        self.row = row
        self.rows = rows
        """How many there are."""

    def lowest(self, data: bytes) -> int:
        """Follow the cursor through `data`; the first row, counted from the top, that it has been in."""
        lowest = self.row
        for move in _MOVES.finditer(data):
            command = move[2]
            number = int(move[1] or 0) if command else 0
            if command is None:
                if move[0] == b"\n":
                    self.row += 1
                    self.rows = max(self.rows, self.row + 1)
            elif command in b"AF":
                self.row = max(0, self.row - max(1, number))
                lowest = min(lowest, self.row)
            elif command in b"BE":
                self.row = min(self.rows - 1, self.row + max(1, number))
            elif number == 0:
                self.rows = self.row + 1
        return lowest


class _Row:
    """Characters and, if any has one, the colour of each."""

    __slots__ = ("begin", "colours", "cut", "length", "text")

    def __init__(self, begin: int = 0) -> None:
        self.begin = begin
        self.text = ""
        self.colours: list[str] | None = None
        self.cut = False
        self.length = 0
        """Bytes of the line, once it has ended."""

    def put(self, column: int, text: str, colour: str) -> None:
        room = COLUMNS - column
        if len(text) > room:
            self.cut, text = True, text[: max(0, room)]
        end = column + len(text)
        if colour and self.colours is None:
            self.colours = [""] * len(self.text)
        gap = column - len(self.text)
        if self.colours is not None:
            if gap > 0:
                self.colours.extend([""] * gap)
            self.colours[column:end] = [colour] * len(text)
        self.text = self.text[:column].ljust(column) + text + self.text[end:]

    def erase(self, begin: int, end: int | None) -> None:
        if end is None or end >= len(self.text):
            self.text = self.text[:begin]
            if self.colours is not None:
                del self.colours[begin:]
        else:
            self.put(begin, " " * (end - begin), "")

    def shown(self) -> str:
        mark = "" if not self.cut else f" … [cut: {self.length:,} bytes]" if self.length else _CUT
        if self.colours is None:
            return sanitise(self.text) + mark
        pieces: list[str] = []
        before, begin = "", 0
        for place, colour in enumerate([*self.colours, ""]):
            if colour != before:
                pieces.append(sanitise(self.text[begin:place]))
                pieces.append(("\x1b[0m" if before else "") + colour)
                before, begin = colour, place
        pieces.append(sanitise(self.text[begin:]))
        return "".join(pieces) + mark


class RecentRows:
    """The last rows of a stream of bytes that end anywhere.

    At most `keep` rows stay, and only they can be edited; a cursor that is sent
    above them stops at the first.
    """

    def __init__(self, keep: int = 200) -> None:
        self._keep = max(1, keep)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._rows: collections.deque[_Row] = collections.deque([_Row()])
        self._row = 0
        self._column = 0
        self._colour = ""
        self.position = 0
        """Offset in the log of the next byte; to be set where bytes are passed over."""
        self.dropped = 0
        """Rows that have left at the top."""

    def begin_at(self, offset: int) -> None:
        """Say where the first bytes lie that will be fed; nothing has been fed yet."""
        self.position = self._rows[-1].begin = offset

    def count_before(self, offset: int) -> int:
        """How many rows begin before `offset`, an empty one included."""
        return sum(row.begin < offset for row in self._rows)

    def cursor(self) -> Cursor:
        """Where it stands."""
        return Cursor(self._row, len(self._rows))

    def limit(self, keep: int) -> None:
        """From here on keep at most so many rows."""
        self._keep = max(1, keep)
        while len(self._rows) > self._keep:
            self._drop_first()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the log."""
        ends = list(accumulate((len(line) + 1 for line in data.split(b"\n")), initial=self.position))[1:-1]
        text = self._pending + self._decoder.decode(data)
        self._pending = ""
        unfinished = _UNFINISHED.search(text, max(0, len(text) - _UNFINISHED_MOST))
        if unfinished:
            self._pending, text = unfinished[0], text[: unfinished.start()]
        parts = text.split("\n")
        if len(parts) > 2 * self._keep + 2:
            parts, ends = self._skip(parts, ends)
        for place, part in enumerate(parts):
            if place:
                self._newline(ends[place - 1])
            if part:
                self._edit(part)
        self.position += len(data)

    def skim(self, data: bytes) -> None:
        """Take bytes without drawing them: rows appear and the cursor moves, no text changes.

        For whole lines that later ones will draw over anyway.
        """
        for move in _MOVES.finditer(data):
            if move[2] is not None:
                self._command(move[2].decode(), move[1].decode())
            elif move[0] == b"\n":
                self._newline(self.position + move.end())
        self.position += len(data)

    def warm(self, data: bytes) -> None:
        """Take only the colours out of bytes that lie before the first row."""
        for colour in _SGR.findall(data):
            self._sgr(colour.decode())

    def restart(self) -> None:
        """The log began anew: nothing of before can be edited any more."""
        self._decoder.reset()
        self._pending, self._colour = "", ""
        self.position = 0
        if self._rows[-1].text:
            self._row = len(self._rows) - 1
            self._newline(0)

    def __len__(self) -> int:
        """Rows, without an empty one at the end that no newline has ended."""
        return len(self._rows) - (not self._rows[-1].text)

    def placed(self, begin: int = 0, end: int | None = None, *, last: int | None = None) -> list[LogRow]:
        """Rows that begin in `begin <= offset < end`, oldest first, or only the last so many of all."""
        count = len(self)
        rows = islice(self._rows, 0 if last is None else max(0, count - last), count)
        return [
            LogRow(row.begin, row.shown())
            for row in rows
            if row.begin >= begin and (end is None or row.begin < end)
        ]

    def rows(self, count: int | None = None) -> list[str]:
        """The last rows, oldest first, safe for a terminal, colours kept; empty rows at the end left out."""
        rows = list(self._rows)
        while rows and not rows[-1].text.strip():
            rows.pop()
        return [row.shown() for row in (rows if count is None else rows[-count:] if count > 0 else [])]

    def _skip(self, parts: list[str], ends: list[int]) -> tuple[list[str], list[int]]:
        """Of a flood only the end can be seen; what came before is counted, not drawn."""
        skipped = len(parts) - self._keep - 1
        self.dropped += len(self._rows) - 1 + skipped
        self._rows = collections.deque([_Row(ends[skipped - 1])])
        self._row = self._column = 0
        colours = re.findall(r"\x1b\[[0-9;:]*m", "".join(parts[max(0, skipped - 3) : skipped]))
        if colours:
            self._sgr(colours[-1][2:-1])
        return parts[skipped:], ends[skipped:]

    def _edit(self, part: str) -> None:
        if self._column == 0 and not self._colour and not _EDITS.search(part):
            row = self._rows[self._row]
            if not row.text:
                row.put(0, part, "")
                self._column = len(row.text)
                return
        for step in _STEP.finditer(part):
            text = step["text"] or step["odd"]  # odd characters are shown as their pictures
            if text is not None:
                self._rows[self._row].put(self._column, text, self._colour)
                self._column = min(COLUMNS, self._column + len(text))
            elif step["command"] is not None:
                self._command(step["command"], step["parameters"])
            elif step["control"] is not None:
                self._control(step["control"])

    def _control(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\x08":
            self._column = max(0, self._column - 1)
        elif char == "\t":
            self._column = min(COLUMNS, (self._column // _TAB + 1) * _TAB)
        elif char == "\x1b":
            self._rows[self._row].put(self._column, char, self._colour)
            self._column = min(COLUMNS, self._column + 1)

    def _newline(self, begin: int) -> None:
        """The cursor goes down; a row that is made by it begins at `begin`."""
        row = self._rows[self._row]
        if row.cut:
            row.length = max(row.length, begin - 1 - row.begin)
        self._row += 1
        self._column = 0
        if self._row == len(self._rows):
            self._rows.append(_Row(begin))
            if len(self._rows) > self._keep:
                self._drop_first()

    def _drop_first(self) -> None:
        self._rows.popleft()
        self._row = max(0, self._row - 1)
        self.dropped += 1

    def _command(self, command: str, parameters: str) -> None:
        if command == "m":
            self._sgr(parameters)
            return
        first = parameters.partition(";")[0]
        number = min(int(first), COLUMNS) if first.isdecimal() and len(first) < 9 else 0
        if command in "AF":
            self._row = max(0, self._row - max(1, number))
        elif command in "BE":
            self._row = min(len(self._rows) - 1, self._row + max(1, number))
        elif command == "C":
            self._column = min(COLUMNS, self._column + max(1, number))
        elif command == "D":
            self._column = max(0, self._column - max(1, number))
        elif command == "G":
            self._column = max(1, number) - 1
        elif command == "K":
            self._erase_in_row(number)
        elif command == "J" and number == 0:
            self._erase_in_row(0)
            while len(self._rows) - 1 > self._row:
                self._rows.pop()
        if command in "EF":
            self._column = 0

    def _erase_in_row(self, how: int) -> None:
        row = self._rows[self._row]
        begin = 0 if how in (1, 2) else self._column
        row.erase(begin, self._column + 1 if how == 1 else None)

    def _sgr(self, parameters: str) -> None:
        """The colours that hold from here on: all since the last reset, in one harmless sequence."""
        if len(parameters) > 64 or not re.fullmatch(r"[0-9;:]*", parameters):
            return
        if not parameters.strip("0"):
            self._colour = ""
            return
        before = "" if parameters.startswith("0") else self._colour[2:-1]
        joined = f"{before};{parameters}" if before and len(before) < 48 else parameters
        self._colour = sanitise(f"\x1b[{joined}mx", keep_colours=True).partition("x")[0]
