"""Several runs that differ by their seed as one: their middle, and how far they lie apart."""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from orp_tui.metrics.downsample import Ends
from orp_tui.metrics.extremes import Reduced, Window

_ROUGH = 1e300
"""Values beyond this are left to lines of their own: in between two of them nothing can be reckoned."""


@dataclasses.dataclass(frozen=True, slots=True)
class Spread:
    """The members at one place of the axis, each by the mean of its column."""

    x: float
    middle: float
    """The median."""
    low: float
    high: float
    count: int
    """How many members reach here."""


def spread_of(members: Sequence[Reduced], columns: int, window: Ends | None) -> Iterator[Spread]:
    """Median, least and greatest of the members, from left to right.

    A member that has nothing in a column is taken to go straight on between its neighbours, and
    counts for nothing beyond its ends: where one seed is behind, the others go on without it.
    """
    tracks = [_rising(member.means) for member in members]
    for x in _places(tracks, columns, window):
        values = [value for track in tracks if (value := _at(track, x)) is not None]
        if values:
            yield Spread(x, middle(values), min(values), max(values), len(values))


def _rising(means: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """One value an x, in order; of several their mean."""
    groups: dict[float, list[float]] = {}
    for x, y in means:
        if abs(y) < _ROUGH:
            groups.setdefault(x, []).append(y)
    return [(x, math.fsum(ys) / len(ys)) for x, ys in sorted(groups.items())]


def _places(
    tracks: Sequence[Sequence[tuple[float, float]]], columns: int, window: Ends | None
) -> list[float]:
    """Every x that a member has; of those in one column only the middle one, if there are many."""
    xs = sorted({x for track in tracks for x, _ in track})
    if len(xs) <= 2 * columns:
        return xs
    frame = Window(*(window or (xs[0], xs[-1])), columns)
    groups: dict[int, list[float]] = {}
    for x in xs:
        groups.setdefault(frame.column(x), []).append(x)
    return [group[len(group) // 2] for group in groups.values()]


def _at(track: Sequence[tuple[float, float]], x: float) -> float | None:
    """The value at an x, straight between neighbours; None beyond the ends."""
    place = bisect_left(track, (x, -math.inf))
    if place < len(track) and track[place][0] == x:
        return track[place][1]
    if not 0 < place < len(track):
        return None
    (left, before), (right, after) = track[place - 1], track[place]
    share = (x - left) / (right - left) if math.isfinite(right - left) else 0.5
    return before + share * (after - before)


def middle(values: Sequence[float]) -> float:
    """The median; there is at least one value. The module that has one takes as long to import as a chart to draw."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else ordered[half - 1] * 0.5 + ordered[half] * 0.5
