"""Whether a condition holds at a value, one value after the other. What a judge remembers is plain JSON.

A judge says True, False, or None where it can't tell: then what was true stays so.
"""

from __future__ import annotations

import bisect
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from orp_tui.core.alert_conditions import NonFinite, Plateau, Spike, Threshold
from orp_tui.core.series import Numbers
from orp_tui.core.words import duration, number

Json = dict[str, Any]  # Any: values as JSON gives them

LEAST_SCALE = 0.001
"""Of the median: what deviates by less than so is no deviation, however quiet the values before were."""
USUAL_SHARE = 0.02
"""Of each new deviation in what is usual, which thus is that of some hundreds of values."""
BLOCKS = 10
"""Averages of a plateau's span, through which a line is laid."""
LEAST_BLOCKS = 5
OWN_DELTA = 0.01
"""An improvement by less than this share of the whole one is none, if the alert names no number."""
_T90 = {3: 1.638, 4: 1.533, 5: 1.476, 6: 1.440, 7: 1.415, 8: 1.397}
"""Upper 10 % points of Student's t by degrees of freedom."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_ORDER = (operator.gt, operator.ge, operator.lt, operator.le)


class Judge(Protocol):
    """Looks at the values of one metric."""

    def holds(self, step: float, value: float, at: float) -> bool | None:
        """Whether the condition holds with this value; `at` in seconds of any clock that goes on."""
        ...

    def rules_out(self, values: Numbers) -> bool:
        """Whether all of these can be passed over, while the condition does not hold."""
        ...

    def words(self, name: str, value: float) -> str:
        """What was seen, right after `holds` said so."""
        ...

    @property
    def memory(self) -> Json:
        """What it needs to go on; a judge made with it says what this one would."""
        ...


class NonFiniteJudge:
    """NaN, or infinite."""

    def __init__(self, condition: NonFinite) -> None:
        self._is_so = math.isnan if condition.kind == "nan" else math.isinf
        self.memory: Json = {}

    def holds(self, step: float, value: float, at: float) -> bool | None:  # noqa: ARG002 - the protocol
        return self._is_so(value)

    def rules_out(self, values: Numbers) -> bool:
        return math.isfinite(sum(values))

    def words(self, name: str, value: float) -> str:
        return f"{name} is {'NaN' if math.isnan(value) else number(value)}"


class ThresholdJudge:
    """A comparison with a number."""

    def __init__(self, condition: Threshold) -> None:
        self._compare, self._bound = _COMPARE[condition.operator], condition.bound
        self.memory: Json = {}

    def holds(self, step: float, value: float, at: float) -> bool | None:  # noqa: ARG002 - the protocol
        return not math.isnan(value) and self._compare(value, self._bound)

    def rules_out(self, values: Numbers) -> bool:
        if self._compare not in _ORDER or not values or not math.isfinite(sum(values)):
            return False
        return not self._compare(max(values), self._bound) and not self._compare(min(values), self._bound)

    def words(self, name: str, value: float) -> str:
        return f"{name} is {number(value)}"


class SpikeJudge:
    """A residual from the running median above so many median absolute deviations.

    The window trails, since nothing is known of what follows; half of it must be filled. Infinities are
    spikes, NaN is nothing. Where a training goes back, or its file is read anew, the window begins anew.
    """

    def __init__(self, condition: Spike, memory: Json | None = None) -> None:
        self._limit, self._size = condition.mads, condition.window
        self._sign = -1.0 if condition.maximize else 1.0
        self._values: list[float] = [float(value) for value in (memory or {}).get("values", ())][
            -self._size :
        ]
        self._sorted = sorted(self._values)
        self._is_in = bool((memory or {}).get("in"))
        self._usual: float | None = (memory or {}).get("usual")
        self._step: float | None = (memory or {}).get("step")
        self._middle = self._scale = math.nan

    @property
    def memory(self) -> Json:
        return {"values": self._values, "in": self._is_in, "usual": self._usual, "step": self._step}

    def holds(self, step: float, value: float, at: float) -> bool | None:  # noqa: ARG002 - the protocol
        if math.isnan(value):
            return None
        if self._step is not None and step < self._step:
            self._values, self._sorted = [], []
        self._step = step
        signed = self._sign * value
        found = self._judge(signed)
        self._is_in = bool(found)
        if math.isfinite(signed):
            self._take(signed)
        return found

    def _judge(self, value: float) -> bool | None:
        count = len(self._sorted)
        if count < self._size // 2:
            return None
        # A cheap question first: most values are not among the highest, and that answers it.
        if not self._is_in and value <= self._sorted[count * 9 // 10]:
            return False
        self._middle = median_of(self._sorted)
        self._scale = max(self._deviation(), LEAST_SCALE * abs(self._middle))
        return value - self._middle > self._limit * self._scale

    def rules_out(self, values: Numbers) -> bool:  # noqa: ARG002 - the protocol
        return False  # each counts for those that follow

    def _deviation(self) -> float:
        """Of the window, or what is usual if that is more: fifty values are quiet by chance now and then."""
        now = deviation_of(self._sorted, self._middle)
        self._usual = now if self._usual is None else self._usual + USUAL_SHARE * (now - self._usual)
        return max(now, self._usual)

    def _take(self, value: float) -> None:
        if len(self._values) == self._size:
            oldest = self._values.pop(0)
            del self._sorted[bisect.bisect_left(self._sorted, oldest)]
        self._values.append(value)
        bisect.insort(self._sorted, value)

    def words(self, name: str, value: float) -> str:
        middle = self._sign * self._middle
        far = abs(value - middle) / self._scale if self._scale else math.inf
        times = f"{far:,.0f} times" if far < 1e6 else "far over"
        return f"{name} is {number(value)}, {times} the usual deviation from {number(middle)} before it"


class PlateauJudge:
    """No improvement over a span of steps or seconds.

    The span is cut in ten, and a line is laid through the averages: flat if the improvement is below the
    least one with 90 % certainty, not flat if it is above nothing with the same. Where a metric is logged too
    seldom for that, the best value of the span must be better than the best one before it.
    """

    def __init__(self, condition: Plateau, memory: Json | None = None) -> None:
        self._condition = condition
        self._sign = -1.0 if condition.maximize else 1.0
        memory = memory or {}
        self._start: float | None = memory.get("start")
        self._block: int = memory.get("block", 0)
        self._sum: float = memory.get("sum", 0.0)
        self._count: int = memory.get("count", 0)
        self._closed: list[tuple[int, float, int]] = [(k, mean, n) for k, mean, n in memory.get("closed", ())]
        self._first: float | None = memory.get("first")
        self._before: float | None = memory.get("before")
        self._level, self._delta = math.nan, math.nan

    @property
    def memory(self) -> Json:
        return {
            "start": self._start, "block": self._block, "sum": self._sum, "count": self._count, "first": self._first,
            "before": self._before, "closed": [list(block) for block in self._closed],
        }  # fmt: skip

    def holds(self, step: float, value: float, at: float) -> bool | None:
        if not math.isfinite(value):
            return None
        where = step if self._condition.in_steps else at
        if not math.isfinite(where):
            return None
        if self._start is None or where < self._start + self._block * self._width:
            self._begin(where)  # also where a training went back
        assert self._start is not None
        block = int((where - self._start) / self._width)
        is_new = block > self._block
        if is_new:
            self._close(block)
        self._sum += self._sign * value
        self._count += 1
        if block < BLOCKS:
            return None
        # In between nothing new is known, but where values are few each is a piece of news.
        if is_new or self._is_sparse():
            return self._judge(block)
        return None

    def rules_out(self, values: Numbers) -> bool:  # noqa: ARG002 - the protocol
        return False  # each counts for those that follow

    @property
    def _width(self) -> float:
        return self._condition.span / BLOCKS

    def _begin(self, where: float) -> None:
        self._start, self._block, self._sum, self._count = where, 0, 0.0, 0
        self._closed, self._first, self._before = [], None, None

    def _close(self, block: int) -> None:
        if self._count:
            mean = self._sum / self._count
            self._closed.append((self._block, mean, self._count))
            self._first = mean if self._first is None else self._first
        self._block, self._sum, self._count = block, 0.0, 0
        while self._closed and self._closed[0][0] < block - BLOCKS:
            self._before = _better(self._before, self._closed.pop(0)[1])

    def _is_sparse(self) -> bool:
        return len(self._closed) < LEAST_BLOCKS or sum(n for _, _, n in self._closed) < 2 * len(self._closed)

    def _judge(self, block: int) -> bool | None:
        if not self._closed:
            return None
        levels = [mean for _, mean, _ in self._closed]
        first = self._first if self._first is not None else levels[0]
        whole = first - min(levels) if self._before is None else first - min(self._before, *levels)
        given = self._condition.delta
        self._delta = OWN_DELTA * max(0.0, whole) if given is None else given
        self._level = levels[-1]
        return self._by_best(block) if self._is_sparse() else self._by_line()

    def _by_line(self) -> bool | None:
        places = [float(k) for k, _, _ in self._closed]
        levels = [mean for _, mean, _ in self._closed]
        slope, error = line_through(places, levels)
        gain, unsure = -slope * BLOCKS, _T90[min(8, len(places) - 2)] * error * BLOCKS
        slack = 1e-12 * max(map(abs, levels))
        if gain + unsure <= self._delta + slack:
            return True
        return False if gain - unsure > slack and gain > self._delta else None

    def _by_best(self, block: int) -> bool | None:
        """By the best value before the span and the best one in it, the newest included."""
        recent = [mean for k, mean, _ in self._closed if k > block - BLOCKS]
        older = [mean for k, mean, _ in self._closed if k <= block - BLOCKS]
        if self._before is not None:
            older.append(self._before)
        recent.append(self._sum / self._count)
        self._level = recent[-1]
        return min(older) - min(recent) <= self._delta if older else None

    def words(self, name: str, value: float) -> str:  # noqa: ARG002 - the protocol
        span, level = self._condition.span, self._sign * self._level
        over = f"{span:g} steps" if self._condition.in_steps else duration(span)
        by = f" by {number(self._delta)}" if self._delta else ""
        return f"{name} has not improved{by} over the last {over}, it is about {number(level)}"


def median_of(ordered: Sequence[float]) -> float:
    """Of values in order; at least one."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def deviation_of(ordered: Sequence[float], middle: float) -> float:
    """The median absolute deviation from `middle` of values in order."""
    return median_of(sorted(abs(value - middle) for value in ordered))


def line_through(places: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Slope of the least-squares line and its standard error; at least three places, not all the same."""
    count = len(places)
    mid_place, mid_value = sum(places) / count, sum(values) / count
    across = [place - mid_place for place in places]
    off = [value - mid_value for value in values]
    spread = sum(a * a for a in across)
    slope = sum(a * b for a, b in zip(across, off, strict=True)) / spread
    rest = [b - slope * a for a, b in zip(across, off, strict=True)]
    return slope, math.sqrt(sum(r * r for r in rest) / (count - 2) / spread)


def _better(one: float | None, other: float) -> float:
    return other if one is None else min(one, other)
