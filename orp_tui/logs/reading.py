"""The thread behind a view of a log: it is told acts, and publishes screens."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.logs.ink import Measure
from orp_tui.logs.session import LogSession
from orp_tui.logs.source import OpenLog, open_growing
from orp_tui.logs.status import LogScreen, LogStatus

Act = Callable[[LogSession], None]
_PATIENCE_S = 0.05


class LogReading:
    """One log on the screen. `run` is the thread; everything else may be called from any."""

    def __init__(
        self, reference: str, name: str, *, measure: Measure = cell_width, ticks_per_s: float = 10.0
    ) -> None:
        self.reference = reference
        self._name = name
        self._measure = measure
        self.ticks_per_s = ticks_per_s
        """How often the log is looked at, and a new screen published that no act asked for."""
        self._acts: queue.SimpleQueue[Act | None] = queue.SimpleQueue()

        self._open: Callable[[], OpenLog] = partial(open_growing, reference)
        self._latest: LogScreen | None = None
        self._lock = threading.Lock()

    def tell(self, act: Act) -> None:
        """Have something done."""
        self._acts.put(act)

    def close(self) -> None:
        """End the thread."""
        self._acts.put(None)

    def take(self) -> LogScreen | None:
        """The newest screen, once."""
        with self._lock:
            screen, self._latest = self._latest, None
        return screen

    def run(self, announce: Callable[[], object]) -> None:
        """Look after the log until `close` is called.

        `announce` is called when there is a screen to be taken; until it is taken, newer ones
        replace it, so that a terminal that takes its time is not drowned.
        """

        def publish(screen: LogScreen) -> None:
            with self._lock:
                waiting, self._latest = self._latest, screen
            if waiting is None:
                announce()

        try:
            log = self._open()
        except (OrpError, OSError) as error:
            publish(self._bare(one_line(str(error))))
            return
        try:
            self._loop(LogSession(log, self._name, self._measure), publish)
        except Exception as error:  # the border of the thread: a mistake of ours is told, not hidden
            logging.getLogger(__name__).exception("reading %s", self.reference)
            publish(self._bare(one_line(f"this view broke: {error!r}")))
        finally:
            log.close()

    def _loop(self, session: LogSession, publish: Callable[[LogScreen], None]) -> None:
        next_look = patient_until = 0.0
        busy = False
        said = ""
        while True:
            try:
                acts = self._do_acts(session, 0.0 if busy else next_look - time.monotonic())
                if acts is None:
                    return
                now = time.monotonic()
                if acts:
                    patient_until = now + _PATIENCE_S
                due = now >= next_look
                if due:
                    next_look = now + 1 / self.ticks_per_s
                    session.look()
                was_busy, busy = busy, session.work()
                if session.looking and time.monotonic() < patient_until:
                    continue  # found in a moment: no line for that it is being looked for
                # Long work shows how far it is with the ticks, and what came of it when it is done.
                if session.changed or (busy and due) or (was_busy and not busy):
                    publish(session.screen())
            except (OrpError, OSError) as error:
                busy = False
                session.fail(one_line(str(error)))
                if str(error) != said:
                    said = str(error)
                    publish(self._bare(one_line(said)))

    def _do_acts(self, session: LogSession, wait_s: float) -> int | None:
        """Do what was asked for, or wait for it: how many acts; None means to end."""
        acts = 0
        while True:
            try:
                act = self._acts.get(timeout=wait_s) if wait_s > 0 else self._acts.get_nowait()
            except queue.Empty:
                return acts
            if act is None:
                return None
            act(session)
            acts, wait_s = acts + 1, 0.0

    def _bare(self, notice: str) -> LogScreen:
        return LogScreen(status=LogStatus(self._name, notice=notice))
