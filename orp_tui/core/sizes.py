"""Sizes as people write them: `20GB`, `16MiB`."""

from __future__ import annotations

import re

_SIZE_UNITS = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


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
