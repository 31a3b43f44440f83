"""What the catalogue may have to look at again though no row of `orp.db` has changed, and the rows to do so."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from orp_tui.core.filters.folding import folded
from orp_tui.core.run import Run
from orp_tui.store import runs
from orp_tui.store.catalog.entries import METRICS_MISSING
from orp_tui.store.catalog.sql import pattern

_COLUMNS = ", ".join(runs.COLUMNS)
MOST_WITHOUT_METRICS = 200


def rows(connection: sqlite3.Connection, seqs: Sequence[int]) -> list[Run]:
    """Rows of the attached `orp.db`; those that are gone are left out."""
    return _select(connection, "seq", seqs)


def rows_of(connection: sqlite3.Connection, run_ids: Sequence[str]) -> list[Run]:
    """The same by the ids of the runs."""
    return _select(connection, "id", run_ids)


def unfinished(connection: sqlite3.Connection) -> list[Run]:
    """Those of the attached `orp.db` that have not ended."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM orp.run WHERE state IN ('queued', 'starting', 'running', 'finishing')"  # noqa: S608 - constants
    )
    return [runs.of_row(row) for row in found.fetchall()]


def _select(connection: sqlite3.Connection, column: str, values: Sequence[object]) -> list[Run]:
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM orp.run WHERE {column} IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
        (json.dumps(list(values)),),
    )
    return [runs.of_row(row) for row in found.fetchall()]


def without_metrics(connection: sqlite3.Connection) -> list[str]:
    """The newest runs of whose metrics more may be known by now."""
    found = connection.execute(
        "SELECT id FROM entry WHERE unsure > 0 AND unsure & ? ORDER BY number DESC LIMIT ?",
        (METRICS_MISSING, MOST_WITHOUT_METRICS),
    )
    return [run_id for (run_id,) in found.fetchall()]


class Compared(NamedTuple):
    """The folders beside the catalogue."""

    strangers: list[str]
    """Folders that no row knows, and of which it does not say so yet."""
    lost: list[str]
    """Runs with a row whose folder has gone since it was read."""
    former: list[str]
    """Entries without a row, made of a folder that is gone too."""
    back: list[str]
    """Runs with a row whose folder was gone when they were read, and is there again."""


def compared(connection: sqlite3.Connection, names: Sequence[str], unknown: str, no_folder: str) -> Compared:
    """What is in only one of the two; `names` are all folders of runs.

    `unknown` is how the problem of an entry without a row ends, `no_folder` that of one without a folder.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS folder (id TEXT PRIMARY KEY) WITHOUT ROWID")
    try:
        connection.execute(
            "INSERT OR IGNORE INTO folder SELECT value FROM json_each(?)", (json.dumps(names),)
        )
        missing = "FROM entry WHERE id NOT IN (SELECT id FROM folder)"
        known = "id IN (SELECT id FROM known)"
        return Compared(
            _firsts(
                connection,
                "SELECT id FROM folder WHERE id NOT IN (SELECT id FROM known) "
                "AND id NOT IN (SELECT id FROM entry WHERE problem <> '' AND problem GLOB ?)",
                f"*{pattern(folded(unknown))}",
            ),
            _firsts(connection, f"SELECT id {missing} AND problem = '' AND {known}"),
            _firsts(connection, f"SELECT id {missing} AND NOT {known}"),
            _firsts(
                connection,
                f"SELECT id FROM entry WHERE problem <> '' AND problem = ? AND {known} AND id IN (SELECT id FROM folder)",  # noqa: S608 - our text
                folded(no_folder),
            ),
        )
    finally:
        connection.execute("DROP TABLE temp.folder")


def _firsts(connection: sqlite3.Connection, query: str, *values: object) -> list[str]:
    return [text for (text,) in connection.execute(query, values).fetchall()]


def stamp(connection: sqlite3.Connection) -> str:
    """What the runs folder was like when all of it had been seen to."""
    found: str = connection.execute("SELECT folders FROM state").fetchone()[0]
    return found


def keep_stamp(connection: sqlite3.Connection, value: str) -> None:
    """All of it has been seen to."""
    connection.execute("UPDATE state SET folders = ?", (value,))


def with_folder(connection: sqlite3.Connection, problem: str) -> int:
    """How many entries are of a folder that was there; `problem` is what the others have."""
    count, without = connection.execute(
        "SELECT (SELECT COUNT(*) FROM entry), (SELECT COUNT(*) FROM entry WHERE problem <> '' AND problem = ?)",
        (problem,),
    ).fetchone()
    return int(count - without)
