"""The two threads between app and terminal: one runs the stage, one sends what comes out of it.

The app never waits for the terminal, and what it writes meanwhile is merged: the stage goes on
reading while the other thread is stuck in a write. No lock is held anywhere, since signal
handlers write too, in the middle of whatever the app's thread is doing.
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import select
import threading
import time
from collections.abc import Callable

from orp_tui.tui.output_stage.stage import OutputStage, Stats

MOST_BACKLOG = 1 << 20
"""Characters that may wait beside the frame; then the app waits, as it does with the plain driver."""
MOST_UNREAD = 100
"""Writes that may wait for the stage to read them."""
BACKLOG_LOOK_S = 0.005
LAST_WAIT_S = 10.0
"""How long the end waits for a terminal that takes nothing."""


class StageWriter:
    """Brings a stage to life. Every method may be called from any thread and any signal handler."""

    def __init__(
        self,
        descriptor: int,
        size: tuple[int, int],
        *,
        draw_again: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`size`: columns and rows. `draw_again` is called from a thread when the app must paint everything."""
        self._descriptor = descriptor
        self._stage = OutputStage(*size)
        self._draw_again = draw_again
        self._clock = clock
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        """What the stage's thread is to do; the stage is touched there alone."""
        self._outbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        """What goes to the terminal, one piece at a time; nothing: the end."""
        self._sending = False
        self._ending = False
        self._gone = False
        """Whether the terminal is."""
        self._farewell: tuple[threading.Event, float] | None = None
        """Who waits for the last answer, and until when."""
        self._threads = [
            threading.Thread(target=self._run_stage, name="orp-stage", daemon=True),
            threading.Thread(target=self._run_sender, name="orp-output", daemon=True),
        ]

    @property
    def stats(self) -> Stats:
        """The counters now."""
        return self._stage.stats

    def start(self) -> None:
        """Send from now on."""
        for thread in self._threads:
            thread.start()

    def write(self, data: str) -> None:
        """Take what the app writes; waits only while a megabyte that is no frame waits before it."""
        while self._is_full() and not (self._gone or self._ending):
            time.sleep(BACKLOG_LOOK_S)
        if not self._gone:
            self._inbox.put(functools.partial(self._write, data))

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has another size, or wants to be drawn anew."""
        self._inbox.put(functools.partial(self._stage.resize, columns, rows, self._clock()))

    def ask(self) -> None:
        """From now on somebody reads the terminal's answers."""
        self._inbox.put(self._stage.pace.start)

    def answered(self) -> None:
        """The terminal has answered a question."""
        self._inbox.put(functools.partial(self._stage.pace.answered, self._clock()))

    def ask_no_more(self) -> None:
        """Ask no more, and wait for the answer that may be on its way: the next program would read it."""
        settled = threading.Event()
        self._inbox.put(functools.partial(self._begin_farewell, settled))
        settled.wait(LAST_WAIT_S)

    def stop(self) -> None:
        """Send what is left, and end."""
        self._inbox.put(self._end)
        deadline = self._clock() + LAST_WAIT_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock()))

    def _is_full(self) -> bool:
        return self._stage.backlog > MOST_BACKLOG or self._inbox.qsize() > MOST_UNREAD

    # The stage's thread

    def _run_stage(self) -> None:
        while True:
            self._send_next()
            self._settle_farewell()
            if self._stage.misses_paint(self._clock()):
                self._draw_again()
            if self._ending and not self._sending:
                break
            self._hear()
        self._outbox.put(b"")

    def _hear(self) -> None:
        """Do all that is there to do; wait for it if there is nothing."""
        with contextlib.suppress(queue.Empty):
            command = self._inbox.get(timeout=self._wait_s())
            while True:
                self._do(command)
                command = self._inbox.get_nowait()

    def _wait_s(self) -> float | None:
        now = self._clock()
        waits = [] if self._sending or self._gone else [self._stage.wait_s(now)]
        if self._farewell is not None:
            waits.append(max(0.0, self._farewell[1] - now))
        return min((wait for wait in waits if wait is not None), default=None)

    def _do(self, command: Callable[[], None]) -> None:
        try:
            command()
        except Exception as error:  # noqa: BLE001  # the app must go on, with the plain driver's bytes
            self._stage.fail(repr(error))
            self._draw_again()

    def _write(self, data: str) -> None:
        if not self._gone:
            self._stage.write(data)

    def _send_next(self) -> None:
        if not (self._sending or self._gone):
            self._do(self._take)

    def _take(self) -> None:
        data = self._stage.take(self._clock())
        if data:
            self._sending = True
            self._outbox.put(data)

    def _sent(self, *, gone: bool) -> None:
        self._sending = False
        self._gone = self._gone or gone

    def _end(self) -> None:
        self._ending = True

    def _begin_farewell(self, settled: threading.Event) -> None:
        now = self._clock()
        self._farewell = (settled, now + self._stage.pace.stop(now))

    def _settle_farewell(self) -> None:
        if self._farewell is None:
            return
        settled, deadline = self._farewell
        if self._gone or not self._stage.pace.waiting or self._clock() >= deadline:
            self._farewell = None
            settled.set()

    # The sender's thread

    def _run_sender(self) -> None:
        while data := self._outbox.get():
            try:
                _send(self._descriptor, data)
            except OSError:
                # What follows when the terminal is gone is the app's business.
                self._inbox.put(functools.partial(self._sent, gone=True))
            else:
                self._inbox.put(functools.partial(self._sent, gone=False))


def _send(descriptor: int, data: bytes) -> None:
    """All of it, also to a terminal that another program has made non-blocking."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
