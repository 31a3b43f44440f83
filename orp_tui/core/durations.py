"""Durations as people write them: `12h`, `1h30m`, `90s`."""

from __future__ import annotations

import math
import re

_UNITS = {"d": 86400, "h": 3600, "m": 60, "min": 60, "s": 1, "ms": 0.001}
_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|min|d|h|m|s)")
MAX_DURATION_S = 10 * 365 * 86400.0


def parse_duration(value: object) -> float:
    """Seconds: from `12h`, `30m`, `1h30m`, `60s`, `500ms`, `2d`, or a number, which is seconds.

    Raises ValueError with a text that shows the forms.
    """
    seconds: float | None = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and len(value) < 100:
        seconds = _seconds(value.strip())
    if seconds is None or math.isnan(seconds) or seconds < 0:
        raise ValueError(
            f"{_short(value)} is no duration; write 90s, 30m, 12h, 1h30m, or a number of seconds"
        )
    if seconds > MAX_DURATION_S:
        raise ValueError(f"{_short(value)} is more than ten years; leave the key out for no limit")
    return seconds


def _seconds(text: str) -> float | None:
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text):
        return float(text)
    total, place, smallest = 0.0, 0, math.inf
    while place < len(text):
        part = _PART.match(text, place)
        if not part or _UNITS[part[2]] >= smallest:
            return None
        smallest = _UNITS[part[2]]
        total += float(part[1]) * smallest
        place = part.end()
    return total if text else None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
