"""Several runs at common steps: which places are shown, and what each run's value is there.

The places are those at which some run has a point, thinned to as many as are wanted: never one that
nobody logged. A run's value at a place is that of its last point at or before it, within the run's own
range, else nothing: no value is carried on behind the last point, and none is made up between two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orp_tui.services.comparison.axis import Track

if TYPE_CHECKING:
    from orp_tui.services.comparison.axis import Floats

MOST_ROWS = 1_000
_IN_MEMORY = 200_000
"""Points whose places are looked at one and all; of more only one in each stretch of the axis is found."""


def places_of(tracks: Sequence[Track], rows: int) -> list[float]:
    """At most `rows` places, in order, the least and the greatest among them; evenly over the axis.

    Where all tracks together have no more different ones, all of them.
    """
    ends = [end for track in tracks for pair in track.ends for end in pair if math.isfinite(end)]
    if not ends:
        return []
    low, high = min(ends), max(ends)
    rows = max(2, min(rows, MOST_ROWS))
    if low == high:
        return [low]
    if sum(track.length for track in tracks) <= _IN_MEMORY:
        return _thinned(_all_places(tracks), rows)
    found = _Greatest(low, high, rows - 1)
    for track in tracks:
        found.add(track)
    return [low, *found.places()]


def _all_places(tracks: Sequence[Track]) -> Floats:
    import numpy as np

    return np.unique(np.concatenate([xs for track in tracks for xs, _ in track.read(range(len(track.ends)))]))


def _thinned(places: Floats, rows: int) -> list[float]:
    if len(places) <= rows:
        return [float(x) for x in places]
    found = _Greatest(float(places[0]), float(places[-1]), rows - 1)
    found.take(places)
    return [float(places[0]), *found.places()]


class _Greatest:
    """The greatest place in each of so many equal parts of the axis, each open at its lower end."""

    def __init__(self, low: float, high: float, parts: int) -> None:
        import numpy as np

        self._low, self._parts = low, parts
        self._scale = parts / (high - low) if math.isfinite(high - low) else 0.0
        self._found = np.full(parts, -math.inf)

    def add(self, track: Track) -> None:
        """Take in a track; a stretch that lies in one part need not be read."""
        torn = []
        for place, (low, high) in enumerate(track.ends):
            if track.is_whole(place) and self._part(low) == self._part(high):
                part = self._part(high)
                self._found[part] = max(self._found[part], high)
            elif not math.isnan(low):
                torn.append(place)
        for xs, _ in track.read(torn):
            self.take(xs)

    def take(self, xs: Floats) -> None:
        import numpy as np

        parts = np.clip(np.ceil((xs - self._low) * self._scale).astype(int) - 1, 0, self._parts - 1)
        np.maximum.at(self._found, parts, xs)

    def places(self) -> list[float]:
        """Of the parts that have one; what is but the lower end of the axis is left out."""
        return [float(x) for x in self._found if x > self._low]

    def _part(self, x: float) -> int:
        return min(max(math.ceil((x - self._low) * self._scale) - 1, 0), self._parts - 1)


def values_at(track: Track, places: Sequence[float]) -> list[float | None]:
    """The track's value at each place, of which the least is first; NaN where NaN was logged. None: it has none there."""
    import numpy as np

    if not places or not track.ends:
        return [None] * len(places)
    wanted = np.array(places, dtype=float)
    at, values = np.full(len(wanted), -math.inf), np.full(len(wanted), math.nan)
    for xs, ys in track.read(_needed(track, wanted)):
        if len(xs) == 0:
            continue
        if len(xs) > 1 and (np.diff(xs) < 0).any():
            order = np.argsort(xs, kind="stable")
            xs, ys = xs[order], ys[order]
        # Of several points of one place the last that was written counts.
        found = np.searchsorted(xs, wanted, side="right") - 1
        is_later = (found >= 0) & (xs[found] >= at)
        at[is_later], values[is_later] = xs[found[is_later]], ys[found[is_later]]
    last = max((high for _, high in track.ends if math.isfinite(high)), default=-math.inf)
    return [
        float(value) if x <= last and known > -math.inf else None
        for x, known, value in zip(places, at, values, strict=True)
    ]


def _needed(track: Track, wanted: Floats) -> list[int]:
    """The stretches that may hold the last point at or before one of the places."""
    import numpy as np

    lows, highs = np.array(track.ends).T
    needed: set[int] = set()
    for x in wanted:
        needed.update(np.flatnonzero((lows <= x) & (highs > x)).tolist())
        passed = np.where(highs <= x, highs, -math.inf)
        if (greatest := passed.max()) > -math.inf:
            needed.update(np.flatnonzero(passed == greatest).tolist())
    return sorted(needed)
