"""How far a mean over a few runs may be off."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

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


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """Some independent values in short."""

    n: int
    mean: float
    m2: float
    """Sum of their squared distances from the mean."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Sample:
        """Of finite values, at least one."""
        mean = math.fsum(values) / len(values)
        return cls(len(values), mean, math.fsum((value - mean) ** 2 for value in values))


@dataclasses.dataclass(frozen=True, slots=True)
class MeanDifference:
    """By how much one mean is above another."""

    before: int
    """Values behind the first mean."""
    after: int
    """Values behind the second."""
    difference: float
    """The second less the first."""
    low: float | None
    """None where either has fewer than two values: then nothing is known of the scatter."""
    high: float | None

    @property
    def half(self) -> float | None:
        """How far the ends are from the difference."""
        return None if self.high is None else self.high - self.difference

    def __str__(self) -> str:
        """`+0.021 ± 0.008 (n=5, 5)`; without an interval `+0.021 (n=1, 5, no interval)`."""
        sign = "" if self.difference < 0 else "+"
        if self.half is None:
            return f"{sign}{number(self.difference)} (n={self.before}, {self.after}, no interval)"
        return f"{sign}{_aligned(self.difference, self.half)} (n={self.before}, {self.after})"


def mean_difference(before: Sample, after: Sample, level: float = 0.95) -> MeanDifference:
    """Welch's t interval of the difference of two means: the values independent, normal or nearly so, their
    variances not assumed to be equal. Each sample has at least one value.

    Source: B. L. Welch, The generalization of 'Student's' problem when several different population variances
    are involved, Biometrika 34 (1947) 28-35; degrees of freedom after F. E. Satterthwaite, Biometrics Bulletin
    2 (1946) 110-114.
    """
    difference = after.mean - before.mean
    if min(before.n, after.n) < 2:
        return MeanDifference(before.n, after.n, difference, None, None)
    parts = [max(each.m2, 0.0) / (each.n - 1) / each.n for each in (before, after)]
    total = sum(parts)
    if total == 0 or not math.isfinite(total):
        known = total == 0
        return MeanDifference(
            before.n, after.n, difference, *((difference, difference) if known else (None, None))
        )
    # Of shares: squares of small variances would vanish.
    shares = [part / total for part in parts]
    degrees = 1 / sum(share**2 / (each.n - 1) for share, each in zip(shares, (before, after), strict=True))
    half = student(degrees, level) * math.sqrt(total)
    return MeanDifference(before.n, after.n, difference, difference - half, difference + half)


@functools.lru_cache(1024)
def student(degrees: float, level: float) -> float:
    """The quantile of Student's t that leaves half of `1 - level` above it."""
    from scipy.special import stdtrit  # of all of SciPy the least that knows it

    return float(stdtrit(degrees, 0.5 + level / 2))


def _aligned(mean: float, half: float) -> str:
    """Both with the places that the half width has two digits in; at most twelve."""
    if half == 0 or not 1e-12 < half < 1e12:
        return f"{number(mean)} ± {number(half)}"
    places = max(0, min(12, 1 - math.floor(math.log10(half))))
    return f"{mean:.{places}f} ± {half:.{places}f}"
