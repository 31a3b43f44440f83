"""A few values as a row of bars, one cell each, for a column of a table."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

WIDTH = 20
"""Values that are shown at most."""
BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=+*%#"
NO_NUMBER, ASCII_NO_NUMBER = "×", "x"
"""Stand where a value is NaN or infinite."""
_MIDDLE = len(BARS) // 2


def levels(values: Sequence[float], width: int = WIDTH) -> tuple[int, ...]:
    """The last values as heights from 0 to 7 between the lowest and the highest of them; -1 for no finite number.

    Values that are all the same stand in the middle.
    """
    shown = values[-width:] if width else values[:0]
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return tuple(-1 for _ in shown)
    low, high = min(finite), max(finite)
    return tuple(_level(value, low, high) for value in shown)


def _level(value: float, low: float, high: float) -> int:
    if not math.isfinite(value):
        return -1
    if low == high:
        return _MIDDLE
    if math.isinf(high - low):
        low, value, high = low / 2, value / 2, high / 2
    share = (value - low) / (high - low)
    return min(len(BARS) - 1, int(share * len(BARS)))


def sparkline(heights: Sequence[int], width: int = WIDTH, *, ascii_only: bool = False) -> str:
    """Heights as `levels` gives them, drawn; the newest `width` of them."""
    bars, none = (ASCII_BARS, ASCII_NO_NUMBER) if ascii_only else (BARS, NO_NUMBER)
    shown = heights[-width:] if width > 0 else ()
    return "".join(none if height < 0 else bars[min(height, len(bars) - 1)] for height in shown)


def thinned(values: Sequence[float], width: int) -> tuple[float, ...]:
    """At most `width` values, each the mean of the finite ones of an equal part; NaN for a part without any."""
    count = len(values)
    if width <= 0 or count <= width:
        return tuple(values) if width > 0 else ()
    ends = [place * count // width for place in range(width + 1)]
    return tuple(_mean(values[start:end]) for start, end in itertools.pairwise(ends))


def _mean(values: Sequence[float]) -> float:
    total = sum(values)
    if math.isfinite(total):
        return total / len(values)
    finite = [value for value in values if math.isfinite(value)]
    return sum(value / len(finite) for value in finite) if finite else math.nan
