"""The one value that a run is judged by, at the step that its experiment names.

Without `at` it is the last one logged. `at: {best: val_loss}` is the step where val_loss was best, and
`at: {step: 1000}` that step; where the primary metric was not logged at that very step, the value nearest
to it counts. Of several at one step the one written last counts.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

from orp_tui.core.series import Points, Series
from orp_tui.core.words import number

MINIMIZE, MAXIMIZE = "minimize", "maximize"
_TEST = re.compile(r"(?:^|[/_.\- ])test(?:$|[/_.\- ])", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class PrimaryRule:
    """`metrics.primary` of an experiment."""

    name: str
    goal: str = MAXIMIZE
    best: str | None = None
    """The metric whose best step counts."""
    best_goal: str = MINIMIZE
    step: float | None = None
    """The step that counts."""

    @property
    def is_last(self) -> bool:
        """Whether the last value counts, whatever the others were."""
        return self.best is None and self.step is None

    @property
    def at_words(self) -> str:
        """`at the best val_loss`, `at step 1000`; empty for the last value."""
        if self.best is not None:
            return f"at the best {self.best}"
        return f"at step {self.step:.12g}" if self.step is not None else ""

    @property
    def warning(self) -> str:
        """Why the value is too good to be believed, in words; empty if nothing speaks for that."""
        if self.best is None or not _TEST.search(self.best):
            return ""
        itself = "itself on test" if self.best == self.name else f"{self.best}, a test metric"
        return f"chosen as the best on {itself}: too good, since test data chose the step"

    def is_better(self, one: float, other: float) -> bool:
        """Whether one value of the primary beats another; NaN beats nothing."""
        return one > other if self.goal == MAXIMIZE else one < other

    @classmethod
    def of(cls, experiment: object) -> PrimaryRule | None:
        """The rule of a resolved experiment, as JSON; None if it has none that can be read."""
        try:
            found: Mapping[str, Any] = experiment["metrics"]["primary"]  # type: ignore[index]
            name, at = found["name"], found.get("at") or {}
            best, step = at.get("best"), at.get("step")
        except (KeyError, TypeError, AttributeError):
            return None
        if not isinstance(name, str) or not name:
            return None
        return cls(
            name,
            MINIMIZE if found.get("goal") == MINIMIZE else MAXIMIZE,
            best if isinstance(best, str) else None,
            MAXIMIZE if at.get("goal") == MAXIMIZE else MINIMIZE,
            float(step) if best is None and isinstance(step, int | float) else None,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class PrimaryValue:
    """The value of the primary metric, and where it was logged."""

    value: float
    """May be NaN or infinite."""
    step: float

    @property
    def words(self) -> str:
        return number(self.value)


def primary_value(series: Mapping[str, Series], rule: PrimaryRule) -> PrimaryValue | None:
    """The value by which a run is judged; None if it, or what its step hangs on, was not logged (yet)."""
    found = _named(series, rule.name)
    if found is None or not len(found):
        return None
    if rule.is_last:
        return PrimaryValue(found.summary.last, found.summary.last_step)
    step = _step_of(series, rule)
    if step is None:
        return None
    nearest = Nearest(step)
    for block in found.blocks:
        nearest.take(block)
    return nearest.found


def _named(series: Mapping[str, Series], name: str) -> Series | None:
    """The series of that name, else the first of several sources that have one: `loss [runs/a]`."""
    if name in series:
        return series[name]
    return next((one for shown, one in series.items() if shown.startswith(f"{name} [")), None)


def _step_of(series: Mapping[str, Series], rule: PrimaryRule) -> float | None:
    """By the summaries alone: of a long series not a point is read."""
    if rule.best is None:
        wanted = rule.step or 0.0
        blocks = (block for one in series.values() for block in reversed(one.blocks))
        return rule.step if any(max(block.steps) >= wanted for block in blocks) else None
    best = _named(series, rule.best)
    if best is None or best.summary.count == best.summary.non_finite:
        return None
    return best.summary.highest_step if rule.best_goal == MAXIMIZE else best.summary.lowest_step


class Step:
    """The step that counts, from values in the order of writing. Nothing of them is kept."""

    def __init__(self, rule: PrimaryRule) -> None:
        self._rule = rule
        self._value = math.nan
        self._step: float | None = None
        self._highest = -math.inf

    @property
    def step(self) -> float | None:
        """None while it is not known: the other metric has no finite value, or the step was not reached."""
        if self._rule.step is not None:
            return self._rule.step if self._highest >= self._rule.step else None
        return self._step

    def take(self, name: str, points: Points) -> None:
        """More values of a metric, of any."""
        if self._rule.step is not None:
            if len(points):
                self._highest = max(self._highest, max(points.steps))
        elif name == self._rule.best:
            self._take_best(points)

    def _take_best(self, points: Points) -> None:
        upward = self._rule.best_goal == MAXIMIZE
        for step, value in zip(points.steps, points.values, strict=True):
            if not math.isfinite(value):
                continue
            if self._step is None or (value > self._value if upward else value < self._value):
                self._value, self._step = value, step


class Nearest:
    """The value nearest to a step, the later one of two as near, from values in the order of writing."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._off = math.inf
        self.found: PrimaryValue | None = None

    def take(self, points: Points) -> None:
        for step, value in zip(points.steps, points.values, strict=True):
            off = abs(step - self._step)
            if off <= self._off:
                self._off, self.found = off, PrimaryValue(value, step)
