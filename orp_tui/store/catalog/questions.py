"""Questions to the catalogue. Numbers of entries come as one text, so that SQLite works without Python in between."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Sequence

import msgspec

from orp_tui.core.filters.expression import Everything
from orp_tui.core.filters.folding import folded
from orp_tui.core.past_run import PastRun
from orp_tui.store.catalog.entries import run_of
from orp_tui.store.catalog.ordering import NEWEST_FIRST, joined, order_by
from orp_tui.store.catalog.query import Query, mentions_archived
from orp_tui.store.catalog.sql import Clause, where

_numbers = msgspec.json.Decoder(list[int]).decode


def condition(query: Query, now: float) -> Clause:
    """What the rows of `entry` have to be."""
    found, values = where(query.filter, now)
    if mentions_archived(query.filter):
        return found, values
    return (
        ("archived = 0", [])
        if isinstance(query.filter, Everything)
        else (f"archived = 0 AND ({found})", values)
    )


def find(connection: sqlite3.Connection, query: Query, now: float) -> array[int]:
    """The numbers of all entries that answer, in order."""
    wanted, values = condition(query, now)
    beside = joined([key.column for key in query.sort], now)
    order = order_by(query.sort, beside) if query.sort else NEWEST_FIRST
    text = connection.execute(
        "SELECT json_group_array(number) FROM "  # noqa: S608 - our text
        f"(SELECT number FROM entry {beside.joins} WHERE {wanted} ORDER BY {order})",
        (*beside.join_values, *values, *beside.column_values),
    ).fetchone()[0]
    return array("q", _numbers(text))


def total(connection: sqlite3.Connection) -> int:
    """How many entries there are."""
    count: int = connection.execute("SELECT COUNT(*) FROM entry").fetchone()[0]
    return count


def rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[PastRun | None]:
    """The runs of these entries in the same order; None for one that is not there any more."""
    found = connection.execute(
        "SELECT entry, data FROM document WHERE entry IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    )
    known = {number: run_of(data) for number, data in found.fetchall()}
    return [known.get(number) for number in numbers]


def numbers_of(connection: sqlite3.Connection, run_ids: Iterable[str]) -> list[int]:
    """The entries of these runs, in the same order; what is not there is left out."""
    wanted = [folded(run_id) for run_id in run_ids]
    found = connection.execute(
        "SELECT id, number FROM entry WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(wanted),)
    )
    known: dict[str, int] = dict(found.fetchall())
    return [known[run_id] for run_id in wanted if run_id in known]


def changes(connection: sqlite3.Connection) -> int:
    """Rises with every change."""
    number: int = connection.execute("SELECT changes FROM state").fetchone()[0]
    return number
