"""What a training declares void when it starts again: points of earlier files at its first step and beyond."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from itertools import compress
from typing import Any

from orp_tui.core.series import Points

MOST = 64
"""Files whose starts are obeyed; each may cost reading everything once more."""


class Voids:
    """At which step the files start, and how far the points went that were told of each."""

    def __init__(self, mark: Mapping[str, Any] | None = None) -> None:
        """`mark` is what `mark` of an earlier one gave. Raises KeyError, TypeError or ValueError if it is none."""
        self._starts: dict[str, int] = {}
        self._furthest: dict[str, float] = {}
        if mark is not None:
            self._starts = {name: int(step) for name, step in mark["starts"].items()}
            self._furthest = {name: float(step) for name, step in mark["furthest"].items()}

    @property
    def mark(self) -> dict[str, Any]:
        return {"starts": dict(self._starts), "furthest": dict(self._furthest)}

    def begin_anew(self) -> None:
        """Nothing is told any more; the starts stay known."""
        self._furthest = {}

    def add(self, name: str, step: int) -> bool:
        """That file says that a training starts at that step; whether points that were told are void by it."""
        void = any(furthest >= step for earlier, furthest in self._furthest.items() if earlier < name)
        if step >= self._starts.get(name, math.inf) or (
            len(self._starts) >= MOST and name not in self._starts
        ):
            return False
        self._starts[name] = step
        return void

    def left_of(self, points: dict[str, Points], name: str) -> dict[str, Points]:
        """Those of the points of that file which no later one voids. They count as told."""
        limit = min((step for later, step in self._starts.items() if later > name), default=math.inf)
        left = {}
        for metric, found in points.items():
            furthest = max(found.steps)
            if furthest >= limit:
                found = _below(found, limit)
                furthest = max(found.steps, default=-math.inf)
            if found:
                left[metric] = found
                self._furthest[name] = max(self._furthest.get(name, furthest), furthest)
        return left


def _below(points: Points, limit: float) -> Points:
    kept = [step < limit for step in points.steps]
    columns = [array("d", compress(column, kept)) for column in (points.steps, points.values, points.times)]
    return Points(*columns)
