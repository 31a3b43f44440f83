"""Runs put into the catalogue and taken out of it, some hundreds in one transaction."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence

from orp_tui.core.filters.folding import folded
from orp_tui.files.failpoint import hit
from orp_tui.store.catalog import entries
from orp_tui.store.catalog.entries import COLUMNS, Read

_MARKS = ", ".join("?" * len(COLUMNS))
_INSERT = f"INSERT INTO entry ({', '.join(COLUMNS)}) VALUES ({_MARKS})"  # noqa: S608 - our names
_UPDATE = f"UPDATE entry SET {', '.join(f'{name} = ?' for name in COLUMNS)} WHERE number = ?"  # noqa: S608 - our names


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        hit("catalog.begun")
        yield
        hit("catalog.written")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    hit("catalog.committed")


class Writer:
    """Writes entries; within one transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._keys: dict[tuple[str, str], int] = {}

    def put(self, reads: Sequence[Read]) -> int:
        """Add these runs, or set right those that are there; how many have changed anything.

        A run that another one resumes learns of it, whichever of them came first.
        """
        changed, resumed = 0, set[str]()
        for read in reads:
            run_id = folded(read.run.id)
            before = self._document(run_id)
            whole = Read(entries.resumed(read.run, self._resumer(run_id)), read.unsure)
            changed += self._put(whole, before)
            resumed |= _resumed_by_it(before) | (
                {folded(read.run.resume_of)} if read.run.resume_of else set()
            )
        changed += self._resolve(resumed)
        self._note_change(changed)
        return changed

    def is_new(self, read: Read) -> bool:
        """Whether putting it would change anything."""
        run_id = folded(read.run.id)
        before = self._document(run_id)
        data = entries.document(entries.resumed(read.run, self._resumer(run_id)))
        return before is None or (before[1], before[2]) != (data, read.unsure)

    def drop(self, run_ids: Collection[str]) -> int:
        """Take runs out; how many were there."""
        dropped, resumed = 0, set[str]()
        for run_id in run_ids:
            before = self._document(folded(run_id))
            if before is not None:
                self._forget(before[0], before[1])
                self._connection.execute("DELETE FROM document WHERE entry = ?", (before[0],))
                self._connection.execute("DELETE FROM entry WHERE number = ?", (before[0],))
                resumed |= _resumed_by_it(before)
                dropped += 1
        self._note_change(dropped + self._resolve(resumed))
        return dropped

    def _note_change(self, changed: int) -> None:
        if changed:
            self._connection.execute("UPDATE state SET changes = changes + 1")

    def _document(self, run_id: str) -> tuple[int, bytes, int] | None:
        """Number, document and doubts of a run that is there."""
        found: tuple[int, bytes, int] | None = self._connection.execute(
            "SELECT number, data, unsure FROM entry JOIN document ON document.entry = number WHERE id = ?",
            (run_id,),
        ).fetchone()
        return found

    def _put(self, read: Read, before: tuple[int, bytes, int] | None) -> bool:
        """Whether anything is new of it."""
        data = entries.document(read.run)
        if before is not None and (before[1], before[2]) == (data, read.unsure):
            return False
        if before is None:
            number = self._connection.execute(_INSERT, entries.columns(read)).lastrowid
            assert number is not None
            self._connection.execute("INSERT INTO document VALUES (?, ?)", (number, data))
        else:
            number = before[0]
            self._forget(number, before[1])
            self._connection.execute(_UPDATE, (*entries.columns(read), number))
            self._connection.execute("UPDATE document SET data = ? WHERE entry = ?", (data, number))
        hit("catalog.entry")
        self._add(number, read)
        return True

    def _add(self, number: int, read: Read) -> None:
        run = read.run
        self._connection.executemany(
            "INSERT INTO value VALUES (?, ?, ?, ?)",
            [(self._key("cfg", key), number, *rest) for key, *rest in entries.config_rows(run)],
        )
        self._connection.executemany(
            "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(self._key("metric", str(name)), number, *rest) for name, *rest in entries.metric_rows(run)],
        )
        if run.tags:
            tags = {folded(tag) for tag in run.tags}
            self._connection.executemany("INSERT INTO tag VALUES (?, ?)", [(tag, number) for tag in tags])

    def _forget(self, number: int, data: bytes) -> None:
        """What was kept beside a document: it names the keys, so no index by entry is needed."""
        run = entries.run_of(data)
        for table, kind, names in (("value", "cfg", run.config), ("metric", "metric", run.metrics)):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE key = ? AND entry = ?",  # noqa: S608 - our names
                [(self._key(kind, name), number) for name in names],
            )
        self._connection.executemany(
            "DELETE FROM tag WHERE text = ? AND entry = ?", [(folded(tag), number) for tag in run.tags]
        )

    def _key(self, kind: str, name: str) -> int:
        """The number of a config key or a metric."""
        known = self._keys.get((kind, name))
        if known is None:
            self._connection.execute("INSERT OR IGNORE INTO key (kind, name) VALUES (?, ?)", (kind, name))
            row = self._connection.execute("SELECT id FROM key WHERE kind = ? AND name = ?", (kind, name))
            known = self._keys[kind, name] = int(row.fetchone()[0])
        return known

    def forget_keys(self) -> None:
        """What was given since the transaction began may be undone."""
        self._keys.clear()

    def _resolve(self, run_ids: Collection[str]) -> int:
        """Say of each of these who resumes it; how many did not know."""
        changed = 0
        for run_id in run_ids:
            before = self._document(run_id)
            if before is not None:
                run, by = entries.run_of(before[1]), self._resumer(run_id)
                if by != run.resumed_by:
                    changed += self._put(Read(entries.resumed(run, by), before[2]), before)
        return changed

    def _resumer(self, run_id: str) -> str | None:
        """The newest run that goes on from this one."""
        found = self._connection.execute(
            "SELECT data FROM document WHERE entry = "
            "(SELECT number FROM entry WHERE resume_of = ? ORDER BY submitted_at DESC, id DESC LIMIT 1)",
            (run_id,),
        ).fetchone()
        return None if found is None else entries.run_of(found[0]).id


def _resumed_by_it(before: tuple[int, bytes, int] | None) -> set[str]:
    """The run that this one goes on from, as it was."""
    of = None if before is None else entries.run_of(before[1]).resume_of
    return set() if of is None else {folded(of)}
