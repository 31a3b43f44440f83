"""How numbers are written in logs."""

from __future__ import annotations

import math

NUMBER = r"[-+]?(?:(?:[1-9]\d{0,2}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?i:nan|inf(?:inity)?)(?![a-z])"
"""A pattern: plain, with thousands separated by commas, with a point, with an exponent, NaN or infinite."""
LARGEST_STEP = 1e15


def number_in(text: str) -> float | None:
    """The number that a whole text is, as `NUMBER` says; None if it is none."""
    text = text.strip()
    if not text or len(text) > 64 or "_" in text:  # float takes 1_000
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", "")) if _is_grouped(text) else None
    except ValueError:
        return None


def is_step(number: float | None) -> bool:
    """Whether something may stand at that step."""
    return number is not None and math.isfinite(number) and abs(number) <= LARGEST_STEP


def _is_grouped(text: str) -> bool:
    """`1,234.5`, but no list and no `1,5`."""
    first, *groups = text.lstrip("+-").partition(".")[0].split(",")
    return bool(groups) and 1 <= len(first) <= 3 and all(len(group) == 3 for group in groups)
