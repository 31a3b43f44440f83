"""A line of so many bits a second between a program and its terminal, as SSH over a bad network is one."""

from __future__ import annotations

import dataclasses

PIECE = 256
"""Bytes that come to the terminal at once: it draws what has come, not only whole frames."""


@dataclasses.dataclass
class SlowLine:
    """The line takes from the program until the window is full, and delivers at its own rate."""

    bits_per_s: float
    round_trip_s: float
    window: int = 2 << 20
    """Bytes that may be under way; OpenSSH's window of a channel."""
    _free_at: float = 0.0
    """When it will have carried all that it took."""

    def arrival(self, size: int, now: float) -> float:
        """When so many bytes, taken now, are at the other end."""
        self._free_at = max(now, self._free_at) + size * 8 / self.bits_per_s
        return self._free_at + self.round_trip_s / 2

    def until_room(self, now: float) -> float:
        """Seconds until the window has room again; 0 if it has."""
        backlog = (self._free_at - now) * self.bits_per_s / 8
        return max(0.0, (backlog - self.window) * 8 / self.bits_per_s)
