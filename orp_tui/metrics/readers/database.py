"""SQLite databases of other programs: opened for one look, read only, and nothing is left beside them.

Between looks nothing is held, so a writer is never kept from its checkpoint. How the file is opened:

- With a rollback journal, or with a write-ahead log that holds something: `mode=ro`. A log is then
  read with the `-shm` file that its writer made.
- With a write-ahead log that is empty or gone, which is how a program leaves it that opens its
  database for each write: `immutable=1`, for `mode=ro` would make `-wal` and `-shm` beside it, and
  leave them. SQLite then takes no locks, so the answer counts only if the file stayed as it was
  meanwhile, and from long enough before for a write to be told; else the same is asked with `mode=ro`.

A writer that holds the file is waited for a moment; the next look tries again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from orp_tui.core.sanitise import one_line
from orp_tui.metrics.readers.stamps import SETTLED_S, Stamp, is_settled, stamp_of

T = TypeVar("T")

PATIENCE_S = 0.2
"""How long a look waits for a writer; a last one waits longer."""
LAST_PATIENCE_S = 2.0
MOST_SECONDS = 5.0
"""A question that takes longer is given up: a stranger's database may hold a table without end."""
LONGEST_CELL = 1 << 20
"""Bytes; what is longer is no metric."""

_ONE_LOOK = threading.Lock()
"""Closing a file drops every lock that the process has on it, those of another thread's look too."""
_WAL_HEADER = b"SQLite format 3\0"
DAMAGED = "is a damaged SQLite database"
_WORDS = {
    sqlite3.SQLITE_BUSY: "is held by the program that writes it; the next look tries again",
    sqlite3.SQLITE_LOCKED: "is held by the program that writes it; the next look tries again",
    sqlite3.SQLITE_READONLY: "was left half written; the program that made it must open it once",
    sqlite3.SQLITE_NOTADB: "is no SQLite database",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_INTERRUPT: f"takes more than {MOST_SECONDS:.0f} s to answer",
}


class Unreadable(Exception):
    """Why a database gives no answer, in words."""


class LiveDatabase:
    """A database that somebody else writes to; it need not exist yet.

    `follow_links` is for a path that the user named.
    """

    def __init__(self, path: str | os.PathLike[str], *, follow_links: bool = False) -> None:
        self.path = os.fspath(path)
        self._follow_links = follow_links
        self._seen: tuple[Stamp, ...] = ()

    def changed(self) -> bool:
        """Whether the file or its write-ahead log is not as the last whole answer found it: two stats."""
        return self._stamps() != self._seen

    def look_again(self) -> None:
        """Something is left to be asked, though nothing may be written any more."""
        self._seen = ()

    def ask(self, question: Callable[[sqlite3.Connection], T], *, last: bool = False) -> T | None:
        """What `question` finds in one transaction; it may be asked twice. None if there is no database yet.

        Raises Unreadable. `last` waits longer for a writer.
        """
        with _ONE_LOOK:
            stamps, began = self._stamps(), time.time()
            self._seen = ()
            if not stamps:
                return None
            try:
                self._check_files()
                answer = (
                    self._answer(question, LAST_PATIENCE_S if last else PATIENCE_S) if stamps[0][2] else None
                )
            except (sqlite3.Error, OSError, OverflowError, UnicodeDecodeError) as error:
                raise Unreadable(_words(error)) from error
            if _are_settled(stamps, began):
                self._seen = stamps
            return answer

    def _answer(self, question: Callable[[sqlite3.Connection], T], patience_s: float) -> T:
        if self._is_wal() and self._wal_is_empty():
            before, began = self._stamps(), time.time()
            if not _are_settled(before, began):
                time.sleep(SETTLED_S)
                before, began = self._stamps(), time.time()
            # What is half written can look like anything: an error counts no more than an answer.
            with contextlib.suppress(sqlite3.Error, UnicodeDecodeError, Unreadable):
                with _opened(self.path, "mode=ro&immutable=1", patience_s) as connection:
                    answer = question(connection)
                if _are_settled(before, began) and self._stamps() == before and self._wal_is_empty():
                    return answer
        with _opened(self.path, "mode=ro", patience_s) as connection:
            return question(connection)

    def _check_files(self) -> None:
        """Only regular files are opened, by SQLite too: a FIFO would hold it for ever."""
        found = os.stat(self.path, follow_symlinks=self._follow_links)
        if stat.S_ISLNK(found.st_mode):
            raise Unreadable("is a link, which is not followed")
        for path in (self.path, *(self.path + end for end in ("-wal", "-shm", "-journal"))):
            try:
                mode = os.stat(path, follow_symlinks=path == self.path).st_mode
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(mode):
                raise Unreadable(f"{'is' if path == self.path else 'has beside it what is'} no regular file")

    def _is_wal(self) -> bool:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            head = os.pread(descriptor, 20, 0)
        finally:
            os.close(descriptor)
        return head.startswith(_WAL_HEADER) and head[18:20] == b"\2\2"

    def _wal_is_empty(self) -> bool:
        try:
            return os.stat(self.path + "-wal").st_size == 0
        except FileNotFoundError:
            return True

    def _stamps(self) -> tuple[Stamp, ...]:
        """Of the database and its log; () if there is no such file."""
        stamps: tuple[Stamp, ...] = ()
        for path in (self.path, self.path + "-wal"):
            try:
                stamps += (stamp_of(os.stat(path)),)
            except OSError:
                break
        return stamps


def _are_settled(stamps: tuple[Stamp, ...], now: float) -> bool:
    return all(is_settled(stamp, now) for stamp in stamps)


@contextlib.contextmanager
def _opened(path: str, how: str, patience_s: float) -> Iterator[sqlite3.Connection]:
    """A connection inside a read transaction."""
    uri = f"{Path(path).absolute().as_uri()}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=patience_s, isolation_level=None)
    try:
        give_up = time.monotonic() + patience_s + MOST_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > give_up, 50_000)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_CELL)
        connection.text_factory = _text
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    if isinstance(error, UnicodeDecodeError):  # of a message in which SQLite quotes what is damaged
        return DAMAGED
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return _WORDS.get(code) or f"cannot be read: {one_line(str(error), 80)}"


def columns_of(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """The columns of a table; none if there is no such table, or if it is a view."""
    found = connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if found != ("table",):
        return frozenset()
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return frozenset(name for (name,) in rows)
