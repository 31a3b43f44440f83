"""A copy of the database once a day, for what the folders do not know: order, holds, settings."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

DAY_S = 86_400.0


def backup_path(database: Path) -> Path:
    """Where the copy lies: beside the database."""
    return database.with_name(database.name + ".backup")


def back_up(connection: sqlite3.Connection, database: Path, *, now: float) -> bool:
    """Whether a copy was made: there was none of the last day, and the database is sound.

    The copy is whole or not there. Raises sqlite3.Error or OSError if it can't be written,
    which is no reason to stop anything.
    """
    target = backup_path(database)
    with contextlib.suppress(FileNotFoundError):
        if 0 <= now - os.stat(target).st_mtime < DAY_S:
            return False
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        return False  # `orp doctor` says so; the last good copy stays
    beside = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    beside.unlink(missing_ok=True)
    try:
        connection.execute("VACUUM INTO ?", (str(beside),))
        os.chmod(beside, 0o600)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    return True
