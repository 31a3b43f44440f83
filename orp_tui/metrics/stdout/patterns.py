"""The user's own patterns: regular expressions whose named groups are metrics.

`step`, `epoch` and `time` are no metrics but say where the others stand; a time is a number of seconds or
of milliseconds since 1970, or a date. A line that a pattern matches is read by it alone; if several match,
their values go together. A pattern that takes too long, or is none, is left out and named in `trouble`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from orp_tui.core.sanitise import one_line
from orp_tui.metrics.stdout.line import Reading
from orp_tui.metrics.stdout.marks import Marks
from orp_tui.metrics.stdout.numbers import is_step, number_in
from orp_tui.metrics.stdout.text import time_in

_MILLISECONDS = 1e11
_SHOWN = 60
_refused: dict[str, str] = {}
"""Patterns that took too long once, for every reader of this process."""


class Patterns:
    """What several patterns find in lines."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = list(patterns)
        self._troubles: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    @property
    def trouble(self) -> str:
        """What is left out and why; empty if nothing is."""
        return "; ".join(f"pattern {one_line(each, _SHOWN)} {why}" for each, why in self._troubles.items())

    def read(self, lines: Sequence[str]) -> list[Reading | None]:
        """What each line says by the patterns; None where none of them matches."""
        readings: list[Reading | None] = [None] * len(lines)
        for pattern in list(self._patterns):
            for place, groups in self._search(pattern, lines):
                readings[place] = _joined(readings[place], _reading(groups))
        return readings

    def _search(self, pattern: str, lines: Sequence[str]) -> Sequence[tuple[int, dict[str, str | None]]]:
        from orp_tui.metrics.stdout.pattern_process import SHARED, Refused

        if pattern in _refused:
            self._leave_out(pattern, _refused[pattern])
            return ()
        try:
            return SHARED.search(pattern, lines)
        except Refused as error:
            _refused[pattern] = str(error)
            self._leave_out(pattern, str(error))
        except OSError as error:
            self._leave_out(pattern, f"needs a process, and none can be started: {error.strerror or error}")
        return ()

    def _leave_out(self, pattern: str, why: str) -> None:
        self._patterns.remove(pattern)
        self._troubles[pattern] = why


def _reading(groups: dict[str, str | None]) -> Reading:
    numbers = {name: number_in(text.removesuffix("%")) for name, text in groups.items() if text is not None}
    places = {name: numbers.pop(name, None) for name in ("step", "epoch", "time")}
    step, epoch = places["step"], places["epoch"]
    marks = Marks(
        epoch=epoch if is_step(epoch) else None,
        step=step if is_step(step) else None,
        unit="step",
        is_global=True,
    )
    values = {name: number for name, number in numbers.items() if number is not None}
    return Reading(values, marks, time=_time(places["time"], groups.get("time")), how="pattern")


def _time(number: float | None, text: str | None) -> float:
    if number is not None and math.isfinite(number):
        return number / 1000 if number > _MILLISECONDS else number
    return time_in(text) if text else math.nan


def _joined(first: Reading | None, second: Reading) -> Reading:
    if first is None:
        return second
    marks = first.marks or second.marks
    time = second.time if math.isnan(first.time) else first.time
    return Reading({**second.values, **first.values}, marks, time=time, how="pattern")
