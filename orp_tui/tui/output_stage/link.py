"""How fast the line to the terminal is, judged by its answers.

A large frame has a question before it and one behind: the answers lie as far apart as the line
took to carry the frame, whatever was on it before and however long it is.
"""

from __future__ import annotations

import collections

REMEMBERED = 64
"""Round trips; the line may become another one when a laptop moves."""
WEIGHT = 0.25
"""Of a new speed against all before it."""


class Link:
    """Round trip and speed, in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._round_trips: collections.deque[float] = collections.deque(maxlen=REMEMBERED)
        self.s_per_byte: float | None = None
        """How long the line is busy with a byte; None: nobody knows."""

    @property
    def round_trip_s(self) -> float:
        """Of an empty line, the shortest of late; 0 as long as none is known."""
        return min(self._round_trips, default=0.0)

    def went_round(self, seconds: float) -> None:
        """From a question on an empty line to its answer."""
        self._round_trips.append(seconds)

    def carried(self, size: int, seconds: float) -> None:
        """Between the answers before and behind so many bytes."""
        sample = max(0.0, seconds) / size
        before = sample if self.s_per_byte is None else self.s_per_byte
        self.s_per_byte = before + WEIGHT * (sample - before)
