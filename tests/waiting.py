"""Wait for something to become true: polls with a deadline; no test sleeps for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 20.0, *, what: str = "", period: float = 0.02) -> T:
    """The first true answer of `condition`.

    Raises AssertionError if there is none within `seconds`: far longer than it takes on an idle machine.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(period)
