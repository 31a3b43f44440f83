"""The words that occur in the catalogue, for completing filters; casefolded but for keys and metrics."""

from __future__ import annotations

import sqlite3

from orp_tui.core.filters.vocabulary import Vocabulary

MOST = 2_000
"""Of one kind."""
FEW = 40
"""Values of a config key that are worth to be offered."""
_MOST_KEYS = 200


def vocabulary(connection: sqlite3.Connection) -> Vocabulary:
    """All of them; each kind sorted."""
    keys = _keys(connection, "cfg", "value")
    return Vocabulary(
        config_keys=tuple(keys),
        metrics=tuple(_keys(connection, "metric", "metric")),
        tags=_firsts(connection, f"SELECT DISTINCT text FROM tag ORDER BY text LIMIT {MOST}"),  # noqa: S608 - constants
        names=_distinct(connection, "name"),
        reasons=_distinct(connection, "reason"),
        groups=_distinct(connection, "group_name"),
        projects=_distinct(connection, "project"),
        values=_values(connection, keys),
        people=_distinct(connection, "by_whom"),
        hosts=_distinct(connection, "host"),
    )


def _keys(connection: sqlite3.Connection, kind: str, table: str) -> dict[str, int]:
    """Names of config keys or metrics that some run has, and their numbers."""
    found = connection.execute(
        "SELECT name, id FROM key WHERE kind = ? "  # noqa: S608 - our names
        f"AND EXISTS (SELECT 1 FROM {table} WHERE {table}.key = key.id) ORDER BY name LIMIT {MOST}",
        (kind,),
    )
    return dict(found.fetchall())


def _distinct(connection: sqlite3.Connection, column: str) -> tuple[str, ...]:
    return _firsts(
        connection,
        f"SELECT DISTINCT {column} FROM entry WHERE {column} <> '' ORDER BY 1 LIMIT {MOST}",  # noqa: S608 - our names
    )


def _values(connection: sqlite3.Connection, keys: dict[str, int]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, number in list(keys.items())[:_MOST_KEYS]:
        values = _firsts(
            connection,
            f"SELECT DISTINCT text FROM value WHERE key = {number} LIMIT {FEW + 1}",  # noqa: S608 - a number
        )
        if 0 < len(values) <= FEW:
            found[name] = tuple(sorted(values))
    return found


def _firsts(connection: sqlite3.Connection, query: str) -> tuple[str, ...]:
    return tuple(text for (text,) in connection.execute(query).fetchall())
