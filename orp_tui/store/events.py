"""What happened, numbered: a reader asks for everything after the last number it has seen."""

from __future__ import annotations

import dataclasses
import sqlite3


@dataclasses.dataclass(frozen=True)
class Event:
    """One row of the history; never changed."""

    seq: int
    run_id: str
    at: float
    """Seconds since 1970, UTC."""
    actor: str
    """leader, or the client that asked: `user@host`."""
    kind: str
    """submit, or an event of `core.states.NEXT`."""
    detail: str | None


def append(
    connection: sqlite3.Connection, run_id: str, at: float, actor: str, kind: str, detail: str | None
) -> int:
    """The number of the new event; call it in the transaction that made it true."""
    cursor = connection.execute(
        "INSERT INTO event (run_id, at, actor, kind, detail) VALUES (?, ?, ?, ?, ?)",
        (run_id, at, actor, kind, detail),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def after(connection: sqlite3.Connection, seq: int, *, limit: int = 1000) -> list[Event]:
    """Events with a higher number than `seq`, oldest first."""
    rows = connection.execute("SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    return [_event(row) for row in rows]


def of_run(connection: sqlite3.Connection, run_id: str) -> list[Event]:
    """The history of one run, oldest first."""
    return [
        _event(row)
        for row in connection.execute("SELECT * FROM event WHERE run_id = ? ORDER BY seq", (run_id,))
    ]


def newest(connection: sqlite3.Connection) -> int:
    """The highest number given so far; 0 if nothing has happened."""
    value: int = connection.execute("SELECT COALESCE(MAX(seq), 0) FROM event").fetchone()[0]
    return value


def _event(row: sqlite3.Row) -> Event:
    return Event(row["seq"], row["run_id"], row["at"], row["actor"], row["kind"], row["detail"])
