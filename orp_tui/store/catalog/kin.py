"""Who comes of whom, and what runs that differ by their seed alone came to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from orp_tui.core.filters.folding import folded

_RELATIONS = ("parent", "retry_of", "resume_of")


class Sample(NamedTuple):
    """One value of the metric that judges a run which has succeeded and which nobody has resumed."""

    variant: str
    tree: str | None
    """sha256 of the frozen code."""
    primary: str
    """The metric, as `folded` gives it."""
    value: float
    seed: int | None = None


def children(connection: sqlite3.Connection, run_ids: Iterable[str], most: int) -> list[int]:
    """The entries of runs made from these: children, retries, resumes; oldest first, at most `most`."""
    wanted = json.dumps([folded(run_id) for run_id in run_ids])
    found = " UNION ".join(
        f"SELECT number, submitted_at, id FROM entry WHERE {name} IN (SELECT value FROM json_each(?1))"  # noqa: S608 - our names
        for name in _RELATIONS
    )
    rows = connection.execute(f"{found} ORDER BY submitted_at, id LIMIT ?2", (wanted, most))
    return [row[0] for row in rows]


def samples(connection: sqlite3.Connection, variants: Iterable[str]) -> list[Sample]:
    """All samples of these variants, the oldest first."""
    rows = connection.execute(
        "SELECT variant, tree, primary_name, primary_value, seed FROM entry WHERE is_sample "
        "AND primary_value IS NOT NULL AND primary_name IS NOT NULL "
        "AND variant IN (SELECT value FROM json_each(?)) ORDER BY submitted_at, id",
        (json.dumps([folded(variant) for variant in variants if variant]),),
    )
    return [Sample(*row) for row in rows]
