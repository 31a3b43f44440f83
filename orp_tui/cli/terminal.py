"""Draw over a few rows of a terminal, and leave it as it was, whatever ends this process."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import sys
import termios
from collections.abc import Sequence
from types import FrameType

from orp_tui.core.sanitise import cell_width

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: a terminal that knows it draws the frame at once, others ignore it."""
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""A row that turns out wider than thought (no two terminals agree on emoji) is clipped and not wrapped."""
_AS_IT_WAS = f"{_END}{_WRAP}\x1b[0m{_SHOW_CURSOR}"

_SGR = re.compile(r"(\x1b\[[0-9;:]*m)")
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Restored:
    """The terminal is left in the modes it was in, also when a signal ends or stops this process.

    `farewell` is written to stdout then. Signals that somebody handles already, or that were
    ignored, as SIGHUP under nohup, stay as they are.
    """

    def __init__(self, farewell: str = "") -> None:
        self._farewell = farewell.encode()
        self._modes: list[object] | None = None
        self._handled: list[signal.Signals] = []

    def __enter__(self) -> Restored:
        with contextlib.suppress(OSError, ValueError, termios.error):
            self._modes = termios.tcgetattr(sys.stdin.fileno())
        for number in (*_ENDING, signal.SIGTSTP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._end if number in _ENDING else self._stop)
                self._handled.append(number)
        return self

    def __exit__(self, *error: object) -> None:
        self._set_modes()
        for number in self._handled:
            signal.signal(number, signal.SIG_DFL)

    def after_stop(self) -> None:
        """Called when the process goes on after Ctrl-Z: what was on the screen has scrolled."""

    def _end(self, number: int, _frame: FrameType | None) -> None:
        """Restore the terminal, then end as the signal would have."""
        self._say_farewell()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """The shell gets a terminal in order, and the signal does what it does."""
        self._say_farewell()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._stop)
        self.after_stop()

    def _say_farewell(self) -> None:
        # Not through sys.stdout: the signal may have come in the middle of a write to it.
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), self._farewell)
        self._set_modes()

    def _set_modes(self) -> None:
        if self._modes is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._modes)  # type: ignore[arg-type] # as tcgetattr gave them


class Canvas(Restored):
    """Rows at the end of stdout that are drawn over, only when they differ.

    What was there before stays in the terminal's history.
    """

    def __init__(self) -> None:
        super().__init__(_AS_IT_WAS)
        self._rows: list[str] = []
        self._width = 0

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):  # a terminal that has gone needs no tidying
            self.clear()
        super().__exit__(*error)

    def after_stop(self) -> None:
        """All is drawn anew, below what the shell has written meanwhile."""
        self._rows = []

    def draw(self, rows: Sequence[str]) -> None:
        """Show these rows, which are safe for a terminal, in place of those of before."""
        size = shutil.get_terminal_size()
        rows = list(rows)[: max(1, size.lines - 1)]
        if rows == self._rows and size.columns == self._width:
            return
        up = self._height(size.columns)
        home = f"\x1b[{up}F" if up else ""
        # Rows that were folded stay marked as folded in some terminals until they are erased whole,
        # and a wider window would join them with what stands there now.
        home += "\x1b[J" if size.columns != self._width else ""
        body = "".join(f"{row}\x1b[0m\x1b[K\n" for row in rows)
        sys.stdout.write(f"{_BEGIN}{_HIDE_CURSOR}{_NO_WRAP}{home}{body}\x1b[J{_WRAP}{_END}")
        sys.stdout.flush()
        self._rows, self._width = rows, size.columns

    def clear(self) -> None:
        """Take the rows away and show the cursor."""
        if not self._rows:
            return
        up = self._height(shutil.get_terminal_size().columns)
        self._rows = []
        sys.stdout.write(f"\x1b[{up}F\x1b[J{_AS_IT_WAS}")
        sys.stdout.flush()

    def _height(self, columns: int) -> int:
        """Rows that the drawing takes now: a terminal that was made narrower has folded the long ones."""
        if columns >= self._width:
            return len(self._rows)
        return sum(max(1, -(-cell_width(_SGR.sub("", row)) // columns)) for row in self._rows)


def ask_key(*question: str) -> str:
    """The key that answers, in lower case; stdin and stderr must be a terminal.

    Keys typed before the question count for nothing. Ctrl-C, Ctrl-D and the end of the
    input come as "\\x03", "\\x04" and "".
    """
    with Restored():
        descriptor = sys.stdin.fileno()
        modes = termios.tcgetattr(descriptor)
        modes[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
        # First the modes, then the words: a key that comes after them is never thrown away.
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, modes)
        for line in question:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - a question, in a terminal
        return _one_key(descriptor).decode("utf-8", "replace")[:1].lower()


def _one_key(descriptor: int) -> bytes:
    """The bytes of one key; what was typed after it stays for whoever reads next, which is the shell."""
    first = os.read(descriptor, 1)
    if first == b"\x1b" or first >= b"\x80":
        # A cursor key or a letter of several bytes: they come together, or nearly.
        while select.select([descriptor], [], [], 0.01)[0] and (more := os.read(descriptor, 1)):
            first += more
            if len(first) >= 32:
                break
    return first


def fitted(row: str, width: int) -> str:
    """A safe row cut to `width` terminal cells with `…`; blanks and colours stay."""
    if cell_width(_SGR.sub("", row)) <= width:
        return row
    left = max(0, width - 1)
    pieces: list[str] = []
    for piece in _SGR.split(row):
        if _SGR.fullmatch(piece):
            pieces.append(piece)
            continue
        for char in piece:
            left -= cell_width(char)
            if left < 0:
                return "".join(pieces) + "…"
            pieces.append(char)
    return "".join(pieces)
