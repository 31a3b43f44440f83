"""From values to places on an axis between 0 and 1, and the ticks that say so. Never overflows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable

Label = Callable[[float, float], str]
"""A tick's value and the distance between ticks → its text."""

MOST_TICKS = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Tick:
    place: float
    """Between 0 and 1."""
    label: str


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """The stretch of values that an axis shows; `low` is less than `high`."""

    low: float
    high: float
    log: bool = False
    """Then both are above 0."""

    @classmethod
    def over(cls, values: Iterable[float], *, log: bool = False, margin: float = 0.0) -> Scale:
        """From the least to the greatest of the finite values, and `margin` of that beyond.

        With `log` values of 0 and less count for nothing; without any left it is not logarithmic.
        """
        values = list(values)
        shown = [value for value in values if value > 0] if log else values
        if not shown:
            return cls.over(values, margin=margin) if values else cls(0.0, 1.0)
        low, high = min(shown), max(shown)
        return cls._logarithmic(low, high, margin) if log else cls._linear(low, high, margin)

    @classmethod
    def _linear(cls, low: float, high: float, margin: float) -> Scale:
        if low == high:
            around = abs(low) * 0.1 or 1.0
            low, high = low - around, high + around
        else:
            beyond = (high * 0.5 - low * 0.5) * 2 * margin if math.isfinite(high - low) else 0.0
            low, high = low - beyond, high + beyond
        limit = math.nextafter(math.inf, 0)
        low, high = max(low, -limit), min(high, limit)
        return cls(low, high) if low < high else cls(low, math.nextafter(low, math.inf))

    @classmethod
    def _logarithmic(cls, low: float, high: float, margin: float) -> Scale:
        left, right = math.log10(low), math.log10(high)
        beyond = (right - left) * margin if right > left else 0.3
        left, right = max(left - beyond, -307.5), min(right + beyond, 308.2)
        low, high = min(10**left, low), max(10**right, high)
        return cls(low, high, log=True) if low < high else cls(low, low * 1.1, log=True)

    def place(self, value: float) -> float | None:
        """Where a value stands; None if it can't on this scale."""
        if self.log:
            if value <= 0:
                return None
            left, right = math.log10(self.low), math.log10(self.high)
            place = (math.log10(value) - left) / (right - left) if right > left else 0.5
        else:
            place = (value * 0.5 - self.low * 0.5) / (self.high * 0.5 - self.low * 0.5)
        return min(max(place, 0.0), 1.0)

    def ticks(self, most: int, label: Label) -> list[Tick]:
        """At most `most` ticks at round values."""
        if most < 1:
            return []
        values, step = self._decades(most) if self.log else _round_values(self.low, self.high, most)
        found = []
        for value in values:
            place = self.place(value)
            if place is not None and self.low <= value <= self.high:
                found.append(Tick(place, label(value, step or abs(value))))
        return found[:MOST_TICKS]

    def _decades(self, most: int) -> tuple[list[float], float]:
        """Powers of ten; round values where there are not two of them. A step of 0 means: each its own."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        count = last - first + 1
        if count < 2:
            return _round_values(self.low, self.high, most)
        every = -(-count // most)
        return [10.0**power for power in range(first, last + 1, every) if -308 < power <= 308], 0.0


def _round_values(low: float, high: float, most: int) -> tuple[list[float], float]:
    """Values at 1, 2 or 5 times a power of ten between the two, and the distance between them."""
    half = high * 0.5 - low * 0.5
    rough = half / most * 2
    if not 0 < rough < math.inf:
        return [low, high][:most], half or 1.0
    power = math.floor(math.log10(rough))
    unit = 10.0**power if power > -308 else rough
    step = next((unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * (1 - 1e-9)), rough)
    if not math.isfinite(step):
        return [low, high][:most], half
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > MOST_TICKS or abs(first) > 1 << 52:
        return [low, high][:most], half
    values = [place * step for place in range(first, last + 1)]
    if len(values) > most:
        values = values[:: -(-len(values) // most)]
    # Between two round values there may be none: then the ends say where one is.
    return (values, step) if values else ([low, high][:most], half)


def plain_number(value: float, step: float) -> str:
    """With as many digits as tell neighbouring ticks apart: `0.25`, `1e-05`, `12.5k`."""
    if value == 0 or abs(value) < abs(step) * 1e-9:
        return "0"
    size = abs(value)
    digits = max(1, math.floor(math.log10(size)) - math.floor(math.log10(step) + 1e-9) + 1) if step > 0 else 3
    digits = min(max(digits, 1), 15)
    if 1e-4 <= size < 1e6:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        return f"{value:.{decimals}f}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def step_number(value: float, step: float) -> str:
    """A step of a training: `800`, `12,000`, `1.5M`."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if size <= abs(value) < size * 1e4:
            decimals = max(0, min(6, math.ceil(-math.log10(step / size) - 1e-9))) if step > 0 else 1
            return f"{value / size:.{decimals}f}{unit}"
    if abs(value) < 1e6 and step >= 1:
        return f"{value:,.0f}"
    return plain_number(value, step)
