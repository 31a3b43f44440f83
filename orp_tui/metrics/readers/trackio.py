"""Reader of a run in a trackio database (`<project>.db`), without trackio.

Each row is one step with an object of values as JSON, in which NaN and the infinities are words.
Databases from before run ids tell a run by its name alone; `run` may be either.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import os
import sqlite3
from collections.abc import Sequence
from typing import Any

from orp_tui.core.series import Points
from orp_tui.metrics.readers.database import LiveDatabase, Unreadable, columns_of
from orp_tui.metrics.readers.new_rows import Layout, Row
from orp_tui.metrics.readers.points_by_name import PointsByName, named_numbers
from orp_tui.metrics.readers.runs import MOST_RUNS, RunInDatabase
from orp_tui.metrics.readers.table_reader import TableReader
from orp_tui.metrics.rows import number_of

_LAYOUT = Layout(
    cells=("step", "timestamp", "metrics"),
    belongs="run_id = :run OR run_name = :run",
    witness=("run_id", "run_name", "timestamp", "step"),
)
_WITHOUT_IDS = Layout(
    cells=("step", "timestamp", "metrics"),
    belongs="run_name = :run",
    witness=("run_name", "timestamp", "step"),
)
_RUNS = """
    WITH RECURSIVE found(run) AS (
        SELECT min({run}) FROM metrics
        UNION ALL
        SELECT (SELECT min({run}) FROM metrics WHERE {run} > found.run) FROM found WHERE found.run IS NOT NULL
    )
    SELECT run, (SELECT run_name FROM metrics WHERE {run} = found.run LIMIT 1),
           (SELECT min(timestamp) FROM metrics WHERE {run} = found.run)
    FROM found WHERE run IS NOT NULL LIMIT 10000
"""
"""A step of the index for each run, whatever the number of rows."""


class TrackioReader(TableReader):
    """What is new of one run, at each read. One thread at a time."""

    layouts = (_LAYOUT, _WITHOUT_IDS)

    def points(self, rows: Sequence[Row]) -> tuple[dict[str, Points], int, str]:
        """The points, how many rows hold no object, and the first of those in words."""
        by_name, bad, first_bad = PointsByName(), 0, ""
        for rowid, step, timestamp, cell in rows:
            at, values = number_of(step), _object(cell)
            if at is None or values is None:
                bad += 1
                first_bad = first_bad or f"row {rowid}: no JSON object with a step"
                continue
            time = _seconds(timestamp)
            for name, value in values.items():
                for full_name, number in named_numbers(name, value):
                    by_name.add(full_name, at, number, time)
        return by_name.points(), bad, first_bad


def _object(cell: object) -> dict[str, Any] | None:
    """What a cell holds as JSON, text or bytes; None if that is no object."""
    import msgspec

    if not isinstance(cell, str | bytes):
        return None
    found: Any = None
    try:
        found = msgspec.json.decode(cell)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(cell)  # takes a NaN without quotes, as other writers leave it
    return found if isinstance(found, dict) else None


def _seconds(timestamp: object) -> float:
    """Since 1970, of an ISO text, which is UTC unless it says otherwise; NaN if it is none."""
    if isinstance(timestamp, str):
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.datetime.fromisoformat(timestamp)
            return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()
    return math.nan


def list_runs(
    path: str | os.PathLike[str], *, since: float = 0.0, follow_links: bool = False
) -> tuple[RunInDatabase, ...]:
    """The runs whose first row is of `since` (seconds since 1970) or later, the newest first, 1,000 at most.

    Raises Unreadable if the database can't be read now, or is none of trackio's.
    """

    def question(connection: sqlite3.Connection) -> list[Row]:
        columns = columns_of(connection, "metrics")
        if not columns >= {"run_name", "step", "timestamp", "metrics"}:
            raise Unreadable("is no database of trackio")
        run = "run_id" if "run_id" in columns else "run_name"
        return connection.execute(_RUNS.format(run=run)).fetchall()

    found = LiveDatabase(path, follow_links=follow_links).ask(question) or []
    runs = [
        RunInDatabase(run, str(name), _seconds(timestamp))
        for run, name, timestamp in found
        if isinstance(run, str)
    ]
    newest_first = sorted((run for run in runs if not run.started < since), key=_age)
    return tuple(newest_first[:MOST_RUNS])


def _age(run: RunInDatabase) -> float:
    return math.inf if math.isnan(run.started) else -run.started
