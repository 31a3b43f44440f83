"""A line of so many bits a second between a program and its terminal, as SSH over a bad network is one."""

from __future__ import annotations

import dataclasses
import heapq
import threading
import time
from collections.abc import Callable

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


class Post:
    """Sends bytes to the program, at once or when their time has come."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._send = write
        self._waiting: list[tuple[float, int, bytes]] = []
        self._number = 0
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="post", daemon=True)
        self._thread.start()

    def send(self, data: bytes, at: float = 0.0) -> None:
        if data:
            with self._changed:
                self._number += 1
                heapq.heappush(self._waiting, (at, self._number, data))
                self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(5)

    def _run(self) -> None:
        while (data := self._next()) is not None:
            self._send(data)

    def _next(self) -> bytes | None:
        """What is due, once something is; None at the end."""
        with self._changed:
            while not self._ended:
                wait_s = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait_s)
        return None
