"""Rows of runs that are taken out of the database and may come back to their old place.

What a row held is kept by whoever takes it out. Its events stay: they are the history of the run, should it
come back, and of the queue in any case.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from typing import Any

from orp_tui.core.run import Run
from orp_tui.store import events, runs

Json = dict[str, Any]  # Any: values as JSON gives them

_FIELD_OF = dict(zip(runs.COLUMNS, (field.name for field in dataclasses.fields(Run)), strict=True))


@dataclasses.dataclass(frozen=True)
class RemovedRow:
    """All that the database held of a run."""

    run: Run
    keys: tuple[str, ...] = ()
    """Idempotency keys it was submitted with."""
    store_id: str = ""
    """Of the database that gave its `seq`; empty if that has none."""

    def to_json(self) -> Json:
        """As a line holds it."""
        row = dict(zip(runs.COLUMNS, runs.to_row(self.run), strict=True))
        return {"row": row, "keys": list(self.keys), "store": self.store_id}

    @classmethod
    def from_json(cls, data: Json) -> RemovedRow:
        """Columns that are not there, of an older ORP, have the usual values.

        Raises KeyError, TypeError, ValueError or AttributeError for what is no such row.
        """
        usual = {field.name: field.default for field in dataclasses.fields(Run)}
        values = []
        for column, name in _FIELD_OF.items():
            if column not in data["row"] and usual[name] is dataclasses.MISSING:
                raise KeyError(column)
            values.append(data["row"][column] if column in data["row"] else runs.stored(usual[name]))
        return cls(runs.of_row(values), tuple(map(str, data.get("keys", ()))), str(data.get("store", "")))


def read(connection: sqlite3.Connection, run_id: str) -> RemovedRow | None:
    """All that the database holds of a run now; None if it does not know it."""
    run = runs.get(connection, run_id)
    if run is None:
        return None
    keys = connection.execute("SELECT key FROM idempotency WHERE run_id = ?", (run_id,)).fetchall()
    return RemovedRow(run, tuple(key for (key,) in keys), store_id(connection))


def store_id(connection: sqlite3.Connection) -> str:
    """What tells this database from one that was made anew; empty if no queue processor has led it yet."""
    found = connection.execute("SELECT store_id FROM store").fetchone()
    return found[0] if found else ""


def take_out(connection: sqlite3.Connection, run_id: str, *, at: float, actor: str) -> None:
    """Have the database forget a run, but for its history; call it in a transaction.

    A run that it was the retry of is not tried again by itself for that.
    """
    run = runs.get(connection, run_id)
    if run is None:
        return
    connection.execute("DELETE FROM run WHERE id = ?", (run_id,))
    connection.execute("DELETE FROM idempotency WHERE run_id = ?", (run_id,))
    events.append(connection, run_id, at, actor, "remove", None)
    if run.retry_of is not None and runs.get(connection, run.retry_of) is not None:
        events.append(
            connection, run.retry_of, at, actor, "retry_refused", f"its retry {run_id} was removed by {actor}"
        )


def put_back(connection: sqlite3.Connection, removed: RemovedRow, *, at: float, actor: str) -> None:
    """Have the database know a run again, in its old place; call it in a transaction.

    Nothing happens if it does. Its version is higher than before, so that lists read it again.
    """
    run = removed.run
    if runs.get(connection, run.id) is not None:
        return
    is_same_store = removed.store_id != "" and removed.store_id == store_id(connection)
    seq = run.seq if is_same_store and _is_free(connection, run.seq) else _place(connection, run)
    run = dataclasses.replace(run, seq=seq, version=run.version + 1)
    marks = ", ".join("?" for _ in runs.COLUMNS)
    connection.execute(
        f"INSERT INTO run ({', '.join(runs.COLUMNS)}) VALUES ({marks})",  # noqa: S608 - our names
        runs.to_row(run),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO idempotency VALUES (?, ?)", [(key, run.id) for key in removed.keys]
    )
    events.append(connection, run.id, at, actor, "restore", None)


def _place(connection: sqlite3.Connection, run: Run) -> int:
    """Its own number if that stands between those of the runs submitted before and after it, else another such.

    Below all others if there is none: never above a later run's, so that the last run stays the last.
    """
    before, after, lowest = connection.execute(
        "SELECT MAX(CASE WHEN submitted_at < ?1 THEN seq END), MIN(CASE WHEN submitted_at > ?1 THEN seq END), "
        "COALESCE(MIN(seq), 1) FROM run",
        (run.submitted_at,),
    ).fetchone()
    least = lowest - 1 if before is None else before + 1
    for seq in (run.seq, least):
        if least <= seq and (after is None or seq < after) and _is_free(connection, seq):
            return int(seq)
    return int(lowest) - 1


def _is_free(connection: sqlite3.Connection, seq: int) -> bool:
    return connection.execute("SELECT 1 FROM run WHERE seq = ?", (seq,)).fetchone() is None
