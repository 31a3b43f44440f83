"""A metric of the runs of a comparison, step by step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from orp_tui.charts.scale import step_number
from orp_tui.core.words import duration
from orp_tui.metrics.names import measured
from orp_tui.services.comparison import cells as making
from orp_tui.services.comparison.alignment import places_of, values_at
from orp_tui.services.comparison.axis import Along, Track
from orp_tui.services.comparison.histories import history_of
from orp_tui.services.comparison.sheet import Part, Sheet
from orp_tui.services.comparison.values import (
    NOTHING,
    OF_METRICS,
    Cell,
    Comparison,
    Row,
    RunColumn,
    difference,
)
from orp_tui.services.context import Context

ROWS = 50
"""Places that are shown if nobody says how many."""


@dataclasses.dataclass(frozen=True)
class Aligned:
    """A metric of several runs at common places."""

    metric: str
    """Text from outside."""
    along: Along
    columns: tuple[RunColumn, ...]
    baseline: int
    places: tuple[float, ...]
    """Steps, epochs or seconds, in order."""
    values: tuple[tuple[tuple[float | None, ...], ...], ...]
    """Of each column, of each of its runs: a value for each place; None where it has none."""
    lacking: tuple[str, ...] = ()
    """Runs that have no such metric, or no place on the axis."""

    def sheet(self, *, relative: bool = False) -> Sheet:
        """The places as rows. `relative`: of all but the baseline what they have more than it there."""
        corner = {"since": "time"}.get(self.along, self.along)
        rows = tuple(self._row(place, relative) for place in range(len(self.places)))
        notes = [
            f"{self.metric}: the last value at or before each {corner}, nothing beyond a run's own range"
        ]
        if relative:
            notes.append("all but the baseline: what they have more than it")
        if self.lacking:
            names = ", ".join(run_id.rpartition("_")[2] for run_id in self.lacking)
            notes.append(f"without it, or without such an axis: {names}")
        is_pair = len(self.columns) == 2 and not relative
        return Sheet(
            corner,
            self.columns,
            self.baseline,
            (Part("", rows),),
            is_pair and any(row.difference for row in rows),
            tuple(notes),
        )

    def _row(self, place: int, relative: bool) -> Row:
        cells = [self._cell(column, place) for column in range(len(self.columns))]
        base = cells[self.baseline].number if cells else None
        found = None
        if len(cells) == 2 and base is not None and (other := cells[1 - self.baseline].number) is not None:
            found = difference(base, other)
        if relative:
            cells = [
                cell if column == self.baseline else _relative(cell.number, base)
                for column, cell in enumerate(cells)
            ]
        is_same = all(making.is_same_value(cells[0], cell) for cell in cells[1:])
        at = self.places[place]
        return Row("steps", self._told(at), tuple(cells), is_same, found, place=at)

    def _cell(self, column: int, place: int) -> Cell:
        of = self.columns[column]
        found = {
            run_id: value
            for run_id, run in zip(of.run_ids, self.values[column], strict=True)
            if (value := run[place]) is not None
        }
        if len(of.run_ids) > 1:
            return making.mean_of([value for run_id, value in found.items() if run_id in of.samples])
        value = found.get(of.run_id)
        return NOTHING if value is None else Cell(value, measured(self.metric, value))

    def _told(self, place: float) -> str:
        """`1,200`, `3.25`, `1h30m05s`; each row's own."""
        if self.along == "since":
            return duration(place) if place < 0 or place >= 60 else f"{place:.3g}s"
        return step_number(place, 0.0)


def _relative(value: float | None, base: float | None) -> Cell:
    if value is None or base is None:
        return NOTHING
    delta = value - base
    return Cell(delta, f"{delta:+.4g}" if math.isfinite(delta) else "nan")


def align(
    context: Context,
    comparison: Comparison,
    metric: str,
    *,
    rows: int = ROWS,
    along: Along = "step",
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Aligned:
    """The metric of all runs at at most `rows` common places, read run by run, never all points at once.

    `cancelled` is asked before each run; if it says so, those that are left have no values. `progress` is told
    runs that are done, and all.
    Raises StoreError if the cache is made anew while it is read.
    """
    tracks: dict[str, Track] = {}
    for done, run_id in enumerate(comparison.run_ids):
        if cancelled():
            break
        progress(done, len(comparison.run_ids))
        found = history_of(context.paths, run_id, metric)
        if found.series is not None:
            track = Track(found.series, along, epochs=found.epochs, start=found.start)
            if track.length and track.ends:
                tracks[run_id] = track
    places = places_of(list(tracks.values()), rows)
    values = {run_id: tuple(values_at(track, places)) for run_id, track in tracks.items()}
    empty: tuple[float | None, ...] = (None,) * len(places)
    return Aligned(
        metric,
        along,
        comparison.columns,
        comparison.baseline,
        tuple(places),
        tuple(_of_column(column, values, empty) for column in comparison.columns),
        tuple(run_id for run_id in comparison.run_ids if run_id not in tracks),
    )


def _of_column(
    column: RunColumn, values: dict[str, tuple[float | None, ...]], empty: tuple[float | None, ...]
) -> tuple[tuple[float | None, ...], ...]:
    return tuple(values.get(run_id, empty) for run_id in column.run_ids)


def metric_names(comparison: Comparison) -> Sequence[str]:
    """The metrics that some run has, in the order of the comparison."""
    return list(dict.fromkeys(row.name for row in comparison.rows if row.section in OF_METRICS))
