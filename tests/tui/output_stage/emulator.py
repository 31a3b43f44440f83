"""A small terminal: cells with colours, scroll regions, wide characters, answers.

Written apart from the output stage and sharing nothing with it, to say what a terminal shows after
the bytes of the plain driver and after those of the stage. pyte does not clear the other half of a
wide character, has no links, and knows neither joined emoji nor styles of underlines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from rich._unicode_data import load
from rich.cells import get_character_cell_size

NARROW_TO_WIDE = load("auto").narrow_to_wide
TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b(?P<escape>[@-Z\\^_a-z0-9=>])"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f])",
    re.DOTALL,
)


class Cell(NamedTuple):
    text: str = " "
    """Empty: the right half of the wide character before it."""
    style: tuple[tuple[str, str], ...] = ()
    link: str = ""


class Widths(NamedTuple):
    """How wide a terminal takes characters to be."""

    of: Callable[[str], int] = get_character_cell_size
    joins: bool = True
    """Whether a joiner makes one character of two."""
    widens: bool = True
    """Whether the emoji selector makes a narrow character wide."""


class Emulator:
    def __init__(
        self, columns: int, rows: int, widths: Widths | None = None, *, line_wrap: bool = True
    ) -> None:
        self.columns, self.rows = columns, rows
        self.widths = widths or Widths()
        self.answers: list[str] = []
        self.passed: list[str] = []
        """Everything that touched no cell, as it came."""
        self.modes: dict[str, bool] = {"7": line_wrap}
        self._rest = ""
        self._main: tuple[list[list[Cell]], int, int] | None = None
        self.reset()

    def reset(self) -> None:
        self.cells = [self._blank_row() for _ in range(self.rows)]
        self.row = self.column = 0
        self.pen: dict[str, str] = {}
        self.link = ""
        self._top, self._bottom = 0, self.rows - 1
        self._wrap_pending = False
        self._joining = False
        self._last: tuple[int, int] | None = None

    @property
    def cursor(self) -> tuple[int, int]:
        return self.row, self.column

    def text(self) -> list[str]:
        return ["".join(cell.text for cell in row) for row in self.cells]

    def resize(self, columns: int, rows: int) -> None:
        """As xterm does: what does not fit is lost."""
        self.cells = [[*row[:columns], *([Cell()] * (columns - len(row)))] for row in self.cells[:rows]] + [
            [Cell()] * columns for _ in range(rows - len(self.cells))
        ]
        self.columns, self.rows = columns, rows
        self.row, self.column = min(self.row, rows - 1), min(self.column, columns - 1)
        self._top, self._bottom = 0, rows - 1
        self._wrap_pending = False

    def feed(self, data: str | bytes) -> None:
        text = self._rest + (data.decode() if isinstance(data, bytes) else data)
        place = 0
        while place < len(text):
            token = TOKEN.match(text, place)
            if token is None:
                break
            place = token.end()
            kind = token.lastgroup
            if kind == "text":
                self._put(token["text"])
            elif kind == "final":
                self._csi(token["parameters"], token["between"], token["final"], token[0])
            elif kind == "control":
                self._control(token["control"])
            elif kind == "osc":
                self._osc(token["osc"], token[0])
            elif kind == "escape":
                self._escape(token["escape"], token[0])
        self._rest = text[place:]

    def _blank_row(self) -> list[Cell]:
        return [Cell()] * self.columns

    def _erased(self) -> Cell:
        background = self.pen.get("bg") if hasattr(self, "pen") else None
        return Cell(" ", (("bg", background),) if background else ())

    # Text

    def _before(self) -> tuple[int, int] | None:
        """The cell of the character before the cursor."""
        if self._last is not None:
            return self._last
        column = self.column - 1
        if column > 0 and self.cells[self.row][column].text == "":
            column -= 1
        return (self.row, column) if column >= 0 else None

    def _put(self, char: str) -> None:
        before = self._before()
        if self._joining or (char == "\u200d" and self.widths.joins and before):
            self._joining = char == "\u200d"
            self._append(before, char)
            return
        if char == "\ufe0f" and self.widths.widens and before:
            self._append(before, char)
            self._widen(before)
            return
        width = self.widths.of(char)
        if width == 0:
            if before:
                self._append(before, char)
            return
        self._place(char, width)

    def _append(self, place: tuple[int, int] | None, char: str) -> None:
        if place is not None:
            cell = self.cells[place[0]][place[1]]
            self.cells[place[0]][place[1]] = cell._replace(text=cell.text + char)

    def _widen(self, place: tuple[int, int]) -> None:
        row, column = place
        cell = self.cells[row][column]
        measured = [char for char in cell.text if self.widths.of(char)]
        if len(measured) == 1 and measured[0] in NARROW_TO_WIDE and column + 1 < self.columns:
            self._part(row, column + 2)
            self.cells[row][column + 1] = cell._replace(text="")
            self._advance(row, column + 2)

    def _place(self, char: str, width: int) -> None:
        if self._wrap_pending and self.modes["7"]:
            self._line_feed()
            self.column = 0
        self._wrap_pending = False
        if self.column + width > self.columns:
            return
        row, column = self.row, self.column
        self._part(row, column)
        self._part(row, column + width)
        cell = Cell(char, tuple(sorted(self.pen.items())), self.link)
        self.cells[row][column : column + width] = [cell, cell._replace(text="")][:width]
        self._advance(row, column + width)
        self._last = (row, column)

    def _advance(self, row: int, column: int) -> None:
        self.row, self.column = row, min(column, self.columns - 1)
        self._wrap_pending = column >= self.columns

    def _part(self, row: int, column: int) -> None:
        """A character that reaches over the edge before the column is broken into two spaces."""
        cells = self.cells[row]
        if 0 < column < self.columns and cells[column].text == "":
            cells[column - 1] = cells[column - 1]._replace(text=" ")
            cells[column] = cells[column]._replace(text=" ")

    # Sequences

    def _moved(self) -> None:
        self._wrap_pending = self._joining = False
        self._last = None

    def _line_feed(self) -> None:
        if self.row == self._bottom:
            self._scroll(1)
        elif self.row < self.rows - 1:
            self.row += 1

    def _scroll(self, up: int) -> None:
        region = self.cells[self._top : self._bottom + 1]
        blank = [[self._erased()] * self.columns for _ in range(min(abs(up), len(region)))]
        moved = [*region[up:], *blank] if up > 0 else [*blank, *region[:up]]
        self.cells[self._top : self._bottom + 1] = moved

    def _control(self, char: str) -> None:
        if char == "\x07":
            self.passed.append(char)
            return
        self._moved()
        if char == "\n":
            # The terminal's driver makes CR LF of it.
            self.column = 0
            self._line_feed()
        elif char == "\r":
            self.column = 0
        elif char == "\b":
            self.column = max(0, self.column - 1)
        elif char == "\t":
            self.column = min(self.columns - 1, (self.column // 8 + 1) * 8)

    def _escape(self, final: str, whole: str) -> None:
        if final == "M":
            self._moved()
            if self.row == self._top:
                self._scroll(-1)
            else:
                self.row = max(0, self.row - 1)
        elif final == "c":
            self.reset()
        else:
            self.passed.append(whole)

    def _osc(self, text: str, whole: str) -> None:
        if text.startswith("8;"):
            self.link = "" if text == "8;;" else text[2:]
        else:
            self.passed.append(whole)

    def _csi(self, parameters: str, between: str, final: str, whole: str) -> None:
        private = parameters[:1] in ("<", "=", ">", "?") and parameters[:1]
        if between or private or final in "cnqtu":
            self._report_or_mode(parameters, final, whole, between)
        elif final == "m":
            self._sgr(parameters)
        else:
            self._moved()
            numbers = [int(number) if number else 0 for number in parameters.split(";")]
            self._move(final, [*numbers, 0])

    def _report_or_mode(self, parameters: str, final: str, whole: str, between: str) -> None:
        if parameters.startswith("?") and final in "hl" and not between:
            for mode in parameters[1:].split(";"):
                self._mode(mode, on=final == "h")
            return
        if (parameters, final) == ("5", "n"):
            self.answers.append("\x1b[0n")
            return
        self.passed.append(whole)

    def _mode(self, mode: str, *, on: bool) -> None:
        self.modes[mode] = on
        if mode != "1049":
            return
        if on and self._main is None:
            self._main = (self.cells, self.row, self.column)
            self.cells = [self._blank_row() for _ in range(self.rows)]
            self._moved()
        elif not on and self._main is not None:
            cells, row, column = self._main
            self._main = None
            self.cells = cells
            self.resize(self.columns, self.rows)
            self._moved()
            self.row, self.column = min(row, self.rows - 1), min(column, self.columns - 1)

    def _move(self, final: str, numbers: list[int]) -> None:
        first = max(numbers[0], 1)
        if final in "Hf":
            self.row, self.column = first - 1, max(numbers[1], 1) - 1
        elif final in "AB":
            self.row += first if final == "B" else -first
        elif final in "CD":
            self.column += first if final == "C" else -first
        elif final == "J":
            self._erase_display(numbers[0])
        elif final == "K":
            self._erase_line(numbers[0])
        elif final in "ST":
            self._scroll(first if final == "S" else -first)
        elif final == "r":
            self._top, self._bottom = first - 1, min(numbers[1] or self.rows, self.rows) - 1
            self.row = self.column = 0
        else:
            raise AssertionError(f"the emulator does not know CSI {final}")
        self.row = min(max(self.row, 0), self.rows - 1)
        self.column = min(max(self.column, 0), self.columns - 1)

    def _erase_display(self, what: int) -> None:
        rows = range(self.rows) if what == 2 else range(self.row + 1, self.rows)
        if what == 0:
            self._erase_line(0)
        for row in rows:
            self.cells[row] = [self._erased()] * self.columns

    def _erase_line(self, what: int) -> None:
        begin = 0 if what == 2 else self.column
        self._part(self.row, begin)
        self.cells[self.row][begin:] = [self._erased()] * (self.columns - begin)

    # Colours

    def _sgr(self, parameters: str) -> None:
        codes = parameters.split(";")
        while codes:
            code = codes.pop(0)
            if code in ("", "0"):
                self.pen.clear()
            elif code in ("38", "48", "58"):
                more = codes[:2] if codes[0] == "5" else codes[:4]
                del codes[: len(more)]
                self.pen[{"38": "fg", "48": "bg", "58": "ul"}[code]] = ";".join(more)
            elif code in ("39", "49", "59"):
                self.pen.pop({"39": "fg", "49": "bg", "59": "ul"}[code], None)
            elif re.fullmatch(r"3\d|9\d", code):
                self.pen["fg"] = code
            elif re.fullmatch(r"4\d|10\d", code):
                self.pen["bg"] = str(int(code) - 10)
            else:
                self._attribute(code)

    def _attribute(self, code: str) -> None:
        on = {"1": "bold", "2": "dim", "3": "italic", "4": "underline", "5": "blink", "6": "fast", "7": "reverse",
              "8": "conceal", "9": "strike", "21": "double", "51": "frame", "52": "circle", "53": "overline"}  # fmt: skip
        off = {"22": ("bold", "dim"), "23": ("italic",), "24": ("underline", "double", "styled"), "25": ("blink", "fast"),
               "27": ("reverse",), "28": ("conceal",), "29": ("strike",), "54": ("frame", "circle"), "55": ("overline",)}  # fmt: skip
        if code in on:
            self.pen[on[code]] = "1"
        elif code.startswith("4:"):
            for name in off["24"]:
                self.pen.pop(name, None)
            if code != "4:0":
                self.pen["styled"] = code
        elif code in off:
            for name in off[code]:
                self.pen.pop(name, None)
        else:
            raise AssertionError(f"the emulator does not know SGR {code}")
