"""What belongs to the queue and not to a run: kept in the table `setting`, and who owns the store."""

from __future__ import annotations

import os
import sqlite3

from orp_tui.store.database import transaction


def read(connection: sqlite3.Connection, key: str) -> str | None:
    """A setting's value; None if it was never written."""
    row = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def write(connection: sqlite3.Connection, key: str, value: str | None) -> None:
    """Set a value, or take it back with None."""
    with transaction(connection):
        put(connection, key, value)


def put(connection: sqlite3.Connection, key: str, value: str | None) -> None:
    """As `write`, inside a transaction of the caller's."""
    if value is None:
        connection.execute("DELETE FROM setting WHERE key = ?", (key,))
    else:
        connection.execute(
            "INSERT INTO setting VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )


def owner(connection: sqlite3.Connection, host_id: str, *, at: float) -> str:
    """The host that leads this store: `host_id`, if nobody has led it before."""
    with transaction(connection):
        connection.execute(
            "INSERT OR IGNORE INTO store VALUES (1, ?, ?, ?)", (os.urandom(16).hex(), host_id, at)
        )
        value: str = connection.execute("SELECT host_id FROM store").fetchone()[0]
    return value


def hand_over(connection: sqlite3.Connection, host_id: str) -> None:
    """Make `host_id` the store's host; only right while no run of the old one is active."""
    with transaction(connection):
        connection.execute("UPDATE store SET host_id = ?", (host_id,))
