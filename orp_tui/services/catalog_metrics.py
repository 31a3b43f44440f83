"""The metrics of a run in short: from the cache of metrics, else from its result and a small `metrics.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from orp_tui.core.layout import RunPaths
from orp_tui.core.past_run import MetricValues
from orp_tui.metrics.cache.short import ShortRun
from orp_tui.metrics.primary import PrimaryRule
from orp_tui.services.catalog_files import Damaged, Missing, parsed, read_bytes, text_of
from orp_tui.store.catalog.entries import finite

Json = dict[str, Any]  # Any: values as JSON gives them

_decode_lines = msgspec.json.Decoder().decode_lines

MOST_METRICS = 1_000
SMALL_BYTES = 256 << 10
"""A larger file of metrics is the observer's business, which reads it into the cache."""


def metrics_of(
    folder: RunPaths, result: Json, rule: PrimaryRule | None, cached: ShortRun | None, *, has_ended: bool
) -> tuple[dict[str, MetricValues], bool]:
    """The metrics by name, and whether more of them may be known later.

    What the cache has read in whole is all there is to know; else the last values are those of the result.
    """
    goals = _goals(rule)
    if cached is not None and (cached.complete or not has_ended):
        found: dict[str, MetricValues] = {}
        for name, short in list(cached.metrics.items())[:MOST_METRICS]:
            found[text_of(name)] = MetricValues(*short, goal=goals.get(name, ""))
        return found, False
    logged = result.get("metrics")
    if not isinstance(logged, Mapping) or not logged:
        return {}, False
    lasts = {text_of(name): finite(value) for name, value in _some(logged)}
    ranges = _ranges(folder, lasts)
    found = {
        name: MetricValues(first, last, lowest, highest, goals.get(name, ""))
        for name, last in lasts.items()
        for first, lowest, highest in (ranges.get(name, (None, None, None)),)
    }
    return found, ranges.keys() < lasts.keys()


def _some(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(values.items())[:MOST_METRICS]


def _goals(rule: PrimaryRule | None) -> dict[str, str]:
    """What the experiment says of which way is better."""
    if rule is None:
        return {}
    of_step = {} if rule.best is None else {rule.best: rule.best_goal}
    return {**of_step, rule.name: rule.goal}


def _ranges(folder: RunPaths, wanted: Mapping[str, object]) -> dict[str, tuple[float, float, float]]:
    """First, lowest and highest finite value of each of these that a small file of metrics holds."""
    try:
        data = read_bytes(folder.metrics, SMALL_BYTES)
    except (Missing, Damaged):
        return {}
    found: dict[str, tuple[float, float, float]] = {}
    for row in _rows(data):
        for name in row.keys() & wanted.keys():
            value = finite(row[name])
            if value is not None:
                first, lowest, highest = found.get(name, (value, value, value))
                found[name] = first, min(lowest, value), max(highest, value)
    return found


def _rows(data: bytes) -> list[Json]:
    """What each line logs; a damaged one is left out."""
    try:
        rows = _decode_lines(data)
    except (msgspec.DecodeError, ValueError):
        rows = [_row(line) for line in data.split(b"\n") if line.strip()]
    return [row for row in rows if isinstance(row, dict)]


def _row(line: bytes) -> object:
    try:
        return parsed(line)
    except (ValueError, RecursionError):
        return None
