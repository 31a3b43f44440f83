"""How far a mean over a few runs may be off."""

from __future__ import annotations

import dataclasses
import functools
import math

from orp_tui.core.words import number


@dataclasses.dataclass(frozen=True, slots=True)
class Interval:
    """The mean of some values, and the interval in which the true one lies at the level asked for."""

    n: int
    mean: float | None
    """None without a value."""
    low: float | None
    """None for fewer than two values, which say nothing of how they scatter."""
    high: float | None

    @property
    def half(self) -> float | None:
        """How far the ends are from the mean."""
        return None if self.mean is None or self.high is None else self.high - self.mean

    def __str__(self) -> str:
        """`0.913 ± 0.004 (n=5)`; `0.913 (n=1)`, and `-` without a value."""
        if self.mean is None:
            return "-"
        if self.half is None:
            return f"{number(self.mean)} (n={self.n})"
        return f"{_aligned(self.mean, self.half)} (n={self.n})"


def mean_interval(n: int, mean: float | None, m2: float, level: float = 0.95) -> Interval:
    """Student's t interval of a mean of independent values, normal or nearly so.

    `m2` is the sum of their squared distances from the mean. Without values `mean` counts for nothing.
    """
    if n < 1 or mean is None or not math.isfinite(mean):
        return Interval(max(n, 0), None, None, None)
    if n < 2 or not math.isfinite(m2):
        return Interval(n, mean, None, None)
    half = student(n - 1, level) * math.sqrt(max(m2, 0.0) / (n - 1) / n)
    return Interval(n, mean, mean - half, mean + half)


@functools.lru_cache(1024)
def student(degrees: int, level: float) -> float:
    """The quantile of Student's t that leaves half of `1 - level` above it."""
    from scipy.special import stdtrit  # of all of SciPy the least that knows it

    return float(stdtrit(degrees, 0.5 + level / 2))


def _aligned(mean: float, half: float) -> str:
    """Both with the places that the half width has two digits in; at most twelve."""
    if half == 0 or not 1e-12 < half < 1e12:
        return f"{number(mean)} ± {number(half)}"
    places = max(0, min(12, 1 - math.floor(math.log10(half))))
    return f"{mean:.{places}f} ± {half:.{places}f}"
