"""Where somebody looks in a chart: the cursor, a stretch being chosen, the window of a zoom.

All in the unit of the axis, so that it stays where it is while a run goes on.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the dashboard's first paint needs none of it
    from orp_tui.charts.drawing import Plot
    from orp_tui.metrics.downsample import Ends

_LEAST_SHARE = 1e-9
"""Of what there is or of how large its numbers are: a narrower window would show nothing."""
_PAN = 0.5
"""Of the window."""


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """Where somebody looks."""

    cursor: float | None = None
    """None: there is no cursor."""
    begin: float | None = None
    """Where the stretch begins that is being chosen."""
    window: Ends | None = None
    """What is shown; None: all."""

    def moved(self, columns: int, plot: Plot) -> View:
        """The cursor so many columns to the right, or left; without one, at the last point.

        Beyond the edge of a window it takes the window along.
        """
        if self.cursor is None:
            return dataclasses.replace(self, cursor=_last(plot))
        frame = plot.frame
        here = frame.cell(self.cursor)
        cell = here + columns
        if 0 <= cell < frame.cells or self.window is None:
            return dataclasses.replace(self, cursor=frame.middle(min(max(cell, 0), frame.cells - 1)))
        panned = self.panned(1 if columns > 0 else -1, plot)
        if panned.window == self.window:
            return dataclasses.replace(self, cursor=frame.middle(0 if columns < 0 else frame.cells - 1))
        low, high = frame.x.low, frame.x.high
        return dataclasses.replace(panned, cursor=self.cursor + columns / frame.cells * (high - low))

    def zoomed(self, factor: float, plot: Plot) -> View:
        """`factor` times as wide around the cursor, else around the middle; at its widest it is none."""
        low, high = self.window or plot.extent
        middle = self.cursor if self.cursor is not None and low <= self.cursor <= high else (low + high) / 2
        share = (middle - low) / (high - low) if high > low else 0.5
        wide = max((high - low) * factor, _least(plot.extent))
        return self._within(middle - share * wide, middle + (1 - share) * wide, plot)

    def panned(self, direction: int, plot: Plot) -> View:
        """Half a window to the right (1) or left (-1), no further than there are points."""
        if self.window is None:
            return self
        low, high = self.window
        by = direction * (high - low) * _PAN
        by = min(max(by, plot.extent[0] - low), plot.extent[1] - high)
        return dataclasses.replace(self, window=(low + by, high + by))

    def ranged(self, plot: Plot) -> View:
        """Begin to choose a stretch at the cursor, else at the last point; if one is begun, show it alone."""
        if self.cursor is None:
            return dataclasses.replace(self, cursor=_last(plot), begin=_last(plot))
        if self.begin is None:
            return dataclasses.replace(self, begin=self.cursor)
        frame = plot.frame
        low, high = sorted((frame.cell(self.begin), frame.cell(self.cursor)))
        return dataclasses.replace(self, begin=None)._within(frame.ends(low)[0], frame.ends(high)[1], plot)

    def left(self) -> View | None:
        """One level back: out of choosing, the cursor, the zoom; None if there is nothing to leave."""
        for name in ("begin", "cursor", "window"):
            if getattr(self, name) is not None:
                return dataclasses.replace(self, **{name: None})
        return None

    def _within(self, low: float, high: float, plot: Plot) -> View:
        """That window, no further than there are points."""
        first, last = plot.extent
        low, high = max(low, first), min(high, last)
        if not math.isfinite(high - low) or high - low < _least(plot.extent) * (1 - 1e-6):
            return self
        return dataclasses.replace(self, window=None if (low, high) == (first, last) else (low, high))


def _least(extent: Ends) -> float:
    low, high = extent
    return max((high - low) * _LEAST_SHARE, max(abs(low), abs(high)) * 1e-12, 5e-324)


def _last(plot: Plot) -> float:
    """The x of the point furthest right that is shown."""
    xs = [curve.points[-1][0] for curve in plot.curves if curve.points]
    return max(xs, default=plot.frame.x.high)
