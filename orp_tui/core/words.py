"""States, times and sizes as people read them; the same words for every front end."""

from __future__ import annotations

import math

from orp_tui.core.states import RunState

STATE_GLYPHS = {
    RunState.QUEUED: ("○", "."),
    RunState.STARTING: ("◔", ":"),
    RunState.RUNNING: ("●", ">"),
    RunState.FINISHING: ("◕", "}"),
    RunState.SUCCEEDED: ("✓", "+"),
    RunState.INCOMPLETE: ("◐", "%"),
    RunState.FAILED: ("✗", "x"),
    RunState.CANCELLED: ("–", "-"),
    RunState.LOST: ("?", "?"),
}
"""Glyph and its ASCII twin."""


def state_word(state: RunState) -> str:
    """The state's name; the ends that want attention in capitals."""
    loud = state in (RunState.FAILED, RunState.LOST, RunState.INCOMPLETE)
    return state.value.upper() if loud else state.value


def duration(seconds: float | None) -> str:
    """`0.8s`, `42s`, `3m07s`, `1h02m`, `2d05h`; a dash for None."""
    if seconds is None:
        return "-"
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def roughly(seconds: float) -> str:
    """What is only estimated: `<1m`, `~40m`, `~2h00m`, `~2d05h`."""
    if seconds < 60:
        return "<1m"
    return f"~{round(seconds / 60)}m" if seconds < 3570 else f"~{duration(max(seconds, 3600))}"


def size(count: float | None) -> str:
    """`512 B`, `3.1 MiB`; powers of 1024; a dash for None."""
    if count is None:
        return "-"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if round(abs(count)) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


_THOUSANDS = (("B", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12))


def byte_unit(count: float) -> tuple[str, float]:
    """The unit in which so many bytes are told beside other numbers, and its size: `MB`, 1,000,000."""
    # 999.7 kB would be written as 1e+03 kB.
    return next((each for each in reversed(_THOUSANDS) if abs(count) >= each[1] * 0.9995), _THOUSANDS[0])


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 file`, `2 files`; `plural` where an s is not enough."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def number(value: float) -> str:
    """A metric's value in at most nine characters or so."""
    return f"{value:.5g}"


def byte_number(value: float) -> str:
    """`9.33 MB`, `512 B`; powers of 1,000, as round numbers on an axis are."""
    if not math.isfinite(value):
        return number(value)
    unit, size = byte_unit(value)
    return f"{value / size:.3g} {unit}"
