"""Alerts of one run: fed with values and the time, they say what has come true.

Pure, and its state is JSON: an observer that died is followed by one that goes on from there. Values may
come twice, since whoever reads them notes how far it read only after they were judged; what was told is
not told again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from orp_tui.core.alert_rules import AlertRule, Fired, Moment
from orp_tui.core.alert_watches import ValuesWatch, watch_of
from orp_tui.core.series import Points

Json = dict[str, Any]  # Any: values as JSON gives them


class AlertWatch:
    """All alerts of one run."""

    def __init__(
        self, rules: Sequence[AlertRule], state: Json | None = None, *, clock: float = math.inf
    ) -> None:
        """`state`: what an earlier one left; damaged, or of before the machine was started, it counts for nothing."""
        state = state if isinstance(state, dict) else {}
        before = state.get("clock")
        # A later clock than now's is of before the machine was started: what ran then runs no more.
        self._state = state if isinstance(before, int | float) and before <= clock else {}
        self._rules = [watch_of(rule, self._of(rule)) for rule in rules]

    def _of(self, rule: AlertRule) -> Json:
        found = self._state.get("rules", {})
        found = found.get(rule.text) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def look(self, points: Mapping[str, Points], moment: Moment) -> list[Fired]:
        """What has come true with these new values, at this moment."""
        self._state["clock"] = moment.clock
        return [fired for rule in self._rules for fired in rule.look(points, moment)]

    def remember_told(self, rule: str, metric: str, step: float, value: float) -> None:
        """That this was told already, by somebody whose state got lost."""
        for watch in self._rules:
            if watch.rule.text == rule and isinstance(watch, ValuesWatch):
                watch.remember(metric, step, value)

    @property
    def state(self) -> Json:
        """All of it as JSON."""
        return {
            "clock": self._state.get("clock", 0.0),
            "rules": {item.rule.text: item.state for item in self._rules},
        }
