"""Signals that end the dashboard: it leaves as by `q`, with the terminal in order, and then ends by them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from orp_tui.tui.skeleton import Skeleton

if TYPE_CHECKING:
    import asyncio

    from textual.app import App

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_INPUT = 0
WITHIN_S = 3.0
"""What has not left by then is ended: its terminal may have gone, and writing to it hang."""


class Endings:
    """Handles SIGTERM, SIGHUP and SIGINT while it is entered. What was ignored, as under nohup, stays so.

    Where SIGHUP is ignored, a terminal that has gone ends it all the same: there is nothing left to
    show it on. Before there is an app SIGINT interrupts as always.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        self._skeleton = skeleton
        """Gives the terminal back before there is an app, and where the app does not."""
        self.app: App[Any] | None = None
        """Once there is one, it is told to leave."""
        self._number: int | None = None
        self._before: dict[int, Any] = {}
        self._wake = -1
        """Written to by the handler, read by the last resort."""

    def __enter__(self) -> Endings:
        reading, self._wake = os.pipe()
        for number in _ENDING:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                self._before[number] = signal.signal(number, self._end)
        # Started now: in a handler there may be no starting of threads.
        threading.Thread(target=self._last_resort, args=(reading,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._wake)
        if self._number is not None:
            os.kill(os.getpid(), self._number)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if self._number is not None:
            return
        app, loop = self.app, _running_loop()
        if number == signal.SIGINT and (app is None or loop is None):
            raise KeyboardInterrupt
        self._number = number
        os.write(self._wake, bytes((number,)))
        if app is None or loop is None:
            self._skeleton.take_down()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        loop.call_soon_threadsafe(app.exit)

    def _last_resort(self, reading: int) -> None:
        """Wait for a signal, and see to it that the program ends soon after it."""
        if signal.SIGHUP not in self._before and os.isatty(_INPUT) and _hangs_up(_INPUT, before=reading):
            number = signal.SIGHUP.to_bytes(1)
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            number = os.read(reading, 1)
        if not number:  # it has left
            os.close(reading)
            return
        time.sleep(WITHIN_S)
        self._give_up(128 + number[0])

    def _give_up(self, code: int) -> None:
        """End without the app, which hangs."""
        self._skeleton.force_down()
        os._exit(code)


def _hangs_up(terminal: int, *, before: int) -> bool:
    """Wait until a terminal has gone (True) or there is something to read at `before` (False)."""
    watched = select.poll()
    watched.register(terminal, 0)  # that it has gone is told in any case
    watched.register(before, select.POLLIN)
    return any(descriptor == terminal for descriptor, _ in watched.poll())


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop of this thread, in which a handler of a signal runs too."""
    import asyncio  # which Textual has imported, if there is a loop

    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop()
    return None
