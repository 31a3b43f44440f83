"""Steps → epochs, by the metric `epoch` that a training logs beside the others.

Some log a whole number with every step, some a fraction, some one number at the end of each
epoch. All of it is read alike: an epoch is reached at the step where its number stands first, and
between two of them it goes on evenly; before the first and behind the last as beside it.
"""

from __future__ import annotations

import functools
import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from orp_tui.core.series import Numbers, Points, Series

NAMES = ("epoch", "trainer/epoch", "train/epoch", "Epoch", "epochs")
"""What the metric is called, the likeliest first."""
PLAIN_UP_TO = 4_000
"""Points for which importing numpy takes longer than doing without."""
_MOST_KNOTS = 1_024
"""About so many of one stretch."""


class Epochs:
    """A rising line through the steps at which epochs begin; `by` of `downsample.reduce`."""

    def __init__(self, series: Series) -> None:
        """`series` is the metric `epoch`; without two different epochs every step is in the same one."""
        self._steps, self._epochs = _knots(series)

    def __bool__(self) -> bool:
        """Whether it tells anything."""
        return len(self._steps) > 1

    def __call__(self, points: Points) -> Numbers:
        if len(points) > PLAIN_UP_TO:
            return self._by_numpy(points)
        return array("d", map(self.at, points.steps))

    def at(self, step: float) -> float:
        """The epoch at a step; NaN if that can't be told."""
        if not self or not math.isfinite(step):
            return math.nan
        place = min(max(bisect_right(self._steps, step), 1), len(self._steps) - 1)
        (left, right), (low, high) = self._steps[place - 1 : place + 1], self._epochs[place - 1 : place + 1]
        return low + (step - left) / (right - left) * (high - low)

    def _by_numpy(self, points: Points) -> Numbers:
        import numpy as np

        if not self:
            return array("d", [math.nan]) * len(points)
        steps, knots = np.frombuffer(points.steps), np.frombuffer(self._steps)
        epochs = np.frombuffer(self._epochs)
        place = np.clip(np.searchsorted(knots, steps, side="right"), 1, len(knots) - 1)
        left, low = knots[place - 1], epochs[place - 1]
        with np.errstate(invalid="ignore", over="ignore"):
            found = low + (steps - left) / (knots[place] - left) * (epochs[place] - low)
        found[~np.isfinite(steps)] = math.nan
        result = array("d")
        result.frombytes(found.tobytes())
        return result


def epoch_metric(series: Mapping[str, Series]) -> Series | None:
    """Which of a run's metrics is its epoch; None if it logs none."""
    return next((series[name] for name in NAMES if name in series), None)


@functools.lru_cache(maxsize=8)
def epochs_of(series: Series) -> Epochs:
    """`Epochs(series)`; of a series that has not grown it is the same object."""
    return Epochs(series)


def _knots(series: Series) -> tuple[Numbers, Numbers]:
    """Steps at which a greater epoch than any before begins, and those epochs. Both rise."""
    steps, epochs = array("d"), array("d")
    for block in series.blocks:
        rising = _rising if len(block) > PLAIN_UP_TO else zip
        for step, epoch in rising(block.steps, block.values):
            if not math.isfinite(step + epoch):
                continue
            # What goes back is a resumed training that does a part again: known already.
            if not epochs or (epoch > epochs[-1] and step > steps[-1]):
                steps.append(step)
                epochs.append(epoch)
    return steps, epochs


def _rising(steps: Numbers, epochs: Numbers) -> Iterator[tuple[float, float]]:
    """Of a long stretch the points that are above all before them; of very many some, and the last.

    Between those it goes straight on, as a fraction that is logged with every step does anyway.
    """
    import numpy as np

    values = np.frombuffer(epochs)
    highest = np.fmax.accumulate(values)
    above = np.flatnonzero(values[1:] > highest[:-1]) + 1
    places = np.concatenate(([int(np.isfinite(values).argmax())], above))
    chosen = places[:: max(1, len(places) // _MOST_KNOTS)].tolist()
    for place in dict.fromkeys([*chosen, int(places[-1])]):
        yield steps[place], epochs[place]
