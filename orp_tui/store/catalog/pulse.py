"""Whether anybody has written to `orp.db`, told in microseconds."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from orp_tui.store.rebuildable import quoted


class Pulse:
    """A connection that only listens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self._opened = 0

    def beat(self) -> object:
        """Another value once somebody has committed, or the file is another one; None if that can't be told."""
        try:
            found = os.stat(self._path)
            if self._connection is None or self._inode != (found.st_dev, found.st_ino):
                self.close()
                self._connection = sqlite3.connect(
                    f"file:{quoted(self._path)}?mode=ro", uri=True, timeout=0.2
                )
                self._inode = found.st_dev, found.st_ino
                self._opened += 1
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except (OSError, sqlite3.Error):
            self.close()
            return None
        return self._opened, self._inode, version

    def close(self) -> None:
        """Listen no more."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
