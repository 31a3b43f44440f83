"""What stands below a chart: where on it a point lies, and how a place on it is said."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from orp_tui.charts.clock import fine, is_clock, since
from orp_tui.charts.lines import Chart, Member
from orp_tui.charts.look import Axis
from orp_tui.charts.scale import plain_number, step_number
from orp_tui.core.series import Series
from orp_tui.metrics.downsample import By, Ends, by_step, by_time, extent, nearest_step, reduce
from orp_tui.metrics.epochs import epochs_of
from orp_tui.metrics.extremes import Reduced

_NO_EPOCHS = Series.of("epoch", (), ())
"""Without that metric no step has an epoch."""


class Along:
    """The axis, for one member: its points reduced, in the unit of the axis."""

    def __init__(self, member: Member, axis: Axis) -> None:
        self._series = member.series
        self._by, self._shift = _way(member, axis)

    def extent(self) -> Ends | None:
        """From where to where it reaches; None if no point has a place on the axis."""
        found = extent(self._series, self._by)
        return None if found is None else (found[0] + self._shift, found[1] + self._shift)

    def reduced(self, columns: int, window: Ends | None) -> Reduced:
        """As `downsample.reduce`, from the raw points in the window."""
        if window is not None:
            window = window[0] - self._shift, window[1] - self._shift
        return reduce(self._series, columns, self._by, window).moved(self._shift)

    def within(self, window: Ends | None) -> Iterator[tuple[float, float, float]]:
        """Step, time stamp and value of every raw point in the window, in the order of writing."""
        for block in self._series.blocks:
            xs = self._by(block)
            for x, step, at, value in zip(xs, block.steps, block.times, block.values, strict=True):
                if window is None or window[0] <= x + self._shift <= window[1]:
                    yield step, at, value

    def step_at(self, x: float) -> float | None:
        """The step of the point that stands nearest to an x; None if there is none."""
        return nearest_step(self._series, self._by, x - self._shift)


def _way(member: Member, axis: Axis) -> tuple[By, float]:
    """How x is found, and what is added to it."""
    if axis == "epoch":
        return epochs_of(member.epochs if member.epochs is not None else _NO_EPOCHS), 0.0
    if axis == "since":
        # What is no time that anybody counts in could overflow.
        return by_time, -member.start if abs(member.start) < 1e15 else 0.0
    return (by_step, 0.0) if axis == "step" else (by_time, 0.0)


def has_place(member: Member, axis: Axis) -> bool:
    """Whether a member's points have a place on the axis, as far as that is seen at once."""
    if axis == "epoch":
        return member.epochs is not None and len(member.epochs) > 1
    return axis == "step" or member.series.has_times


def placed(x: float, axis: Axis, step: float = 0.0) -> str:
    """A place as people say it: `1,200`, `3.25`, `1h30m`, `14:03:10`; no finer than `step`."""
    if axis == "step":
        return step_number(x, step)
    if axis == "epoch":
        return plain_number(x, step) if step else f"{x:.4g}"
    if axis == "wall" and is_clock(x, x):
        return time.strftime("%H:%M:%S", time.localtime(x))
    if 0 < abs(x) < 1:
        return fine(x, step or 10.0 ** math.floor(math.log10(abs(x))) / 100)
    return since(x, 1.0)


def stretch(low: float, high: float, axis: Axis) -> str:
    """`step 1,200–1,239`, `epoch 3.2–3.4`, `since 1h30m–1h31m`; one place if both are said alike."""
    # Digits that tell the two apart are enough.
    step = 10.0 ** math.floor(math.log10(high - low)) / 10 if 0 < high - low < math.inf else 0.0
    texts = [placed(x, axis, step) for x in (low, high)]
    word = {"step": "step", "epoch": "epoch", "since": "at", "wall": "at"}[axis]
    return f"{word} {'–'.join(dict.fromkeys(texts))}"


def step_at(chart: Chart, axis: Axis, x: float) -> tuple[float, float | None] | None:
    """The step whose point stands nearest to an x, and the epoch it is in; None if there is no point.

    Of several lines the first one counts that has points there.
    """
    for line in chart.lines:
        for member in line.members:
            step = Along(member, axis).step_at(x)
            if step is not None:
                epochs = epochs_of(member.epochs) if member.epochs is not None else None
                return step, epochs.at(step) if epochs else None
    return None
