"""The file of the cache: its tables, how it is opened to write and to read, and what happens to a bad one.

The journal is TRUNCATE everywhere: it needs no further file for readers, and writes are few. Its
only fault, that readers and writer wait for each other for some milliseconds, hurts nobody here.
synchronous=FULL, because a cache that a power cut has damaged might not be noticed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

APPLICATION_ID = 0x4F52504D  # "ORPM"
VERSION = 2
"""Of the tables below; a file of any other is set aside and made anew, never migrated."""
PLACE_BITS = 24
"""A block's key is the number of its metric, and in the last so many bits its place in it."""
WRITER_WAITS_MS = 2_000
READER_WAITS_MS = 1_000

_TABLES = (
    "CREATE TABLE cache (name TEXT NOT NULL)",
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


class Connection(sqlite3.Connection):
    """A connection that knows which file it has opened."""

    inode: tuple[int, int] = (0, 0)
    name: str = ""
    """Of this cache; one that was made anew has another."""

    def is_in_place(self, path: Path) -> bool:
        """Whether the open file still lies there."""
        try:
            found = os.stat(path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self.inode


def open_to_write(path: Path) -> Connection:
    """The cache, made if there is none; one that can't be used is set aside first.

    Raises sqlite3.Error or OSError if none can be made here now.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    connection = _connected(path, f"file:{_quoted(path)}?mode=rw", WRITER_WAITS_MS)
    if connection is not None:
        return _configured(connection)
    set_aside(path)
    return _configured(_made(path))


@contextlib.contextmanager
def opened_to_read(path: Path) -> Iterator[Connection | None]:
    """The cache as it is at one moment; None if there is none that can be read. Nothing is written."""
    connection = None
    for mode in ("ro", "rw"):
        # A writer that was killed has left a journal that only one who may write can undo.
        with contextlib.suppress(sqlite3.Error, OSError):
            connection = _connected(path, f"file:{_quoted(path)}?mode={mode}", READER_WAITS_MS)
            if connection is not None:
                connection.execute("PRAGMA query_only = ON")
                connection.execute("BEGIN")
                break
    try:
        yield connection
    finally:
        if connection is not None:
            connection.close()


def set_aside(path: Path) -> None:
    """Move a cache away, so that it can be looked at; only the last one is kept, since all can be made again."""
    for end in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{end}", f"{path}.aside{end}")


def give_up(path: Path, connection: Connection) -> None:
    """Set a cache aside in which damage was read, so that its writer makes another; here it is none from now on.

    The files are read instead. Nothing is lost by it that can't be made again.
    """
    _distrusted.add(connection.name)
    if connection.is_in_place(path):
        with contextlib.suppress(OSError):
            set_aside(path)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is no sound cache."""
    code = getattr(error, "sqlite_errorname", None) or ""
    return code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_READONLY_DBMOVED"))


def _connected(path: Path, uri: str, wait_ms: int) -> Connection | None:
    """A connection to a cache of ours; None if there is none, or something else.

    Raises sqlite3.Error if that can't be told now.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    connection: Connection = sqlite3.connect(
        uri, uri=True, timeout=wait_ms / 1000, isolation_level=None, factory=Connection
    )
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if (application, version) == (APPLICATION_ID, VERSION):
            connection.name = connection.execute("SELECT name FROM cache").fetchone()[0]
            connection.inode = (found.st_dev, found.st_ino)
            if connection.is_in_place(path) and connection.name not in _distrusted:
                return connection
    except TypeError:  # without its name
        pass
    except sqlite3.Error as error:
        if not is_damage(error):
            connection.close()
            raise
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def _made(path: Path) -> Connection:
    """A new one, which appears whole."""
    making = path.with_name(f"{path.name}.making")
    for end in ("", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{making}{end}")
    os.close(os.open(making, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    with contextlib.closing(sqlite3.connect(making, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO cache VALUES (?)", (secrets.token_hex(8),))
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{making}-journal")
    os.rename(making, path)
    made = _connected(path, f"file:{_quoted(path)}?mode=rw", WRITER_WAITS_MS)
    if made is None:
        raise sqlite3.OperationalError(f"{path}: was taken away while it was made")
    return made


def _configured(connection: Connection) -> Connection:
    connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -8000")
    return connection


def _quoted(path: Path) -> str:
    return urllib.parse.quote(os.fsencode(path))
