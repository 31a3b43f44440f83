"""The metrics of many runs in short, as lists of runs want them: first, last, lowest, highest."""

from __future__ import annotations

import json
import math
import sqlite3
import struct
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from orp_tui.metrics.cache.database import opened_to_read
from orp_tui.metrics.cache.packing import unpacked_header
from orp_tui.metrics.cache.rows import Unsound


class Short(NamedTuple):
    """One metric. None: there is no such value, or it is no finite number."""

    first: float | None
    """The value at the least step."""
    last: float | None
    lowest: float | None
    highest: float | None


class ShortRun(NamedTuple):
    """One run."""

    complete: bool
    """It had ended when it was read last, and everything was read."""
    metrics: dict[str, Short]
    """By the names under which they are shown; text from outside."""


def complete_runs(path: Path, run_ids: Collection[str]) -> set[str]:
    """Those of these runs that had ended when they were read last, and of which everything was read."""
    with opened_to_read(path) as connection:
        if connection is None:
            return set()
        try:
            found = connection.execute(
                "SELECT name FROM run WHERE complete AND name IN (SELECT value FROM json_each(?))",
                (json.dumps(list(run_ids)),),
            )
            return {name for (name,) in found}
        except sqlite3.Error:
            return set()


def short_runs(path: Path, run_ids: Collection[str]) -> dict[str, ShortRun]:
    """What the cache at `path` knows of these runs; one that is not there is left out, all if it can't be read."""
    found: dict[str, ShortRun] = {}
    with opened_to_read(path) as connection:
        if connection is None:
            return {}
        wanted = json.dumps(list(run_ids))
        try:
            for name, complete in connection.execute(
                "SELECT name, complete FROM run WHERE name IN (SELECT value FROM json_each(?))", (wanted,)
            ):
                found[name] = ShortRun(bool(complete), {})
            rows = connection.execute(
                "SELECT run.name, metric.name, last, lowest, highest, header FROM run "
                "JOIN metric ON metric.run = run.id AND metric.name IS NOT NULL "
                "WHERE run.name IN (SELECT value FROM json_each(?))",
                (wanted,),
            )
            for run_id, name, last, lowest, highest, header in rows:
                first = unpacked_header(header).steps.left_value
                found[run_id].metrics[name] = Short(
                    first if math.isfinite(first) else None, last, lowest, highest
                )
        except (sqlite3.Error, Unsound, TypeError, KeyError, struct.error):
            return {}
    return found
