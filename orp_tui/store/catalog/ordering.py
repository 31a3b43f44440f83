"""Columns as SQL: what is sorted by, and what is grouped by."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.columns import OF_CONFIG, OF_METRICS, Column
from orp_tui.store.catalog.query import SortKey
from orp_tui.store.catalog.sql import KEY, ZIP_WORD, elapsed

_COLUMNS = {
    "id": "id", "name": "nullif(name, '')", "state": "state", "reason": "reason", "detail": "detail",
    "submitted": "submitted_at", "seed": "seed", "size": "bytes", "zip": "zip", "tags": "nullif(tags, '')",
    "star": "starred", "note": "nullif(note, '')", "group": "nullif(group_name, '')",
    "project": "nullif(project, '')", "by": "nullif(by_whom, '')", "parent": "parent", "batch": "batch",
    "variant": "nullif(variant, '')", "commit": "nullif(commit_id, '')", "host": "nullif(host, '')",
    "exit": "exit_code", "primary": "primary_value",
    "deliverables": "CASE WHEN declared > 0 THEN CAST(ifnull(valid, 0) AS REAL) / declared END",
}  # fmt: skip
_METRICS = {
    "metric": "{}.last", "last": "{}.last", "first": "{}.first", "min": "{}.lowest", "max": "{}.highest",
    "best": "CASE WHEN {0}.falls THEN {0}.lowest ELSE {0}.highest END",
}  # fmt: skip
_GROUPED = {
    "deliverables": "CASE WHEN declared > 0 THEN ifnull(valid, 0) || '/' || declared END",
    "zip": ZIP_WORD,
    **{name: f"nullif({name}, '')" for name in ("reason", "detail", "parent", "batch")},
}
"""Where runs that are alike for a filter differ in what they are sorted by, or the other way round."""
NEWEST_FIRST = "submitted_at DESC, id DESC"


@dataclasses.dataclass(frozen=True)
class Joined:
    """Expressions over rows of `entry`, and the tables that they need beside it."""

    columns: tuple[str, ...]
    """The value of each column: numbers stand before texts, NULL for none."""
    column_values: tuple[object, ...]
    """Of the question marks in the columns, in their order."""
    joins: str
    join_values: tuple[object, ...]


def joined(columns: Sequence[Column], now: float, prefix: str = "j", *, is_grouped: bool = False) -> Joined:
    """What the columns are; `prefix` sets the tables beside `entry` apart from others.

    `is_grouped`: a null of a config is a value too, and what a filter can't tell apart is the same.
    """
    expressions, values, joins, join_values = [], list[object](), [], list[object]()
    for place, column in enumerate(columns):
        if column.kind == OF_CONFIG or column.kind in OF_METRICS:
            alias, is_config = f"{prefix}{place}", column.kind == OF_CONFIG
            table = "value" if is_config else "metric"
            joins.append(
                f"LEFT JOIN {table} AS {alias} ON {alias}.key = {KEY} AND {alias}.entry = entry.number"
            )
            join_values += ["cfg" if is_config else "metric", column.key]
            text = f"{alias}.text" if is_grouped else f"nullif({alias}.text, 'null')"
            value = f"coalesce({alias}.amount, {text})"
            expressions.append(value if is_config else _METRICS[column.kind].format(alias))
        elif column.kind == "duration":
            expression, own = elapsed(now)
            expressions.append(expression)
            values += own
        else:
            # The younger a run, the less its age: an index on times serves both.
            plain = "-submitted_at" if column.kind == "age" else _COLUMNS[column.kind]
            expressions.append(_GROUPED.get(column.kind, plain) if is_grouped else plain)
    return Joined(tuple(expressions), tuple(values), " ".join(joins), tuple(join_values))


def order_by(sort: Sequence[SortKey], found: Joined) -> str:
    """The terms of an ORDER BY; `found` are the columns of these keys."""
    terms = []
    for key, expression in zip(sort, found.columns, strict=True):
        terms.append(f"({expression}) {'DESC' if key.descending else 'ASC'} NULLS LAST")
    return ", ".join([*terms, NEWEST_FIRST])
