"""The first thing on the screen: drawn before Textual is imported, which takes a fifth of a second.

Only the standard library, and of that little. The dashboard draws over it; if it never comes,
`take_down` gives the terminal back as it was.
"""

from __future__ import annotations

import contextlib
import os
import termios
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.driver import Driver

_ENTER = "\x1b[?1049h"
_SHOW = f"{_ENTER}\x1b[?25l\x1b[H\x1b[J"
_LEAVE = "\x1b[?1049l"
_HIDE = f"{_LEAVE}\x1b[?25h"
_FORCE = "\x1b[?2026l\x1b[0m\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[<u\x1b[?7h"
"""Ends whatever a dashboard may have switched on: frame, colours, mouse, focus, paste, keyboard; lines wrap."""
_TAKES_S = 0.5
"""A terminal that takes no bytes is not waited for."""
_LFLAG, _CC = 3, 6
"""Places in what `tcgetattr` gives."""
_OUTPUT, _INPUT = 2, 0
"""Textual draws on stderr and reads stdin: so do we."""


class Skeleton:
    """The header line on the alternate screen, until the dashboard takes over or is given up."""

    def __init__(self) -> None:
        self._modes: list[Any] | None = None  # Any: as tcgetattr gives them
        self.is_up = False

    def show(self, *words: str) -> None:
        """Draw the words in one line, cut to the width. They must be safe for a terminal."""
        with contextlib.suppress(OSError, termios.error):
            self._modes = termios.tcgetattr(_INPUT)
            quiet = termios.tcgetattr(_INPUT)
            quiet[_LFLAG] &= ~termios.ECHO  # keys typed now are for the dashboard
            quiet[_CC][termios.VSUSP] = b"\0"  # nobody could give this screen back
            termios.tcsetattr(_INPUT, termios.TCSANOW, quiet)
        line = "  ".join(word for word in words if word)[: max(0, _size()[0] - 1)]
        self.is_up = True  # first: a signal may come as soon as something is to be seen
        _write(f"{_SHOW} {line}")

    def show_queue(self, lines: Callable[[int], list[str]]) -> None:
        """Draw the lines that `lines` makes for a width about where the queue will be. They must be safe."""
        if not self.is_up:
            return
        column, row, width, height = _queue_place(*_size())
        drawn = enumerate(lines(width)[:height])
        _write("".join(f"\x1b[{row + place};{column}H{line}" for place, line in drawn))

    def hand_over(self) -> None:
        """Give the terminal its modes back; what is drawn stays. For a driver that starts now."""
        self._set_modes()
        self.is_up = False

    def take_down(self) -> None:
        """Leave the terminal as it was found; nothing happens if somebody else has taken over."""
        if self.is_up:
            self.is_up = False
            _write(_HIDE)
            self._set_modes()

    def force_down(self) -> None:
        """Put the terminal in order for a dashboard that can't do so any more; returns within a second."""
        self._set_modes()
        writing = threading.Thread(target=_write, args=(_FORCE + _HIDE,), daemon=True)
        writing.start()
        writing.join(_TAKES_S)

    def set_modes_again(self) -> None:
        """The modes of before, once more, whatever went wrong in between."""
        self._set_modes()

    def _set_modes(self) -> None:
        if self._modes is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(_INPUT, termios.TCSANOW, self._modes)


def continued_by(skeleton: Skeleton, driver_class: type[Driver]) -> type[Driver]:
    """`driver_class`, but it goes on with what is on the screen at its first start, and draws all anew at others.

    Entering the alternate screen again would clear it, in some terminals, until the first paint.
    When a stopped process goes on, Textual draws only what has changed meanwhile. Where somebody else
    had stopped it, Textual would start a second reader of keys, and neither would get them all.
    """

    def start_application_mode(self: Any) -> None:  # Any: of the class that is made here
        if _is_started(self):
            self._get_terminal_size()  # tells an output stage that anything may stand on the screen now
            self._app.call_later(self._app.refresh, layout=True)
            return
        is_first = not getattr(self, "_has_started", False)
        self._has_started = True
        self._enters = is_first and skeleton.is_up
        if skeleton.is_up:
            skeleton.hand_over()
        base.start_application_mode(self)
        if not is_first:
            self._app.call_later(self._app.refresh, layout=True)

    def write(self: Any, data: str) -> None:
        if getattr(self, "_enters", False) and _ENTER in data:
            self._enters = False
            data = data.replace(_ENTER, "")
        if _LEAVE in data:
            # tmux, made larger meanwhile, would keep what stood here as the shell's own lines.
            data = data.replace(_LEAVE, f"\x1b[H\x1b[J{_LEAVE}")
        base.write(self, data)

    base: Any = driver_class
    parts = {"start_application_mode": start_application_mode, "write": write}
    return type(driver_class.__name__, (driver_class,), parts)


def _is_started(driver: Any) -> bool:  # Any: `_key_thread` is of Textual's drivers for terminals
    """Whether a driver reads keys at this moment."""
    thread = getattr(driver, "_key_thread", None)
    return thread is not None and bool(thread.is_alive())


def _size() -> tuple[int, int]:
    """Columns and rows."""
    try:
        size = os.get_terminal_size(_OUTPUT)
    except OSError:
        return 80, 24
    return size.columns or 80, size.lines or 24


def _queue_place(columns: int, rows: int) -> tuple[int, int, int, int]:
    """Column and row, both from 1, and columns and rows of the queue, as `placing` will have it for most."""
    if columns < 60 or rows < 15:
        return 1, 2, columns, max(0, rows - 2)
    left = max(26, columns // 5) if columns >= 100 else 0
    return left + 5, 5, columns - left - 6, max(0, round((rows - 3) * 0.45) - 3)


def _write(text: str) -> None:
    """Everything, at once; a terminal that has gone is no matter."""
    data = text.encode("utf-8", "replace")
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(_OUTPUT, data) :]
