"""One metric of one run along an axis: by step, by epoch, or by the time since its first point.

Of a long series only the ends of its stretches are at hand; their points are read a few at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from orp_tui.core.errors import StoreError
from orp_tui.core.series import Points, Series
from orp_tui.metrics.downsample import By, by_step, by_time
from orp_tui.metrics.epochs import Epochs
from orp_tui.metrics.headed import HeadedBlocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]  # Any: float64, which numpy's types have no short name for

Along = Literal["step", "epoch", "since"]
AXES: tuple[Along, ...] = ("step", "epoch", "since")

_TOGETHER = 32
"""Stretches that are read at once."""


class Track:
    """Points of a series, each with a place on the axis; those whose place is not finite are left out."""

    def __init__(
        self, series: Series, along: Along, *, epochs: Series | None = None, start: float = math.nan
    ) -> None:
        """`epochs`: the run's metric `epoch`; `start`: its first time stamp. Where it is missing no point has a place."""
        self._shift = -start if along == "since" else 0.0
        self._epochs = Epochs(epochs) if along == "epoch" and epochs is not None else None
        self._by: By = by_time if along == "since" else by_step
        is_placed = along == "step" or (bool(self._epochs) if along == "epoch" else abs(start) < 1e15)
        blocks = series.blocks if is_placed else ()
        self._kept = blocks if isinstance(blocks, HeadedBlocks) else None
        self._tail: Sequence[Points] = self._kept.tail if self._kept is not None else blocks
        self.length = len(series) if is_placed else 0
        """Points, those without a place included."""
        self.ends, self._is_whole = self._read_ends()
        """Least and greatest place of each stretch, in the order of writing; NaN where a stretch has none."""

    def _read_ends(self) -> tuple[list[tuple[float, float]], list[bool]]:
        ends, whole = [], []
        for header in self._kept.headers() if self._kept is not None else ():
            axis = header.times if self._by is by_time else header.steps
            ends.append((self._place(axis.low), self._place(axis.high)))
            whole.append(axis.whole > 0)
        for points in self._tail:
            xs, _ = self._taken(points)
            ends.append((float(xs.min()), float(xs.max())) if len(xs) else (math.nan, math.nan))
            whole.append(len(xs) == len(points))
        return ends, whole

    def is_whole(self, stretch: int) -> bool:
        """Whether every point of a stretch has a place."""
        return self._is_whole[stretch]

    def read(self, stretches: Sequence[int]) -> Iterator[tuple[Floats, Floats]]:
        """Places and values of the points of some stretches, one after the other.

        Raises StoreError if they are gone from the cache.
        """
        kept = len(self.ends) - len(self._tail)
        for begin in range(0, len(stretches), _TOGETHER):
            group = stretches[begin : begin + _TOGETHER]
            wanted = [place for place in group if place < kept]
            found = self._kept.stretches(wanted) if self._kept is not None and wanted else {}
            if len(found) < len(wanted):
                raise StoreError("what was read of metrics before was made anew meanwhile; try again")
            for place in group:
                yield self._taken(found[place] if place < kept else self._tail[place - kept])

    def _taken(self, points: Points) -> tuple[Floats, Floats]:
        import numpy as np

        xs = (
            np.frombuffer(self._epochs(points) if self._epochs is not None else self._by(points))
            + self._shift
        )
        kept = np.isfinite(xs)
        return xs[kept], np.frombuffer(points.values)[kept]

    def _place(self, x: float) -> float:
        """Of a step or a time stamp: epochs rise with the steps, so the ends of one are those of the other."""
        return (self._epochs.at(x) if self._epochs is not None else x) + self._shift
