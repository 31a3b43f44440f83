"""The thread behind a view of a log: it is told acts, and publishes screens."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.logs.ink import Measure
from orp_tui.logs.session import LogSession
from orp_tui.logs.source import open_growing
from orp_tui.logs.status import LogScreen, LogStatus

Act = Callable[[LogSession], None]


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

    def tell(self, act: Act) -> None:
        """Have something done."""
        self._acts.put(act)

    def close(self) -> None:
        """End the thread."""
        self._acts.put(None)

    def run(self, publish: Callable[[LogScreen], None], stopped: Callable[[], bool]) -> None:
        """Look after the log until `close` is called or `stopped` says so."""
        try:
            log = open_growing(self.reference)
        except (OrpError, OSError) as error:
            publish(LogScreen(status=LogStatus(self._name, notice=one_line(str(error)))))
            return
        try:
            self._loop(LogSession(log, self._name, self._measure), publish, stopped)
        finally:
            log.close()

    def _loop(
        self, session: LogSession, publish: Callable[[LogScreen], None], stopped: Callable[[], bool]
    ) -> None:
        next_look = 0.0
        busy = False
        while not stopped():
            acted = self._do_acts(session, 0.0 if busy else next_look - time.monotonic())
            if acted is None:
                return
            try:
                due = time.monotonic() >= next_look
                if due:
                    next_look = time.monotonic() + 1 / self.ticks_per_s
                    session.look()
                busy = session.work()
                # Progress of long work is shown with the ticks; what an act or the log's growth brought, at once.
                if session.changed or (due and busy):
                    publish(session.screen())
            except (OrpError, OSError) as error:
                busy = False
                session.fail(one_line(str(error)))

    def _do_acts(self, session: LogSession, wait_s: float) -> bool | None:
        """Do what was asked for, or wait for it; None means to end."""
        acted = False
        while True:
            try:
                act = self._acts.get(timeout=wait_s) if wait_s > 0 else self._acts.get_nowait()
            except queue.Empty:
                return acted
            if act is None:
                return None
            act(session)
            acted, wait_s = True, 0.0
