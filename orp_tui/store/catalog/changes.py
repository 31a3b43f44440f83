"""Which rows of `orp.db` the catalogue has not seen as they are now. `orp.db` is read for some milliseconds at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.store.database import explained
from orp_tui.store.rebuildable import is_damage, quoted


@dataclasses.dataclass(frozen=True)
class Changes:
    """What there is to do, as of one moment of `orp.db`."""

    mark: Mark
    """To be kept once all of it is done."""
    is_new: bool
    """The mark is not that which is kept."""
    is_other: bool = False
    """It is another database than the one that was read: see `begin_anew`."""
    seqs: tuple[int, ...] = ()
    """Of rows that are new or have changed, the newest first."""
    gone: tuple[str, ...] = ()
    """Ids of runs whose rows are no more there."""


@dataclasses.dataclass(frozen=True)
class Mark:
    """What tells at once that nothing has changed, and whether it is still the same database."""

    event: int
    """Number of its newest event."""
    event_words: str
    """That event; another database has another under its number."""
    rows: str
    """How many rows, and the sum of their versions."""


@contextlib.contextmanager
def attached(connection: sqlite3.Connection, database: Path) -> Iterator[None]:
    """`orp.db` as `orp`, only to be read. Raises StoreError for what is wrong with that one."""
    try:
        connection.execute("ATTACH ? AS orp", (f"file:{quoted(database)}?mode=ro",))
    except sqlite3.Error as error:
        raise explained(database, error) from error
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_damage(error) and _is_sound(connection):
            raise explained(database, error) from error
        raise
    finally:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("DETACH orp")


def _is_sound(connection: sqlite3.Connection) -> bool:
    """Whether the catalogue is, so that the other of the two is at fault."""
    try:
        return bool(connection.execute("PRAGMA main.quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False


def changes(connection: sqlite3.Connection) -> Changes:
    """What has changed since the mark."""
    event, words, rows = connection.execute("SELECT event, event_words, rows FROM state").fetchone()
    known = Mark(event, words, rows)
    connection.execute("BEGIN")
    try:
        now = _mark_of(connection)
        if now == known:
            return Changes(now, is_new=False)
        if known.event and _words_of(connection, known.event) != known.event_words:
            return Changes(now, is_new=True, is_other=True)
        return Changes(now, True, False, _changed(connection), _gone(connection))
    finally:
        connection.execute("COMMIT")


def keep(connection: sqlite3.Connection, mark: Mark) -> None:
    """Everything that had changed until `mark` is in the catalogue."""
    connection.execute(
        "UPDATE state SET event = ?, event_words = ?, rows = ?", (mark.event, mark.event_words, mark.rows)
    )


def begin_anew(connection: sqlite3.Connection) -> None:
    """Every row is to be read again; the entries stay until then."""
    connection.execute("DELETE FROM known")
    connection.execute("UPDATE state SET event = 0, event_words = '', rows = '', folders = ''")


def keep_known(connection: sqlite3.Connection, rows: Sequence[tuple[int, int, str]]) -> None:
    """Seq, version and id of rows whose runs are in the catalogue now."""
    connection.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", rows)


def forget_known(connection: sqlite3.Connection, run_ids: Sequence[str]) -> None:
    """These have no row any more."""
    connection.executemany("DELETE FROM known WHERE id = ?", [(run_id,) for run_id in run_ids])


def _mark_of(connection: sqlite3.Connection) -> Mark:
    event = connection.execute("SELECT COALESCE(MAX(seq), 0) FROM orp.event").fetchone()[0]
    count, versions = connection.execute("SELECT COUNT(*), TOTAL(version) FROM orp.run").fetchone()
    return Mark(event, _words_of(connection, event), f"{count}:{int(versions)}")


def _words_of(connection: sqlite3.Connection, event: int) -> str:
    row = connection.execute("SELECT run_id, at, kind FROM orp.event WHERE seq = ?", (event,)).fetchone()
    return "" if row is None else f"{row[0]} {row[1]!r} {row[2]}"


def _changed(connection: sqlite3.Connection) -> tuple[int, ...]:
    return _firsts(
        connection,
        "SELECT run.seq FROM orp.run AS run LEFT JOIN main.known ON known.seq = run.seq "
        "WHERE known.version IS NOT run.version OR known.id IS NOT run.id ORDER BY run.seq DESC",
    )


def _gone(connection: sqlite3.Connection) -> tuple[str, ...]:
    """By id: the row may have been put back under another seq."""
    found = connection.execute(
        "SELECT known.id FROM main.known LEFT JOIN orp.run AS run ON run.seq = known.seq "
        "WHERE run.id IS NOT known.id"
    )
    ids = [run_id for (run_id,) in found.fetchall()]
    there = "SELECT 1 FROM orp.run WHERE id = ?"
    return tuple(run_id for run_id in ids if connection.execute(there, (run_id,)).fetchone() is None)


def _firsts(connection: sqlite3.Connection, query: str) -> tuple[int, ...]:
    return tuple(number for (number,) in connection.execute(query).fetchall())
