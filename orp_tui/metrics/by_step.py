"""Points that come in any order of their steps → a series in the order of steps, each step once.

Event files are so: a training that was started again writes a further file and repeats some steps,
and two processes may write at once. Of the points of one step the one with the latest
wall time counts; of equal times, the one that came last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice
from operator import lt

from orp_tui.core.series import Points, Series, SeriesBuilder
from orp_tui.metrics.headed import HeadedBlocks


class StepBuilder:
    """A series that grows; as `SeriesBuilder`, but ordered. What is out of order is put right when it is looked at."""

    def __init__(self, name: str, base: Series | None = None) -> None:
        self.name = name
        self._builder = SeriesBuilder(name, base)
        self._last = base.summary.last_step if base is not None and len(base) else -math.inf
        self._astray: list[Points] = []
        self._in_disorder = base is not None and not _is_in_order(base)

    def extend(self, points: Points) -> None:
        """Add points, wherever they belong."""
        if not points:
            return
        if not self._astray and continues(self._last, points):
            self._builder.extend(points)
            self._last = points.steps[-1]
        else:
            self._astray.append(points)
            self._in_disorder = True

    def series(self) -> Series:
        """What it holds now; the same object until there is more."""
        if self._in_disorder:
            points = _in_order([*self._builder.series().blocks, *self._astray])
            self._builder = SeriesBuilder(self.name)
            self._builder.extend(points)
            self._last, self._astray, self._in_disorder = points.steps[-1], [], False
        return self._builder.series()


def continues(last: float, points: Points) -> bool:
    """Whether points go on in order behind the step `last`, so that nothing is to be put right."""
    return points.steps[0] > last and _rises(points)


def _rises(points: Points) -> bool:
    return all(map(lt, points.steps, islice(points.steps, 1, None)))


def _is_in_order(series: Series) -> bool:
    """Whether the steps rise, as far as it can be told without reading what lies in the cache."""
    blocks, last = series.blocks, -math.inf
    if isinstance(blocks, HeadedBlocks):
        for header in blocks.headers():
            steps = header.steps
            rises = last < steps.first == steps.low and steps.last == steps.high
            if not rises or steps.high - steps.low < header.length - 1:
                return False
            last = steps.last
        blocks = blocks.tail
    for block in blocks:
        if not block.steps[0] > last or not _rises(block):
            return False
        last = block.steps[-1]
    return True


def _in_order(blocks: Iterable[Points]) -> Points:
    import numpy as np

    parts = [[np.frombuffer(column) for column in (each.steps, each.values, each.times)] for each in blocks]
    steps, values, times = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # A point without a time gives way to any that has one; the sort keeps the order of arrival.
    order = np.lexsort((np.where(np.isnan(times), -np.inf, times), steps))
    steps = steps[order]
    kept = np.append(steps[1:] != steps[:-1], True)
    return Points.of(steps[kept].tolist(), values[order][kept].tolist(), times[order][kept].tolist())
