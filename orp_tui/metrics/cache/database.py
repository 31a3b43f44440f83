"""The file of the cache: its tables, how it is opened to write and to read, and what happens to a bad one.

The journal is TRUNCATE everywhere: it needs no further file for readers, and writes are few. Its
only fault, that readers and writer wait for each other for some milliseconds, hurts nobody here.
synchronous=FULL, because a cache that a power cut has damaged might not be noticed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from orp_tui.store import rebuildable
from orp_tui.store.rebuildable import Connection, is_damage, set_aside

__all__ = [
    "CACHE",
    "PLACE_BITS",
    "Connection",
    "give_up",
    "is_damage",
    "open_to_write",
    "opened_to_read",
    "set_aside",
]

APPLICATION_ID = 0x4F52504D  # "ORPM"
VERSION = 3
"""Of the tables below; a file of any other is set aside and made anew, never migrated."""
PLACE_BITS = 24
"""A block's key is the number of its metric, and in the last so many bits its place in it."""
WRITER_WAITS_MS = 2_000
READER_WAITS_MS = 1_000

_TABLES = (
    """
    CREATE TABLE run (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        complete INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE source (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL,
        key TEXT NOT NULL,
        spec TEXT NOT NULL,
        mark TEXT NOT NULL,
        identity TEXT NOT NULL DEFAULT '',
        bad INTEGER NOT NULL DEFAULT 0,
        first_bad TEXT NOT NULL DEFAULT '',
        UNIQUE (run, key)
    )
    """,
    """
    CREATE TABLE metric (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL,
        source INTEGER NOT NULL,
        tag TEXT NOT NULL,
        name TEXT,
        length INTEGER NOT NULL,
        first_step REAL,
        last_step REAL,
        last REAL,
        lowest REAL,
        lowest_step REAL,
        highest REAL,
        highest_step REAL,
        non_finite INTEGER NOT NULL,
        first_non_finite_step REAL,
        mean REAL,
        squares REAL,
        header BLOB NOT NULL,
        UNIQUE (source, tag)
    )
    """,
    "CREATE INDEX metric_by_name ON metric (name, run) WHERE name IS NOT NULL",
    "CREATE INDEX metric_by_run ON metric (run)",
    "CREATE TABLE block (key INTEGER PRIMARY KEY, header BLOB NOT NULL)",
    "CREATE TABLE points (key INTEGER PRIMARY KEY, data BLOB NOT NULL)",
)
"""A number that is NaN is NULL, as SQLite has it."""


_distrusted: set[str] = set()
"""Names of caches that were found damaged, and may lie where they can't be set aside."""


CACHE = rebuildable.Kind(
    APPLICATION_ID,
    VERSION,
    _TABLES,
    cache_bytes=8_000 << 10,
    writer_waits_ms=WRITER_WAITS_MS,
    reader_waits_ms=READER_WAITS_MS,
)


def open_to_write(path: Path) -> Connection:
    """The cache, made if there is none; one that can't be used is set aside first.

    Raises sqlite3.Error or OSError if none can be made here now.
    """
    connection = CACHE.open_to_write(path)
    if connection.name not in _distrusted:
        return connection
    connection.close()
    set_aside(path)
    return CACHE.open_to_write(path)


@contextlib.contextmanager
def opened_to_read(path: Path) -> Iterator[Connection | None]:
    """The cache as it is at one moment; None if there is none that can be read. Nothing is written."""
    connection = CACHE.open_to_read(path)
    try:
        if connection is None or connection.name in _distrusted:
            yield None
        else:
            connection.execute("BEGIN")
            yield connection
    finally:
        if connection is not None:
            connection.close()


def give_up(path: Path, connection: Connection) -> None:
    """Set a cache aside in which damage was read, so that its writer makes another; here it is none from now on.

    The files are read instead. Nothing is lost by it that can't be made again.
    """
    _distrusted.add(connection.name)
    if connection.is_in_place(path):
        with contextlib.suppress(OSError):
            set_aside(path)
