"""Runs in groups of the same values, and what their metrics say together."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Mapping, Sequence

from orp_tui.core.columns import OF_CONFIG, Column, value_of
from orp_tui.core.errors import UsageError
from orp_tui.core.filters.build import all_of
from orp_tui.core.filters.expression import Compare, Expression, Not
from orp_tui.core.filters.values import config_number, config_text
from orp_tui.core.past_run import PastRun, Scalar
from orp_tui.store.catalog import questions
from orp_tui.store.catalog.ordering import joined
from orp_tui.store.catalog.query import Query
from orp_tui.store.catalog.questions import condition

MOST_GROUPS = 10_000
_AT_ONCE = 200
"""Runs that are held at a time."""

_FIELDS = frozenset(
    {
        "id", "name", "state", "reason", "detail", "seed", "note", "group", "project", "by", "parent", "batch",
        "variant", "commit", "host", "exit", "primary",
    }
)  # fmt: skip
"""Columns that are fields of the filter too."""


@dataclasses.dataclass(frozen=True)
class Spread:
    """The values of one metric in a group: of succeeded runs that nobody has resumed, one a run."""

    n: int
    mean: float
    m2: float
    """Sum of the squared distances from the mean."""


@dataclasses.dataclass(frozen=True)
class Members:
    """One group as SQL gives it."""

    values: tuple[Scalar, ...]
    filter: Expression
    count: int
    spreads: Mapping[str, Spread]
    """By the text of the column; without those of which no member has a value."""


def groups(
    connection: sqlite3.Connection,
    query: Query,
    keys: Sequence[Column],
    metrics: Sequence[Column],
    now: float,
) -> list[Members]:
    """The groups, sorted by their values; what has none in a column comes last there. At most MOST_GROUPS.

    Raises UsageError for a column that can't be grouped by.
    """
    for column in keys:
        _require(column)
    wanted, values = condition(query, now)
    found = joined(keys, now, "k", is_grouped=True)
    names = [f"k{place}_value" for place in range(len(keys))]
    chosen = "".join(f", {column} AS {name}" for column, name in zip(found.columns, names, strict=True))
    by = ", ".join(names) or "NULL"
    order = ", ".join(f"{name} NULLS LAST" for name in names) or "1"
    rows = connection.execute(
        f"SELECT COUNT(*), MAX(entry.number){chosen} FROM entry {found.joins} WHERE {wanted} "  # noqa: S608 - our text
        f"GROUP BY {by} ORDER BY {order} LIMIT {MOST_GROUPS}",
        (*found.column_values, *found.join_values, *values),
    ).fetchall()
    spreads = [_spreads(connection, column, keys, (wanted, values), now) for column in metrics]
    found_groups: list[Members] = []
    for start in range(0, len(rows), _AT_ONCE):
        some = [row for row in rows[start : start + _AT_ONCE] if row[0]]
        newest = questions.rows(connection, [row[1] for row in some])
        found_groups += [
            _members(query, keys, row, run, _of_group(tuple(row[2:]), metrics, spreads), now)
            for row, run in zip(some, newest, strict=True)
            if run is not None
        ]
    return found_groups


def _of_group(
    values: tuple[object, ...],
    metrics: Sequence[Column],
    spreads: Sequence[Mapping[tuple[object, ...], Spread]],
) -> dict[str, Spread]:
    """The spread of each metric that has one in the group with these values."""
    return {str(column): own[values] for column, own in zip(metrics, spreads, strict=True) if values in own}


def _spreads(
    connection: sqlite3.Connection,
    column: Column,
    keys: Sequence[Column],
    wanted: tuple[str, list[object]],
    now: float,
) -> dict[tuple[object, ...], Spread]:
    """For each group that has a sample: the values in the key columns → its spread."""
    found, own = joined(keys, now, "k", is_grouped=True), joined([column], now, "m")
    names = [f"k{place}_value" for place in range(len(keys))]
    chosen = "".join(f", {text} AS {name}" for text, name in zip(found.columns, names, strict=True))
    by = ", ".join(names)
    window = f"PARTITION BY {by}" if by else ""
    rows = connection.execute(
        f"SELECT COUNT(*), MAX(mean), SUM((x - mean) * (x - mean)){''.join(f', {name}' for name in names)} FROM "  # noqa: S608 - our text
        f"(SELECT x, AVG(x) OVER ({window}) AS mean{''.join(f', {name}' for name in names)} FROM "
        f"(SELECT {own.columns[0]} AS x{chosen} FROM entry {found.joins} {own.joins} "
        f"WHERE is_sample AND ({wanted[0]})) WHERE x IS NOT NULL AND abs(x) <= 1.7976931348623157e308) "
        f"{f'GROUP BY {by}' if by else ''}",
        (*own.column_values, *found.column_values, *found.join_values, *own.join_values, *wanted[1]),
    ).fetchall()
    return {tuple(row[3:]): Spread(row[0], row[1], row[2]) for row in rows if row[0]}


def _members(
    query: Query,
    keys: Sequence[Column],
    row: Sequence[int],
    run: PastRun,
    spreads: Mapping[str, Spread],
    now: float,
) -> Members:
    """The group of a row, of which `run` is one."""
    values = tuple(value_of(column, run, now) for column in keys)
    parts = [_part(column, run) for column in keys]
    return Members(values, all_of(query.filter, *parts), row[0], spreads)


def _require(column: Column) -> None:
    if not column.is_groupable:
        raise UsageError(f"{column} cannot be grouped by; use name, state, a config key as cfg.lr, …")


def _part(column: Column, run: PastRun) -> Expression:
    """The filter that finds the group of a run in one column."""
    kind, key = column.kind, column.key
    if kind == OF_CONFIG:
        if key not in run.config:
            return Not(Compare("has", "", ":", f"cfg.{key}", None))
        value = run.config[key]
        return Compare("cfg", key, "=", config_text(value), config_number(value))
    if kind == "star":
        starred = Compare("is", "", ":", "starred", None)
        return starred if run.is_starred else Not(starred)
    if kind == "deliverables":
        share = f"{run.deliverables_valid or 0}/{run.deliverables_total}"
        has = Compare("has", "", ":", "deliverables", None)
        return Compare(kind, "", "=", share, None) if run.deliverables_total else Not(has)
    if kind == "zip":
        return Compare("zip", "", "=", run.zip.partition(":")[0], None)
    return _plain(column, value_of(column, run, 0.0))


def _plain(column: Column, value: Scalar) -> Expression:
    field = "metric" if column.kind == "last" else column.kind
    if isinstance(value, int | float):
        return Compare(field, column.key, "=", repr(float(value)) if column.key else str(value), float(value))
    if value:
        return Compare(field, "", "=", str(value), None)
    if column.key:  # any comparison with a number is false where there is none
        any_number = Compare(field, column.key, "<=", "1e308", 1e308)
        return Not(any_number)
    return Not(Compare("has", "", ":", field, None))
