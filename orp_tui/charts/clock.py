"""How time is told on an axis: as durations since the start, or by the clock on the wall."""

from __future__ import annotations

import dataclasses
import time

from orp_tui.charts.scale import Scale, Tick, exponent_of, plain_number

_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000,
    864000, 2592000, 31536000, 315360000,
)  # fmt: skip
"""Seconds between ticks that people count in."""
_FINE = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
_FINEST = 6
"""Digits behind the second that a time stamp can tell."""
_EPOCH_FROM = 1e8
_EPOCH_TO = 1e11


@dataclasses.dataclass(frozen=True, slots=True)
class Clock:
    """How the time stamps of a chart are told."""

    start: float
    """The first time stamp."""
    wall: bool
    """By the clock, in the reader's time zone; else since the start."""

    def ticks(self, scale: Scale, most: int) -> list[Tick]:
        """At most `most` ticks; none if the stretch is no time that anyone counts in."""
        span = scale.high - scale.low
        if most < 1 or not 0 < span < 3e11:
            return []
        step = next((step for step in _STEPS if span / step <= most), span)
        begin = scale.low - (scale.low + self._zone(scale.low)) % step if self.wall else self.start
        places = range(int((scale.low - begin) // step), int((scale.high - begin) // step) + 1)
        return [
            Tick(place, self._label(begin + index * step, step))
            for index in places[: most + 2]
            if scale.low <= begin + index * step <= scale.high
            and (place := scale.place(begin + index * step)) is not None
        ]

    def _label(self, moment: float, step: float) -> str:
        if self.wall:
            form = (
                "%H:%M:%S" if step < 60 else "%H:%M" if step < 86400 else "%m-%d" if step < 31536000 else "%Y"
            )
            return time.strftime(form, time.localtime(moment))
        return since(moment - self.start, step)

    def _zone(self, moment: float) -> int:
        return time.localtime(moment).tm_gmtoff if self.wall else 0


def is_clock(low: float, high: float) -> bool:
    """Whether time stamps can be told by the clock: seconds since 1970, not since the start of a run."""
    return low >= _EPOCH_FROM and high <= _EPOCH_TO


def fine(seconds: float, step: float) -> str:
    """`0`, `0.5s`, `20ms`, `16.14µs`: as fine as a step of less than a second; a longer one as `since` has it."""
    if step >= 1:
        return since(seconds, step)
    if abs(seconds) < step * 1e-9:
        return "0"
    # A moment far from the start stays in seconds, however fine.
    unit, size = next(
        ((unit, size) for unit, size in _FINE if step >= size * 0.0999 or (abs(seconds) >= 60 and size == 1)),
        _FINE[-1],
    )
    return f"{plain_number(seconds / size, step / size)}{unit}"


def fine_clock(moment: float, step: float) -> str:
    """`14:03:10.25`, in the reader's time zone: as fine as a step of less than a second."""
    digits = 0 if step >= 1 else min(_FINEST, -exponent_of(step))
    whole, _, part = f"{moment:.{digits}f}".partition(".")
    clock = time.strftime("%H:%M:%S", time.localtime(int(whole)))
    return f"{clock}.{part}" if part else clock


def since(seconds: float, step: float) -> str:
    """`0`, `45s`, `12m`, `1h30m`, `2d06h`; no finer than the ticks."""
    whole = round(seconds)
    if whole == 0:
        return "0"
    if step < 60:
        return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60:02d}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 1440:
        return f"{minutes // 60}h{minutes % 60:02d}m" if step < 3600 else f"{minutes // 60}h"
    days, hours = divmod(minutes // 60, 24)
    return f"{days}d" if step >= 86400 else f"{days}d{hours:02d}h"
