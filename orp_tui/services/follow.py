"""Look at runs until they end, and see to it that somebody starts them meanwhile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence

from orp_tui.core.errors import RunNotFound
from orp_tui.core.result import ExperimentResult
from orp_tui.core.states import RunState
from orp_tui.engine import results
from orp_tui.files.atomic import read_json
from orp_tui.services.context import Context
from orp_tui.services.control import ensure_leader
from orp_tui.services.watch import RunView, snapshot, view
from orp_tui.store import database, runs

POLL_S = 0.05
CARE_S = 1.0


def follow(
    context: Context, connection: database.Connection, run_ids: Sequence[str], *, period_s: float = POLL_S
) -> Iterator[list[RunView]]:
    """The runs as they truly stand, again and again; the last answer has all of them at their ends.

    A queue processor is started whenever there is none (if the settings allow that).

    Raises RunNotFound if a run has gone from the database, and StoreError.
    """
    cared = time.monotonic()
    while True:
        views = [_view(context, connection, run_id) for run_id in run_ids]
        yield views
        if all(item.state.is_final and item.run.state.is_final for item in views):
            return
        if time.monotonic() - cared >= CARE_S:
            cared = time.monotonic()
            ensure_leader(context)
            if not connection.is_in_place():  # deleted or replaced: the store makes it again
                with context.store() as fresh:
                    yield from follow(context, fresh, run_ids, period_s=period_s)
                return
        time.sleep(period_s)


def _view(context: Context, connection: sqlite3.Connection, run_id: str) -> RunView:
    run = runs.get(connection, run_id)
    if run is None:
        raise RunNotFound(run_id, f"is not in {context.paths.database} any more; what runs goes on")
    return view(context.paths, run)


def why_they_wait(context: Context, connection: sqlite3.Connection) -> dict[str, str]:
    """Id of each queued run → one line."""
    seen = snapshot(context.paths, connection, slots=context.slots)
    return {
        item.run.id: item.detail
        for item in seen.unfinished
        if item.state is RunState.QUEUED and item.detail is not None
    }


class Waits:
    """Why runs wait, looked up at most once a second: an answer looks at every unfinished run."""

    def __init__(self, context: Context, connection: sqlite3.Connection) -> None:
        self._context = context
        self._connection = connection
        self._found: dict[str, str] = {}
        self._next = 0.0

    def of(self, run_id: str) -> str | None:
        """One line for a queued run; None if it does not wait."""
        now = time.monotonic()
        if now >= self._next:
            self._found = why_they_wait(self._context, self._connection)
            self._next = time.monotonic() + CARE_S
        return self._found.get(run_id)


def result_of(context: Context, item: RunView) -> ExperimentResult:
    """The result of a run that has ended; made from its row where it has no result file.

    A run that was cancelled before it started, or whose folder is gone, has none.
    """
    try:
        data = read_json(context.paths.run(item.run.id).result)
        if data is not None:
            return ExperimentResult.from_json(data)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # a damaged file: what the row knows is still true
    return ExperimentResult(
        experiment_id=item.run.id,
        name=item.run.name,
        status=item.state.value,
        start_time=results.utc(item.started_at),
        end_time=results.utc(item.ended_at),
        duration_s=item.elapsed_s(time.time()),
        exit_code=item.exit_code,
        signal=item.signal,
        error_message=item.detail,
        reason=item.reason or "",
        deliverables_status={},
        metrics={},
        artifacts_path=None,
        training_stdout_path=None,
        training_stderr_path=None,
    )
