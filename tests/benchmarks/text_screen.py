"""What a terminal shows, characters only: quick enough to look on while a program draws.

It takes runs of text at once and knows no colours, which makes it about a hundred times as fast as an
emulator of cells. What it does not know changes nothing on the screen, and is kept in `unknown`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from rich.cells import cell_len

_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b(?P<escape>[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
_LONGEST = 1 << 16
"""Characters of a sequence that is still waited for to end."""


class TextScreen:
    """So many columns and rows of characters, and a cursor."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.unknown: set[str] = set()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._saved = (0, 0)
        self._last = " "
        self._reset()

    def feed(self, data: bytes) -> None:
        """Take what was sent; it may end anywhere."""
        text, at = self._rest + self._decode(data), 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                if len(text) - at < _LONGEST:
                    break
                at += 1
                continue
            at = found.end()
            self._take(found)
        self._rest = text[at:]

    @property
    def text(self) -> str:
        """All rows, with newlines between."""
        return "\n".join(map("".join, self._cells))

    def _take(self, found: re.Match[str]) -> None:
        if found["text"]:
            self._write(found["text"])
        elif found["final"]:
            if not found["between"]:
                self._sequence(found["parameters"], found["final"])
        elif found["control"]:
            self._control(found["control"])
        elif found["escape"]:
            self._escape(found["escape"])

    def _reset(self) -> None:
        self.x = self.y = 0
        self._top, self._bottom = 0, self.rows - 1
        self._wraps, self._is_full = True, False
        self._cells = self._blank(self.rows)

    def _blank(self, rows: int) -> list[list[str]]:
        return [[" "] * self.columns for _ in range(rows)]

    # Text and controls

    def _write(self, text: str) -> None:
        cells = list(text) if text.isascii() else _cells_of(text)
        self._last = text[-1]
        while cells:
            if self._is_full and self._wraps:
                self._is_full, self.x = False, 0
                self._line_feed()
            part, cells = cells[: self.columns - self.x], cells[self.columns - self.x :]
            self._cells[self.y][self.x : self.x + len(part)] = part
            self.x += len(part)
            if self.x >= self.columns:
                self.x, self._is_full = self.columns - 1, True
                if not self._wraps:
                    return

    def _control(self, char: str) -> None:
        self._is_full = False
        if char == "\r":
            self.x = 0
        elif char in "\n\x0b\x0c":
            self._line_feed()
        elif char == "\b":
            self.x = max(0, self.x - 1)
        elif char == "\t":
            self.x = min(self.columns - 1, (self.x // 8 + 1) * 8)

    def _escape(self, escape: str) -> None:
        if escape == "M":
            self._scroll(self.y, self._bottom, -1) if self.y == self._top else self._move(0, -1)
        elif escape in "DE":
            self.x = 0 if escape == "E" else self.x
            self._line_feed()
        elif escape == "7":
            self._saved = self.x, self.y
        elif escape == "8":
            self.x, self.y = self._saved
        elif escape == "c":
            self._reset()

    def _line_feed(self) -> None:
        if self.y == self._bottom:
            self._scroll(self._top, self._bottom, 1)
        else:
            self._move(0, 1)

    def _move(self, right: int, down: int) -> None:
        self._go(self.x + right, self.y + down)

    def _go(self, x: int, y: int) -> None:
        self.x, self.y = min(max(x, 0), self.columns - 1), min(max(y, 0), self.rows - 1)

    def _scroll(self, top: int, bottom: int, lines: int) -> None:
        """Move the rows from top to bottom up, or down if `lines` is negative."""
        fresh = self._blank(min(abs(lines), bottom - top + 1))
        kept = bottom + 1 - len(fresh)
        if lines > 0:
            self._cells[top : bottom + 1] = self._cells[top + len(fresh) : bottom + 1] + fresh
        else:
            self._cells[top : bottom + 1] = fresh + self._cells[top:kept]

    # Sequences: CSI parameters final

    def _sequence(self, parameters: str, final: str) -> None:
        if final == "m":
            return
        if parameters[:1] in ("<", "=", ">", "?") and parameters:
            if parameters[0] == "?" and final in "hl":
                for mode in parameters[1:].split(";"):
                    self._mode(mode, on=final == "h")
            return
        self._is_full = False
        numbers = [int(word) if word.isdecimal() else 0 for word in parameters.split(";")]
        act = _ACTS.get(final)
        if act is not None:
            act(self, numbers[0], numbers[1] if len(numbers) > 1 else 0)
        elif final not in _QUIET:
            self.unknown.add(final)

    def _mode(self, mode: str, *, on: bool) -> None:
        if mode in ("47", "1047", "1049"):
            self._cells = self._blank(self.rows)
        elif mode == "7":
            self._wraps = on

    def _erase_in_screen(self, how: int, _: int) -> None:
        first, last = {0: (self.y + 1, self.rows), 1: (0, self.y)}.get(how, (0, self.rows))
        self._cells[first:last] = self._blank(last - first)
        if how in (0, 1):
            self._erase_in_line(how, 0)

    def _erase_in_line(self, how: int, _: int) -> None:
        first, last = {0: (self.x, self.columns), 1: (0, self.x + 1)}.get(how, (0, self.columns))
        self._cells[self.y][first:last] = [" "] * (last - first)

    def _erase(self, count: int, _: int) -> None:
        last = min(self.x + max(count, 1), self.columns)
        self._cells[self.y][self.x : last] = [" "] * (last - self.x)

    def _insert(self, count: int, _: int) -> None:
        row = self._cells[self.y]
        row[self.x : self.x] = [" "] * max(count, 1)
        del row[self.columns :]

    def _delete(self, count: int, _: int) -> None:
        row = self._cells[self.y]
        del row[self.x : self.x + max(count, 1)]
        row += [" "] * (self.columns - len(row))

    def _scroll_below(self, lines: int) -> None:
        if self._top <= self.y <= self._bottom:
            self.x = 0
            self._scroll(self.y, self._bottom, lines)

    def _up(self, rows: int, _: int) -> None:
        least = self._top if self.y >= self._top else 0
        self._go(self.x, max(least, self.y - max(rows, 1)))

    def _down(self, rows: int, _: int) -> None:
        most = self._bottom if self.y <= self._bottom else self.rows - 1
        self._go(self.x, min(most, self.y + max(rows, 1)))

    def _margins(self, top: int, bottom: int) -> None:
        self._top, self._bottom = max(top, 1) - 1, min(bottom or self.rows, self.rows) - 1
        self._go(0, 0)

    def _save(self, _: int, __: int) -> None:
        self._saved = self.x, self.y


_Act = Callable[[TextScreen, int, int], object]
_ACTS: dict[str, _Act] = {
    "A": TextScreen._up,
    "B": TextScreen._down,
    "C": lambda screen, n, _: screen._move(max(n, 1), 0),
    "D": lambda screen, n, _: screen._move(-max(n, 1), 0),
    "E": lambda screen, n, _: screen._go(0, screen.y + max(n, 1)),
    "F": lambda screen, n, _: screen._go(0, screen.y - max(n, 1)),
    "G": lambda screen, n, _: screen._go(n - 1, screen.y),
    "`": lambda screen, n, _: screen._go(n - 1, screen.y),
    "H": lambda screen, y, x: screen._go(x - 1, y - 1),
    "f": lambda screen, y, x: screen._go(x - 1, y - 1),
    "d": lambda screen, n, _: screen._go(screen.x, n - 1),
    "J": TextScreen._erase_in_screen,
    "K": TextScreen._erase_in_line,
    "X": TextScreen._erase,
    "@": TextScreen._insert,
    "P": TextScreen._delete,
    "L": lambda screen, n, _: screen._scroll_below(-max(n, 1)),
    "M": lambda screen, n, _: screen._scroll_below(max(n, 1)),
    "S": lambda screen, n, _: screen._scroll(screen._top, screen._bottom, max(n, 1)),
    "T": lambda screen, n, _: screen._scroll(screen._top, screen._bottom, -max(n, 1)),
    "b": lambda screen, n, _: screen._write(screen._last * max(n, 1)),
    "r": TextScreen._margins,
    "s": TextScreen._save,
    "u": lambda screen, _, __: screen._go(*screen._saved),
}
_QUIET = "chlnqtgp"
"""Modes and questions: they move nothing."""


def _cells_of(text: str) -> list[str]:
    """A character a cell; a wide one is followed by an empty cell, what has no width joins the one before."""
    cells: list[str] = []
    for char in text:
        width = cell_len(char)
        if width == 0 and cells:
            cells[-1] += char
        else:
            cells += [char, *[""] * (width - 1)]
    return cells
