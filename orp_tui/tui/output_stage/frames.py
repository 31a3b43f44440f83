"""Reads what Textual writes: cells for the screen, sequences that pass, and what cannot be followed.

A frame is cursor addresses, colours and text; it is drawn on the screen that is wanted. Titles,
modes, queries, the clipboard and the bell touch no cell: they pass. Everything else may have
done anything to the terminal's screen; whoever sent it must send it on as it is, and start anew.
"""

from __future__ import annotations

import re

from orp_tui.tui.output_stage.pens import PLAIN, Pen, after_codes
from orp_tui.tui.output_stage.screen import Row, Screen

SYNC_BEGIN = "\x1b[?2026h"
SYNC_END = "\x1b[?2026l"
SYNC_QUERY = "\x1b[?2026$p"

_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-9:;]*)(?P<final>[Hfm])"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|(?P<control>[\r\n])"
    r"|\x1b\]8;(?P<link>[^\x00-\x1f]*)(?:\x1b\\|\x07)"
    r"|(?P<passing>\x07"  # the bell
    r"|\x1b\](?:0|1|2|4|7|9|10|11|12|22|52|99|104|110|111|112|777)(?:;[^\x00-\x1f]*)?(?:\x1b\\|\x07)"
    # Modes of mouse, focus, paste, resize reports, synchronized output, cursor and line wrap
    r"|\x1b\[\?(?:1|7|12|25|10(?:0[0-7]|1[56])|20(?:04|26|31|48))[hl]"
    r"|\x1b\[[<=>?][0-9;]*u|\x1b\[>[0-9;]*[mqc]"  # keyboard protocols, version
    r"|\x1b\[\??[0-9]+\$p|\x1b\[0?c"  # queries
    r"|\x1b\[(?:1[14689]|2[0123])(?:;[0-9]+)*t"  # sizes and titles asked for or kept
    r"|\x1b\[[0-9]* q|\x1b[=>])"  # shape of the cursor, keypad
)
_UNFINISHED = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z"  # a sequence whose end is still to come
)
_MAY_TURN = re.compile(
    # Colours; what is restored, reset or left; the end of a link
    r"\x1b(?:\[[0-9:;]*[mu]|[8c]|\[!p|\[\?10(?:47|48|49)l|\]8;[^\x07\x1b]*)"
)
"""What may leave another pen behind."""
_RESETS = ("\x1b[0m", "\x1b[m", "\x1b]8;;")
_MOST_UNFINISHED = 1 << 16
"""Characters of a sequence without an end that are waited for."""


class FrameReader:
    """Draws frames on a screen, write after write."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.touched: set[int] = set()
        """Rows that were drawn on since the set was last cleared."""
        self.cursor: tuple[int, int] | None = None
        """Row and column, from 0, where the cursor is wanted; None: not known."""
        self.drawn = 0
        """Pieces of text drawn so far."""
        self.clips = False
        """Whether what lies outside of the screen is left out; else nobody knows what a terminal does."""
        self.clipped = False
        """Whether anything was left out so far."""
        self.sync = False
        """Whether the app found that the terminal can show a frame all at once."""
        self._lost = False
        """Whether the cursor was moved to where nobody knows."""
        self.pen: Pen | None = PLAIN
        """How the next text is drawn; None: not known."""
        self._before: dict[int, Row] = {}
        """The rows that this write has drawn on, as they were."""
        self._unfinished = ""

    def read(self, data: str) -> tuple[str, str | None]:
        """Draw one write; answer what passes, and the whole of it if it can't be followed, else None."""
        data = self._unfinished + data
        data, self._unfinished = _cut(data)
        before = self.cursor, self.pen
        self._before.clear()
        passing: list[str] = []
        if self._follow(data, passing):
            if self.clips:
                self._stay_inside()
            return "".join(passing), None
        self.cursor, self.pen = before
        for number, row in self._before.items():
            self.screen.rows[number] = row
        return "", data

    def _follow(self, data: str, passing: list[str]) -> bool:
        """Obey all of it; False as soon as it can't be told what a terminal makes of it."""
        place, end = 0, len(data)
        while place < end:
            token = _TOKEN.match(data, place)
            if token is None or not self._obey(token, passing):
                return False
            place = token.end()
        return not self._lost

    def _stay_inside(self) -> None:
        rows = len(self.screen.rows)
        self.touched = {row for row in self.touched if row < rows}
        if self.cursor is not None:
            self.cursor = min(self.cursor[0], rows - 1), min(self.cursor[1], self.screen.columns - 1)

    def start_anew(self, data: str) -> None:
        """What could not be followed was sent."""
        self.screen.forget()
        self.touched.clear()
        self.cursor = None
        self._lost = False
        turns = _MAY_TURN.findall(data)
        if turns:
            self.pen = PLAIN if turns[-1] in _RESETS else None

    def _obey(self, token: re.Match[str], passing: list[str]) -> bool:
        """False if it can't be told what the terminal makes of it."""
        kind = token.lastgroup
        if kind == "text":
            return self._draw(token["text"])
        if kind == "final":
            return (
                self._point(token["parameters"]) if token["final"] != "m" else self._dip(token["parameters"])
            )
        if kind == "control":
            return self._control(token["control"])
        if kind == "link":
            return self._link("" if token["link"] == ";" else token["link"])
        if token[0] in (SYNC_BEGIN, SYNC_END):
            self.sync = True
        else:
            passing.append(token[0])
        return True

    def _draw(self, text: str) -> bool:
        if self.cursor is None or self.pen is None:
            return False
        row, column = self.cursor
        if self.clips:
            end = self._draw_clipped(row, column, text, self.pen)
        else:
            end = self._cells(row).put(column, text, self.pen)
        if end is None:
            return False
        self.touched.add(row)
        self.drawn += 1
        self.cursor = (row, end)
        return True

    def _cells(self, number: int) -> Row:
        """A row to draw on; how it was is kept until the next write. Outside of the screen it is a lost one."""
        if number >= len(self.screen.rows):
            return Row(0)
        row = self.screen.rows[number]
        if number not in self._before:
            self._before[number] = row.copy()
        return row

    def _draw_clipped(self, number: int, column: int, text: str, pen: Pen) -> int | None:
        row = self._cells(number)
        self.clipped = self.clipped or number >= len(self.screen.rows)
        # No character is wider than two cells.
        row.fit(max(column + 2 * len(text), self.screen.columns))
        end = row.put(column, text, pen)
        row.fit(self.screen.columns)
        self.clipped = self.clipped or (end is not None and end > self.screen.columns)
        return end

    def _point(self, parameters: str) -> bool:
        numbers = parameters.split(";")
        if ":" in parameters or len(numbers) > 2:
            return False
        row, column = (max(int(number or 1), 1) - 1 for number in (*numbers, "1")[:2])
        if not self.clips and (row >= len(self.screen.rows) or column >= self.screen.columns):
            return False
        self.cursor = (row, column)
        self._lost = False
        return True

    def _dip(self, codes: str) -> bool:
        if self.pen is None and codes in ("", "0"):
            self.pen = PLAIN
        self.pen = None if self.pen is None else after_codes(self.pen, codes)
        return self.pen is not None

    def _link(self, link: str) -> bool:
        if self.pen is None:
            return False
        self.pen = self.pen._replace(link=link)
        return True

    def _control(self, control: str) -> bool:
        """Only what Textual sends: a new line behind a row, before it goes elsewhere by address."""
        if self.cursor is None:
            return False
        row, _ = self.cursor
        if control == "\r":
            self.cursor = (row, 0)
            return True
        self.cursor, self._lost = None, True
        # In the last row it would scroll.
        return self.clips or row + 1 < len(self.screen.rows)


def _cut(data: str) -> tuple[str, str]:
    """What can be read now, and a sequence at the end that is not whole yet."""
    begin = data.rfind("\x1b")
    if begin < 0 or data.startswith("\x1b\\", begin):
        return data, ""
    if begin == len(data) - 1:
        # Perhaps the first half of what ends a longer one.
        longer = data.rfind("\x1b", 0, begin)
        if longer >= 0 and _UNFINISHED.match(data, longer):
            begin = longer
    if len(data) - begin > _MOST_UNFINISHED or not _UNFINISHED.match(data, begin):
        return data, ""
    return data[:begin], data[begin:]
