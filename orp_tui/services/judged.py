"""How an ended run stands by the metric that judges it, as its result says."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from orp_tui.core.layout import RunPaths
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import number
from orp_tui.files.atomic import read_json
from orp_tui.metrics.names import in_order
from orp_tui.metrics.primary import MAXIMIZE, PrimaryRule

Json = dict[str, Any]  # Any: values as JSON gives them


@dataclasses.dataclass(frozen=True)
class Standing:
    """The value that stands for a run. Names are text from outside."""

    name: str
    value: float = dataclasses.field(compare=False)
    words: str
    """`test_acc 0.97`, or `test_acc 0.97 @1200` where a step was chosen; one line, harmless."""
    is_primary: bool
    """Whether its experiment names it; else it is the metric that is shown first."""
    goal: str = MAXIMIZE
    step: float | None = None
    at: str = ""
    """Where it is read, `at the best val_loss`; empty for the last value."""
    warning: str = ""
    """Why it is not to be taken as it stands, too good or of a part alone; empty if nothing speaks for that."""
    heights: tuple[int, ...] = ()
    """Of its newest values, as `core.sparkline` draws them."""

    @property
    def long_words(self) -> str:
        """`test_acc 0.97, at the best val_loss: step 1200; higher is better`, one harmless line."""
        where = "" if self.step is None else f"{': ' if self.at else ', '}step {self.step:.12g}"
        place = f", {self.at}{where}" if self.at else where
        way = f"; {'higher' if self.goal == MAXIMIZE else 'lower'} is better" if self.is_primary else ""
        return one_line(f"{self.name} {number(self.value)}{place}{way}")


def ended_standing(folder: RunPaths) -> Standing | None:
    """How an ended run stands by its primary metric; None if it has none."""
    found = read_primary(folder)
    return None if found is None else standing_of(found)


def shown_standing(folder: RunPaths) -> Standing | None:
    """As `ended_standing`, for a table: without a primary the last value of the metric that is shown first.

    None if nothing was logged, or the result can't be read.
    """
    found = ended_standing(folder)
    if found is not None:
        return found
    try:
        logged = (read_json(folder.result) or {})["metrics"]
        name = in_order(logged)[0]
        value = float(logged[name])
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
        return None
    return Standing(name, value, value_words(name, value, None), is_primary=False)


def read_primary(folder: RunPaths) -> Json | None:
    """What the result of a run says of its primary metric; None if it has no value there, or can't be read.

    A result of before primaries were read at a step has the last value.
    """
    try:
        result = read_json(folder.result) or {}
        if "primary" not in result:
            rule = rule_of(folder)
            value = result["metrics"].get(rule.name) if rule is not None and rule.is_last else None
            if rule is None or value is None:
                return None
            return {"name": rule.name, "goal": rule.goal, "value": value}
        found = result["primary"]
        return found if isinstance(found, dict) and found.get("value") is not None else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def standing_of(primary: Json) -> Standing | None:
    """From a result's `primary`; None if it is damaged."""
    try:
        name, value, step = str(primary["name"]), float(primary["value"]), primary.get("step")
        step = None if step is None else float(step)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    at, warning = str(primary.get("at") or ""), str(primary.get("warning") or "")
    goal = str(primary.get("goal") or MAXIMIZE)
    return Standing(
        name, value, value_words(name, value, step if at else None), True, goal, step, at, warning
    )


def rule_of(folder: RunPaths) -> PrimaryRule | None:
    """The primary metric of a run's experiment; None if it names none, or its request can't be read."""
    try:
        request = read_json(folder.request)
    except (OSError, ValueError):
        return None
    return PrimaryRule.of(request.get("experiment")) if isinstance(request, dict) else None


def value_words(name: str, value: float, step: float | None) -> str:
    """`test_acc 0.97 @1200`, one harmless line; without the step for None."""
    place = "" if step is None or not math.isfinite(step) else f" @{step:.12g}"
    return one_line(f"{name} {number(value)}{place}", 60)
