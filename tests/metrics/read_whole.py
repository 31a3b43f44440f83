"""Everything that a file of metrics holds, as plain Python values that can be compared."""

from __future__ import annotations

import math
from pathlib import Path

from orp_tui.core.series import Series
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.table import MetricTable

Plain = dict[str, list[tuple[float | str, float | str, float | str]]]


def told(number: float) -> float | str:
    """NaN is not equal to itself; its name is."""
    return "nan" if math.isnan(number) else number


def plain(table: MetricTable) -> Plain:
    """Metric → step, value and time of its points."""
    return {name: rows_of(series) for name, series in table.series().items()}


def rows_of(series: Series) -> list[tuple[float | str, float | str, float | str]]:
    return [
        (told(step), told(value), told(time))
        for block in series.blocks
        for step, value, time in zip(block.steps, block.values, block.times, strict=True)
    ]


def drain(reader: JsonlReader, table: MetricTable, *, final: bool = False) -> None:
    """Read until there is no more."""
    while True:
        batch = reader.read(final=final)
        table.take(batch)
        if not batch.more:
            return


def whole(path: Path, *, final: bool = False) -> MetricTable:
    """The file read at once."""
    table = MetricTable()
    drain(JsonlReader(path), table, final=final)
    return table
