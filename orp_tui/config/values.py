"""Durations and sizes as people write them; no pydantic, since settings use them too."""

from __future__ import annotations

import math
import re

_DURATION_UNITS = {"d": 86400, "h": 3600, "m": 60, "min": 60, "s": 1, "ms": 0.001}
_DURATION_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|min|d|h|m|s)")
_SIZE_UNITS = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
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
        part = _DURATION_PART.match(text, place)
        if not part or _DURATION_UNITS[part[2]] >= smallest:
            return None
        smallest = _DURATION_UNITS[part[2]]
        total += float(part[1]) * smallest
        place = part.end()
    return total if text else None


def parse_size(value: object) -> int:
    """Bytes: from `20GB` (10⁹), `16MiB` (2²⁰), `500 kB`, or a whole number, which is bytes.

    Raises ValueError with a text that shows the forms; `20G` means two things and is one.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        size = float(value)
    elif isinstance(value, str) and len(value) < 100 and (match := _SIZE.fullmatch(value)):
        unit = match[2].lower()
        if unit in ("k", "m", "g", "t", "ki", "mi", "gi", "ti"):
            number, letter = match[1], unit[0].upper()
            raise ValueError(
                f"{_short(value)} is unclear; write {number}{letter}B (1000) or {number}{letter}iB (1024)"
            )
        if unit not in _SIZE_UNITS:
            raise ValueError(f"{_short(value)} has no known unit; write 20GB, 16MiB, or a number of bytes")
        size = float(match[1]) * _SIZE_UNITS[unit]
    else:
        raise ValueError(f"{_short(value)} is no size; write 20GB, 16MiB, or a number of bytes")
    if size >= 2**63:
        raise ValueError(f"{_short(value)} is more than any disk holds")
    return int(size)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
