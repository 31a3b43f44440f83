"""A database that is gone, made again from the run folders in a thread of its own, while others go on."""

from __future__ import annotations

import threading

from orp_tui.core.layout import BasePaths
from orp_tui.services.rebuild import Rebuilt, make_missing
from orp_tui.services.rebuild_runs import Watch


class Remaking:
    """Begins at once; ask `is_over`, and then take `result`."""

    def __init__(self, paths: BasePaths, *, allow_network: bool = False) -> None:
        self._paths = paths
        self._allow_network = allow_network
        self._counts = 0, 0
        self._stopped = threading.Event()
        self._done: Rebuilt | None = None
        self._error: Exception | None = None
        # It holds up nobody's exit: what it has not finished is not there, and is begun anew.
        self._thread = threading.Thread(target=self._work, name="Remaking", daemon=True)
        self._thread.start()

    @property
    def words(self) -> str:
        """How far it is, for a person."""
        done, total = self._counts
        far = f": {done:,} of {total:,} run folders read" if total else ""
        return f"the database is gone and is made again{far}"

    def is_over(self, wait_s: float = 0.0) -> bool:
        """Whether it has ended, after waiting for it so long."""
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def result(self) -> Rebuilt | None:
        """What was done, once it is over; None if somebody else did it. Raises what went wrong."""
        if self._error is not None:
            raise self._error
        return self._done

    def stop(self) -> None:
        """Let it end, with nothing changed."""
        self._stopped.set()

    def _work(self) -> None:
        watch = Watch(self._report, self._stopped.is_set)
        try:
            self._done = make_missing(self._paths, watch, allow_network=self._allow_network)
        except Exception as error:  # noqa: BLE001 - the border of a thread; `result` raises it
            self._error = error

    def _report(self, done: int, total: int) -> None:
        self._counts = done, total
