"""Runs of other machines in the queue's list: at their end, and never the newest of this one."""

from __future__ import annotations

import sqlite3

from orp_tui.core.run import Run
from orp_tui.store import events, runs

BEFORE_ALL = -1e18
"""The position of such a run where its row is made again from its folder."""
_FIRST = -(1 << 40)
MOVED_BEFORE_ALL = (
    f"UPDATE main.run SET seq = seq - {1 << 39}, position = seq - {1 << 39} "  # noqa: S608 - our numbers
    f"WHERE position = {BEFORE_ALL} AND seq > 0 AND state NOT IN ('queued', 'starting', 'running', 'finishing')"
)
"""Puts the rows that were just made again before all others; one's own runs have such a place only while they wait."""


def insert_imported(connection: sqlite3.Connection, run: Run, *, at: float, by: str, detail: str) -> None:
    """Put a run that has ended elsewhere into the list; call it in a transaction.

    Its `seq` lies before those of all runs that were submitted here: `last` and names mean those first.
    """
    assert run.state.is_final
    newest = connection.execute("SELECT MAX(seq) FROM run WHERE seq < 0").fetchone()[0]
    seq = _FIRST if newest is None else newest + 1
    runs.insert_known(connection, run, actor=by)
    connection.execute("UPDATE run SET seq = ?, position = ? WHERE id = ?", (seq, seq, run.id))
    connection.execute(
        "DELETE FROM event WHERE run_id = ?", (run.id,)
    )  # of its own history none is known here
    events.append(connection, run.id, at, by, "import", detail)
