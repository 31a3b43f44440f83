"""Changes to what waits: held, released, moved, put forward. Only queued runs take them.

Each is one transaction with its event, so that two clients at once lose nothing of each other.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Mapping

from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.store import events, runs
from orp_tui.store.database import transaction


def hold(connection: sqlite3.Connection, run_id: str, *, at: float, by: str) -> Run | None:
    """Keep a run from starting; None if it does not wait."""
    return _change(connection, run_id, "hold", at, by, None, held=True)


def release(connection: sqlite3.Connection, run_id: str, *, at: float, by: str) -> Run | None:
    """Let a held, delayed or backed-off run start when there is room; None if it does not wait."""
    return _change(connection, run_id, "release", at, by, None, held=False, starts_at=None, not_before=None)


def set_priority(
    connection: sqlite3.Connection, run_id: str, priority: int, *, at: float, by: str
) -> Run | None:
    """Higher starts first; None if the run does not wait."""
    return _change(connection, run_id, "priority", at, by, str(priority), priority=priority)


def move(connection: sqlite3.Connection, run_id: str, where: str, *, at: float, by: str) -> Run | None:
    """Move a waiting run among those of its priority; None if it does not wait.

    `where` is top, bottom, up, down, or the id of the waiting run before which it is to stand; that
    run's priority becomes its own.
    """
    with transaction(connection):
        run = runs.get(connection, run_id)
        if run is None or run.state is not RunState.QUEUED:
            return None
        queued = [item for item in runs.unfinished(connection) if item.state is RunState.QUEUED]
        target = next((item for item in queued if item.id == where), None)
        priority = run.priority if target is None else target.priority
        others = [item for item in queued if item.priority == priority and item.id != run.id]
        place = _place(where, run, others, target)
        if not _has_room(others, place):
            others = _spread(connection, others)
        values: dict[str, object] = {"position": _position(others, place), "priority": priority}
        return _write(connection, run, "move", at, by, where, values)


def put_back(
    connection: sqlite3.Connection, run_id: str, values: Mapping[str, object], *, at: float, by: str
) -> Run | None:
    """Give a waiting run the hold, times, priority and place that it had; None if it does not wait."""
    assert set(values) <= {"held", "starts_at", "not_before", "priority", "position"}
    return _change(connection, run_id, "undo", at, by, None, **values)


def _place(where: str, run: Run, others: list[Run], target: Run | None) -> int:
    """Index among the others before which the run is to stand."""
    if target is not None:
        return others.index(target) if target in others else 0
    now = sum((item.position, item.seq) < (run.position, run.seq) for item in others)
    return {"top": 0, "bottom": len(others), "up": max(0, now - 1), "down": min(len(others), now + 1)}[where]


def _has_room(others: list[Run], place: int) -> bool:
    """Whether there is a number between the neighbours: some fifty halvings use up what lies between two."""
    if not 0 < place < len(others):
        return True
    return others[place - 1].position < _position(others, place) < others[place].position


def _spread(connection: sqlite3.Connection, others: list[Run]) -> list[Run]:
    """The same runs in the same order, with places that are one apart."""
    spread = []
    for number, run in enumerate(others):
        runs.set_values(connection, run, {"position": float(number)})
        spread.append(dataclasses.replace(run, position=float(number)))
    return spread


def _position(others: list[Run], place: int) -> float:
    """A number between the neighbours."""
    if not others:
        return 0.0
    if place <= 0:
        return others[0].position - 1
    if place >= len(others):
        return others[-1].position + 1
    return (others[place - 1].position + others[place].position) / 2


def _change(
    connection: sqlite3.Connection,
    run_id: str,
    kind: str,
    at: float,
    by: str,
    detail: str | None,
    **values: object,
) -> Run | None:
    with transaction(connection):
        run = runs.get(connection, run_id)
        if run is None or run.state is not RunState.QUEUED:
            return None
        if all(getattr(run, name) == value for name, value in values.items()):
            return run
        return _write(connection, run, kind, at, by, detail, values)


def _write(
    connection: sqlite3.Connection,
    run: Run,
    kind: str,
    at: float,
    by: str,
    detail: str | None,
    values: dict[str, object],
) -> Run | None:
    runs.set_values(connection, run, values)
    events.append(connection, run.id, at, by, kind, detail)
    return runs.get(connection, run.id)
