"""SQLite files that can be made again: opened to write or to read, and set aside when they are of no use.

The journal is TRUNCATE: it needs no further file for readers. Readers and the writer wait for each
other for some milliseconds. synchronous=FULL, because a file that a power cut has damaged might not be noticed.
A file of another version is never migrated, and one that is damaged never mended: another one is made.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import sqlite3
import stat
import urllib.parse
from pathlib import Path

_ENDS = ("", "-journal", "-wal", "-shm")


class Connection(sqlite3.Connection):
    """A connection that knows which file it has opened."""

    inode: tuple[int, int] = (0, 0)
    name: str = ""
    """Of this file; one that was made anew has another."""
    is_writable: bool = False

    def is_in_place(self, path: Path) -> bool:
        """Whether the open file still lies there."""
        try:
            found = os.stat(path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self.inode


@dataclasses.dataclass(frozen=True)
class Kind:
    """What such a file is."""

    application_id: int
    version: int
    """Of its tables; a file of any other is set aside and made anew."""
    tables: tuple[str, ...]
    """Statements; a table `this (name TEXT NOT NULL)` is made beside them."""
    cache_bytes: int = 8 << 20
    page_bytes: int = 4096
    writer_waits_ms: int = 5_000
    """For somebody else's transaction, or for readers that are in the way."""
    reader_waits_ms: int = 5_000

    def open_to_write(self, path: Path) -> Connection:
        """The file, made if there is none; one that can't be used is set aside first.

        Raises sqlite3.Error or OSError if none can be made here now.
        """
        path.parent.mkdir(mode=0o700, exist_ok=True)
        connection = self._connected(path, "rw", self.writer_waits_ms)
        if connection is None:
            set_aside(path)
            connection = self._made(path)
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def open_to_read(self, path: Path) -> Connection | None:
        """The file as others write it; None if there is none that can be read. Nothing is written."""
        for mode in ("ro", "rw"):
            # A writer that was killed has left a journal that only one who may write can undo.
            with contextlib.suppress(sqlite3.Error, OSError):
                connection = self._connected(path, mode, self.reader_waits_ms)
                if connection is not None:
                    connection.execute("PRAGMA query_only = ON")
                    connection.is_writable = False
                    return connection
        return None

    def _connected(self, path: Path, mode: str, waits_ms: int) -> Connection | None:
        """A connection to a sound file of this kind; None if there is none, or something else.

        Raises sqlite3.Error if that can't be told now.
        """
        try:
            found = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        uri = f"file:{quoted(path)}?mode={mode}"
        connection: Connection = sqlite3.connect(
            uri, uri=True, timeout=waits_ms / 1000, isolation_level=None, factory=Connection
        )
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if (application, version) == (self.application_id, self.version):
                connection.name = connection.execute("SELECT name FROM this").fetchone()[0]
                connection.inode = (found.st_dev, found.st_ino)
                if connection.is_in_place(path):
                    connection.is_writable = mode == "rw"
                    connection.execute(f"PRAGMA cache_size = -{self.cache_bytes >> 10}")
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

    def _made(self, path: Path) -> Connection:
        """A new one, which appears whole; whoever makes one is the only one who writes."""
        making = path.with_name(f"{path.name}.making")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(making)  # of one who was killed
        os.close(os.open(making, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        try:
            with contextlib.closing(sqlite3.connect(making, isolation_level=None)) as connection:
                connection.execute(f"PRAGMA page_size = {self.page_bytes}")
                connection.execute("PRAGMA journal_mode = MEMORY")
                connection.execute("BEGIN IMMEDIATE")
                for statement in ("CREATE TABLE this (name TEXT NOT NULL)", *self.tables):
                    connection.execute(statement)
                connection.execute("INSERT INTO this VALUES (?)", (secrets.token_hex(8),))
                connection.execute(f"PRAGMA user_version = {self.version}")
                connection.execute(f"PRAGMA application_id = {self.application_id}")
                connection.execute("COMMIT")
            os.rename(making, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(making)
            raise
        made = self._connected(path, "rw", self.writer_waits_ms)
        if made is None:
            raise sqlite3.OperationalError(f"{path}: was taken away while it was made")
        return made


def set_aside(path: Path) -> None:
    """Move a file away, so that it can be looked at; only the last one is kept, since all can be made again."""
    for end in _ENDS:
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{end}", f"{path}.aside{end}")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is no sound one."""
    code = getattr(error, "sqlite_errorname", None) or ""
    return code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_READONLY_DBMOVED"))


def quoted(path: Path) -> str:
    """For a `file:` name of SQLite's."""
    return urllib.parse.quote(os.fsencode(path))
