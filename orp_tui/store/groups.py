"""Groups of the queue: their own limits, and whether they are paused."""

from __future__ import annotations

import sqlite3

from orp_tui.core.needs import Group
from orp_tui.store import events, settings
from orp_tui.store.database import transaction

DEFAULT = "default"


def read(connection: sqlite3.Connection) -> dict[str, Group]:
    """The groups of which something was ever said, by name."""
    rows = connection.execute("SELECT name, slots, paused FROM queue_group")
    return {name: Group(name, slots, paused) for name, slots, paused in rows}


def set_slots(connection: sqlite3.Connection, name: str, slots: int | None) -> None:
    """How many runs of a group go at once; None for no limit of its own."""
    with transaction(connection):
        connection.execute(
            "INSERT INTO queue_group (name, slots) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET slots = excluded.slots",
            (name, slots),
        )


def pause(connection: sqlite3.Connection, name: str, reason: str | None) -> bool:
    """Start nothing of a group any more, for `reason`; with None start things again. False if that was so already."""
    with transaction(connection):
        before = connection.execute("SELECT paused FROM queue_group WHERE name = ?", (name,)).fetchone()
        if (before[0] if before else None) == reason:
            return False
        connection.execute(
            "INSERT INTO queue_group (name, paused) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET paused = excluded.paused",
            (name, reason),
        )
        if reason is None:
            settings.put(connection, f"resumed:{name}", str(events.newest(connection)))
    return True


def resumed_at(connection: sqlite3.Connection, name: str) -> int:
    """Number of the newest event when the group was last resumed; 0 if it never was."""
    return int(settings.read(connection, f"resumed:{name}") or 0)
