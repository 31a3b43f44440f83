"""Reader of a run in MLflow's SQLite database (`mlflow.db`), without MLflow.

MLflow can't store an infinity and writes the largest double in its place: that is read as the
infinity again. A NaN is a 0 with `is_nan`.
"""

from __future__ import annotations

import math
import os
import sqlite3
import sys
from collections.abc import Sequence

from orp_tui.core.series import Points
from orp_tui.metrics.readers.database import LiveDatabase, Unreadable, columns_of
from orp_tui.metrics.readers.new_rows import Layout, Row
from orp_tui.metrics.readers.points_by_name import PointsByName
from orp_tui.metrics.readers.runs import MOST_RUNS, RunInDatabase
from orp_tui.metrics.readers.table_reader import TableReader
from orp_tui.metrics.rows import LONGEST_NAME, number_of

_LAYOUT = Layout(
    cells=("key", "value", "timestamp", "step", "is_nan"),
    belongs="run_uuid = :run",
    witness=("run_uuid", "key", "value", "timestamp", "step"),
)
_RUN_COLUMNS = {"run_uuid", "name", "start_time", "lifecycle_stage"}
_RUNS = """
    SELECT run_uuid, coalesce(name, ''), start_time FROM runs
    WHERE lifecycle_stage = 'active' AND (start_time IS NULL OR start_time >= ?)
    ORDER BY start_time DESC LIMIT ?
"""


class MlflowSqliteReader(TableReader):
    """What is new of one run, at each read. One thread at a time."""

    layouts = (_LAYOUT,)

    def points(self, rows: Sequence[Row]) -> tuple[dict[str, Points], int, str]:
        """The points, how many rows hold none, and the first of those in words."""
        by_name, bad, first_bad = PointsByName(), 0, ""
        for rowid, key, value, timestamp, step, is_nan in rows:
            number, at, time = number_of(value), number_of(step), number_of(timestamp)
            if number is None or at is None or not isinstance(key, str) or len(key) > LONGEST_NAME:
                bad += 1
                first_bad = first_bad or f"row {rowid}: no number with a name and a step"
                continue
            by_name.add(
                key, at, math.nan if is_nan else _unbounded(number), math.nan if time is None else time / 1000
            )
        return by_name.points(), bad, first_bad


def _unbounded(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def list_runs(
    path: str | os.PathLike[str], *, since: float = 0.0, follow_links: bool = False
) -> tuple[RunInDatabase, ...]:
    """The runs that started at `since` (seconds since 1970) or later, the newest first, 1,000 at most.

    Raises Unreadable if the database can't be read now, or is none of MLflow's.
    """

    def question(connection: sqlite3.Connection) -> list[Row]:
        if not columns_of(connection, "runs") >= _RUN_COLUMNS:
            raise Unreadable("is no database of MLflow")
        return connection.execute(_RUNS, (since * 1000, MOST_RUNS)).fetchall()

    found = LiveDatabase(path, follow_links=follow_links).ask(question) or []
    return tuple(
        RunInDatabase(run, str(name), math.nan if (start := number_of(started)) is None else start / 1000)
        for run, name, started in found
        if isinstance(run, str)
    )
