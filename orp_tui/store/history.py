"""What ended runs tell of the next ones: how long such a run takes, what failed last, what may be tried again."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterable

LIKE_RUNS = 20
"""So many succeeded runs of a name say how long one takes."""


@dataclasses.dataclass(frozen=True)
class End:
    """How a run ended, as a judge of a whole group needs it."""

    run_id: str
    state: str
    reason: str
    detail: str
    lasted_s: float
    """0 if it never started."""
    retry: int


def durations(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, float]:
    """Experiment name → seconds that its runs take, the median of the last 20 that succeeded.

    A name without such a run is left out.
    """
    found: dict[str, float] = {}
    for name in sorted(set(names)):
        rows = connection.execute(
            "SELECT ended_at - started_at FROM run WHERE name = ? AND state = 'succeeded' "
            "AND started_at IS NOT NULL AND ended_at >= started_at ORDER BY seq DESC LIMIT ?",
            (name, LIKE_RUNS),
        ).fetchall()
        if rows:
            found[name] = _median(sorted(row[0] for row in rows))
    return found


def _median(values: list[float]) -> float:
    """Of sorted values; the module `statistics` takes longer to import than all of `orp status`."""
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def last_ends(connection: sqlite3.Connection, group: str, *, after: int, limit: int) -> list[End]:
    """The last runs of a group that ended of themselves after event `after`, the newest end first.

    Cancelled runs tell nothing and are left out.
    """
    rows = connection.execute(
        "SELECT run.id, run.state, run.reason, run.detail, run.ended_at - run.started_at, run.retry "
        "FROM event JOIN run ON run.id = event.run_id "
        "WHERE event.seq > ? AND event.kind IN ('succeed', 'incomplete', 'fail', 'lose') AND run.group_name = ? "
        "ORDER BY event.seq DESC LIMIT ?",
        (after, group, limit),
    )
    return [End(row[0], row[1], row[2] or "", row[3] or "", row[4] or 0.0, row[5]) for row in rows]


def groups_with_failures(connection: sqlite3.Connection, *, after: int) -> list[str]:
    """The groups in which a run has failed after event `after`."""
    rows = connection.execute(
        "SELECT DISTINCT run.group_name FROM event JOIN run ON run.id = event.run_id "
        "WHERE event.seq > ? AND event.kind = 'fail'",
        (after,),
    )
    return [row[0] for row in rows]


def without_successor(connection: sqlite3.Connection, *, since: float) -> list[str]:
    """Ids of the runs that ended badly after `since`, were not cancelled, and that nobody has tried again.

    One whose retry was refused (event `retry_refused`) is left out. Oldest end first.
    """
    rows = connection.execute(
        "SELECT id FROM run WHERE state IN ('failed', 'lost', 'incomplete') AND ended_at >= ? "
        "AND id NOT IN (SELECT retry_of FROM run WHERE retry_of IS NOT NULL) "
        "AND NOT EXISTS (SELECT 1 FROM event WHERE event.run_id = run.id AND event.kind = 'retry_refused') "
        "ORDER BY ended_at, seq",
        (since,),
    )
    return [row[0] for row in rows]


def has_bad_end(connection: sqlite3.Connection, *, after: int) -> bool:
    """Whether a run has ended badly after event `after`."""
    row = connection.execute(
        "SELECT 1 FROM event WHERE seq > ? AND kind IN ('incomplete', 'fail', 'lose') LIMIT 1", (after,)
    ).fetchone()
    return row is not None
