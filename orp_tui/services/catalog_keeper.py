"""The observer's part in the catalogue: what runs have come to is in it before anybody asks."""

from __future__ import annotations

import os
import sqlite3
import sys
import time

from orp_tui.core.layout import BasePaths
from orp_tui.files import locks
from orp_tui.services.catalog_catch_up import CatchUp
from orp_tui.store import rebuildable
from orp_tui.store.catalog.database import CATALOG
from orp_tui.store.catalog.entries import Unsound
from orp_tui.store.rebuildable import Connection

EVERY_S = 5.0
MOST_S = 0.15
"""So long a turn may take; a batch that has begun is finished. What is left comes with the next turns."""
BUSY_MS = 200
"""So long it waits for somebody else's transaction; the observer has more to do."""
AGAIN_S = 60.0
"""After an error nothing is tried for so long: a full disk does not get emptier by the second."""


class CatalogKeeper:
    """Catches up now and then. One that can't be written is left to the front ends, which say so."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._connection: Connection | None = None
        self._catch_up: CatchUp | None = None
        self._next = -AGAIN_S

    def turn(self) -> None:
        """One look, if it is time for one."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY_S
        try:
            lock = locks.take(self._paths.catalog_lock)
            if lock is None:
                return
            try:
                if self._opened().run(None, None, MOST_S).left:
                    self._next = now
            finally:
                os.close(lock)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a list, the runs go on being looked at
            self._give_up(error)

    def close(self) -> None:
        """Let go of the files."""
        if self._catch_up is not None:
            self._catch_up.close()
        if self._connection is not None:
            self._connection.close()
        self._connection = self._catch_up = None

    def _opened(self) -> CatchUp:
        if self._connection is None or not self._connection.is_in_place(self._paths.catalog):
            self.close()
        if self._catch_up is None:
            self._connection = CATALOG.open_to_write(self._paths.catalog)
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            self._catch_up = CatchUp(self._paths, self._connection)
        return self._catch_up

    def _give_up(self, error: Exception) -> None:
        """For now; a damaged catalogue is set aside, so that another one is made."""
        is_damaged = isinstance(error, Unsound) or (
            isinstance(error, sqlite3.Error) and rebuildable.is_damage(error)
        )
        in_place = self._connection is not None and self._connection.is_in_place(self._paths.catalog)
        self.close()
        print(f"catalogue: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the log
        if is_damaged and in_place:
            rebuildable.set_aside(self._paths.catalog)
        self._next = time.monotonic() + AGAIN_S
