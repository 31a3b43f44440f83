"""Why a run may not be removed now: it goes on, somebody waits for it, or goes on from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.services.cleaning import in_use_by_chains, why_busy
from orp_tui.services.watch import view
from orp_tui.store import runs


class Reasons:
    """What keeps runs, as it stood at one moment. `going` are those that are to be removed together."""

    def __init__(self, paths: BasePaths, connection: sqlite3.Connection, going: Collection[str]) -> None:
        self._paths = paths
        self._awaited = _awaited(connection)
        self._chains = in_use_by_chains(paths, connection)
        self._later = _resumed_by(connection, going)
        self._going = going

    def why_kept(self, run: Run) -> str | None:
        """In words; None if it may go."""
        state = view(self._paths, run).state
        if not state.is_final:
            return f"is {state.value}; `orp cancel {run.id}` ends it"
        if not run.state.is_final:
            return f"has just ended as {state.value}, and the queue does not know yet; `orp queue start`, or try again"
        if run.id in self._awaited:
            return f"{self._awaited[run.id]} waits for it"
        if run.id in self._chains:
            return f"{self._chains[run.id]} goes on from it"
        folder = self._paths.run(run.id)
        return self.why_later(run) or (why_busy(folder) if folder.folder.is_dir() else None)

    def why_later(self, run: Run, stay: Collection[str] = ()) -> str | None:
        """That another went on from it and stays; `stay` are runs that were to go and could not."""
        later = self._later.get(run.id)
        if later is None or (later in self._going and later not in stay):
            return None
        return f"{later} went on from it, and its curves begin here; remove both, or that one first"


def _awaited(connection: sqlite3.Connection) -> dict[str, str]:
    """Run that somebody waits for, its automatic retries too → who does."""
    found: dict[str, str] = {}
    for waiting in runs.unfinished(connection):
        for dependency in waiting.after:
            run_id: str | None = dependency.run_id
            while run_id is not None and run_id not in found:
                found[run_id] = waiting.id
                run_id = runs.find_by_key(connection, f"retry:{run_id}")
    return found


def _resumed_by(connection: sqlite3.Connection, run_ids: Collection[str]) -> Mapping[str, str]:
    """Run → the one that was resumed from it, for those of `run_ids` of which there is one."""
    found = {}
    for run_id in run_ids:
        # The key is the resume's own: `resume:ID:…`; of several the last one has the workspace.
        low, high = f"resume:{run_id}:", f"resume:{run_id};"
        rows = connection.execute(
            "SELECT run_id FROM idempotency JOIN run ON run.id = run_id "
            "WHERE key >= ? AND key < ? AND run.attempt > 0 ORDER BY seq",
            (low, high),
        ).fetchall()
        if rows:
            found[run_id] = rows[-1][0]
    return found
