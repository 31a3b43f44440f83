"""Every metric of one source, gathered from the batches of its reader."""

from __future__ import annotations

from collections.abc import Mapping

from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Series, SeriesBuilder
from orp_tui.metrics.by_step import StepBuilder

MOST_METRICS = 10_000
"""Further names are counted, not kept: a training that logs a new name at each step ends nothing."""


class MetricTable:
    """Name → series. One thread at a time; the series it gives may go to any other."""

    def __init__(self, *, by_step: bool = False) -> None:
        """`by_step`: of points of one step the one with the latest time counts, and they are put in order."""
        self._make = StepBuilder if by_step else SeriesBuilder
        self._builders: dict[str, SeriesBuilder | StepBuilder] = {}
        self.bad = 0
        """Records passed over."""
        self.first_bad = ""
        """The first of them, in words."""
        self.left_out = 0
        """Points of metrics beyond the first 10,000."""

    def begin_with(self, before: Mapping[str, Series], bad: int, first_bad: str) -> None:
        """Take what was read before: series by the names of the source, and what was passed over."""
        self._builders = {name: self._make(name, series) for name, series in before.items()}
        self.bad, self.first_bad = bad, first_bad

    def _forget(self) -> None:
        self._builders = {}
        self.bad = self.left_out = 0
        self.first_bad = ""

    def take(self, batch: MetricBatch) -> bool:
        """Add what a read brought; whether that changed anything."""
        if batch.restarted:
            self._forget()
        for name, points in batch.points.items():
            builder = self._builders.get(name)
            if builder is None:
                if len(self._builders) >= MOST_METRICS:
                    self.left_out += len(points)
                    continue
                builder = self._builders[name] = self._make(name)
            builder.extend(points)
        self.bad += batch.bad
        self.first_bad = self.first_bad or batch.first_bad
        return bool(batch.points or batch.restarted or batch.bad)

    def series(self) -> Mapping[str, Series]:
        """What there is now, in the order of first appearance; a series that has not grown is the same object."""
        return {name: builder.series() for name, builder in self._builders.items()}
