"""Points that come in any order of their steps → a series in the order of steps, each step once.

Event files are so: a training that was started again writes a further file and repeats some steps,
and two processes may write at once. Of the points of one step the one with the latest
wall time counts; of equal times, the one that came last.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from operator import lt

from orp_tui.core.series import Points, Series, SeriesBuilder


class StepBuilder:
    """A series that grows; as `SeriesBuilder`, but ordered. What is out of order is put right when it is looked at."""

    def __init__(self, name: str, base: Series | None = None) -> None:
        self.name = name
        self._builder = SeriesBuilder(name, base)
        self._last = base.summary.last_step if base is not None and len(base) else -float("inf")
        self._astray: list[Points] = []

    def extend(self, points: Points) -> None:
        """Add points, wherever they belong."""
        if not points:
            return
        if not self._astray and continues(self._last, points):
            self._builder.extend(points)
            self._last = points.steps[-1]
        else:
            self._astray.append(points)

    def series(self) -> Series:
        """What it holds now; the same object until there is more."""
        if self._astray:
            points = _in_order([*self._builder.series().blocks, *self._astray])
            self._builder = SeriesBuilder(self.name)
            self._builder.extend(points)
            self._last, self._astray = points.steps[-1], []
        return self._builder.series()


def continues(last: float, points: Points) -> bool:
    """Whether points go on in order behind the step `last`, so that nothing is to be put right."""
    return points.steps[0] > last and _rises(points)


def _rises(points: Points) -> bool:
    return all(map(lt, points.steps, islice(points.steps, 1, None)))


def _in_order(blocks: Iterable[Points]) -> Points:
    import numpy as np

    parts = [[np.frombuffer(column) for column in (each.steps, each.values, each.times)] for each in blocks]
    steps, values, times = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # A point without a time gives way to any that has one; the sort keeps the order of arrival.
    order = np.lexsort((np.where(np.isnan(times), -np.inf, times), steps))
    steps = steps[order]
    kept = np.append(steps[1:] != steps[:-1], True)
    return Points.of(steps[kept].tolist(), values[order][kept].tolist(), times[order][kept].tolist())
