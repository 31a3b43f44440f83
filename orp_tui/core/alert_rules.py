"""The alerts of an experiment, what they are asked about, and what they answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from orp_tui.core.alert_conditions import Condition, parse_condition


@dataclasses.dataclass(frozen=True)
class AlertRule:
    """One item of `metrics.alerts`."""

    text: str
    """The condition as it was written."""
    condition: Condition
    do: tuple[str, ...]
    """notify, stop, checkpoint."""


@dataclasses.dataclass(frozen=True)
class Moment:
    """When somebody looks, and what else than metrics there is to see."""

    now: float
    """Seconds since 1970, UTC."""
    clock: float
    """Seconds of a clock that nobody sets, the same for every observer until the machine is started again."""
    age_s: float
    """Since the command was started."""
    log_bytes: int
    """Of both logs."""
    log_quiet_s: float
    """Since a log last grew, as its file says; used at the first look alone."""
    is_behind: bool = False
    """The values are some of many that were logged before anybody looked."""


@dataclasses.dataclass(frozen=True)
class Fired:
    """A condition that has come true."""

    rule: AlertRule
    at: float
    """When that was seen, seconds since 1970, UTC."""
    words: str
    metric: str = ""
    """As the run logs it; empty if it is not about one."""
    step: float | None = None
    value: float | None = None


def rules_of(experiment: Mapping[str, Any]) -> tuple[AlertRule, ...]:  # Any: JSON
    """The alerts of a resolved experiment; what can't be read, as of another version, is left out."""
    metrics = experiment.get("metrics")
    found = []
    for item in (metrics.get("alerts") or ()) if isinstance(metrics, dict) else ():
        try:
            condition = parse_condition(item["when"], goals_of(experiment))
            found.append(AlertRule(item["when"], condition, tuple(item["do"])))
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return tuple(found)


def goals_of(experiment: Mapping[str, Any]) -> dict[str, str]:  # Any: JSON
    """Metric → minimize or maximize, of those of which the experiment says so."""
    metrics = experiment.get("metrics")
    primary = metrics.get("primary") if isinstance(metrics, dict) else None
    if not isinstance(primary, dict):
        return {}
    at = primary.get("at") or {}
    found = {at["best"]: at.get("goal", "minimize")} if at.get("best") else {}
    return {**found, primary.get("name", ""): primary.get("goal", "maximize")}
