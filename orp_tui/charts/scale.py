"""From values to places on an axis between 0 and 1, and the ticks that say so. Never overflows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable

from orp_tui.core.words import byte_unit

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
            whole = self.high - self.low
            if math.isinf(whole):
                place = (value * 0.5 - self.low * 0.5) / (self.high * 0.5 - self.low * 0.5)
            else:
                place = (value - self.low) / whole
        return min(max(place, 0.0), 1.0)

    def value(self, place: float) -> float:
        """What stands at a place between 0 and 1; finite."""
        if self.log:
            left, right = math.log10(self.low), math.log10(self.high)
            return float(10 ** min(max(left + place * (right - left), -307.5), 308.2))
        return self.low * (1 - place) + self.high * place

    def ticks(self, most: int, label: Label, *, least: float = 0.0) -> list[Tick]:
        """At most `most` ticks at round values, not nearer to each other than `least`."""
        if most < 1:
            return []
        values, step = self._decades(most) if self.log else _round_values(self.low, self.high, most, least)
        found = []
        for value in values:
            place = self.place(value)
            if place is not None and self.low <= value <= self.high:
                found.append(Tick(place, label(value, step)))
        return found[:MOST_TICKS]

    def _decades(self, most: int) -> tuple[list[float], float]:
        """Powers of ten, with 2 and 5 between them if there is room; plain round values within one decade.

        A step of 0 means: each label for itself.
        """
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        count = last - first + 1
        if count < 2:
            return _round_values(self.low, self.high, most, 0.0)
        if count * 3 <= most:
            return [10.0**power * part for power in range(first - 1, last + 1) for part in (1, 2, 5)], 0.0
        every = -(-count // most)
        return [10.0**power for power in range(first, last + 1, every) if -308 < power <= 308], 0.0


def _round_values(low: float, high: float, most: int, least: float) -> tuple[list[float], float]:
    """Values at 1, 2 or 5 times a power of ten between the two, and the distance between them."""
    half = high * 0.5 - low * 0.5
    rough = max(half / most * 2, least)
    ends = [low, high][:most], max(half, 5e-324)
    if not 0 < rough < math.inf:
        return ends
    power = math.floor(math.log10(rough))
    unit = 10.0**power if power > -308 else rough
    step = next((unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * (1 - 1e-9)), rough)
    if not math.isfinite(step) or max(abs(low), abs(high)) / step > 1 << 52:
        return ends
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [place * step for place in range(first, last + 1)]
    if len(values) > most:
        values = values[:: -(-len(values) // most)]
    # Between two round values there may be none: then the ends say where one is.
    return (values, step) if values else ends


def plain_number(value: float, step: float) -> str:
    """With as many digits as tell neighbouring ticks apart: `0.25`, `1e-5`, `1.5e7`.

    A step of 0: as many as it needs.
    """
    if value == 0 or abs(value) < abs(step) * 1e-9:
        return "0"
    if step <= 0:
        return _trimmed(f"{value:.5g}" if 1e-4 <= abs(value) < 1e4 else f"{value:.4e}")
    exponent, finest = exponent_of(value), exponent_of(step)
    if finest >= -4 and abs(value) < 1e6 and step < 1e5:
        return f"{value:.{max(0, -finest)}f}"
    digits = min(max(exponent - finest, 0), 15)
    return _trimmed(f"{value:.{digits}e}")


def exponent_of(value: float) -> int:
    """Of ten, in the value as it is written."""
    return int(f"{value:e}".partition("e")[2])


def _trimmed(text: str) -> str:
    """`1.50e+07` → `1.5e7`."""
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def byte_tick(value: float, step: float) -> str:
    """As `plain_number`, of bytes: `0`, `500 kB`, `1.5 MB`."""
    if value == 0 or abs(value) < abs(step) * 1e-9:
        return "0"
    unit, size = byte_unit(value)
    return f"{plain_number(value / size, step / size)} {unit}"


def step_number(value: float, step: float) -> str:
    """A step of a training: `800`, `12,000`, `1.5M`; whole where `step` is 1 or more.

    A step of 0: as many digits as it needs.
    """
    if not math.isfinite(value):
        return str(value)
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if step >= size / 1000 and size <= abs(value) < size * 1e4:
            return f"{value / size:g}{unit}"
    if (value == round(value) or step >= 1) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return plain_number(value, step)
