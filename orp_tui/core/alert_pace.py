"""How fast a run logs now, and how fast it usually does."""

from __future__ import annotations

from typing import Any

from orp_tui.core.alert_judges import median_of

Json = dict[str, Any]  # Any: values as JSON gives them

MARK_S = 10.0
"""Between two marks at least; what logs more seldom has a mark at each value."""
WINDOW_S = 300.0
"""Over so long at least the pace is taken: an evaluation or a checkpoint in between is no slowness."""
MARKS_IN_WINDOW = 10
LEAST_RATES = 10
MOST_RATES = 512


class Pace:
    """Counts values; a mark is a time and the count then."""

    def __init__(self, memory: Json | None = None) -> None:
        memory = memory or {}
        self._marks: list[tuple[float, int]] = [
            (float(clock), int(n)) for clock, n in memory.get("marks", ())
        ]
        self._stretches: list[tuple[float, float]] = [
            (float(s), float(r)) for s, r in memory.get("stretches", ())
        ]
        """Seconds between two marks, and values a second; of a long run every second one, or fourth."""
        self._count: int = memory.get("count", 0)

    @property
    def memory(self) -> Json:
        return {
            "marks": [list(mark) for mark in self._marks],
            "stretches": [list(item) for item in self._stretches],
            "count": self._count,
        }

    def count(self, values: int, clock: float) -> None:
        """So many values more have come by `clock`, in seconds."""
        self._count += values
        if not self._marks:
            if values:  # what was logged before anybody looked
                self.begin_again(0, clock)
            return
        last, before = self._marks[-1]
        if self._count > before and clock - last >= MARK_S:
            self._marks.append((clock, self._count))
            self._stretches.append((clock - last, (self._count - before) / (clock - last)))
            if len(self._stretches) > MOST_RATES:
                self._stretches = self._stretches[::2]

    def begin_again(self, values: int, clock: float) -> None:
        """These values came at nobody knows which pace: it is taken from here on."""
        self._count += values
        self._marks = [(clock, self._count)]

    def now(self, clock: float) -> tuple[float, float] | None:
        """Values a second over the last minutes, and their median over the whole run; None while too little is known."""
        if len(self._stretches) < LEAST_RATES:
            return None
        begin = clock - self._window()
        while len(self._marks) > 1 and self._marks[1][0] <= begin:
            del self._marks[0]
        since, before = self._marks[0]
        if since > begin:
            return None
        return (self._count - before) / (clock - since), median_of(
            sorted(rate for _, rate in self._stretches)
        )

    def _window(self) -> float:
        usual = median_of(sorted(seconds for seconds, _ in self._stretches))
        return max(WINDOW_S, MARKS_IN_WINDOW * usual)
