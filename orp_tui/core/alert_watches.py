"""One alert of a run, watched: it tells the beginning of each episode, once, and not too often."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from orp_tui.core.alert_conditions import Condition, NonFinite, Plateau, Silence, Spike, Threshold, Throughput
from orp_tui.core.alert_judges import Judge, NonFiniteJudge, PlateauJudge, SpikeJudge, ThresholdJudge
from orp_tui.core.alert_pace import Pace
from orp_tui.core.alert_rules import AlertRule, Fired, Moment
from orp_tui.core.series import Points
from orp_tui.core.words import counted, duration

Json = dict[str, Any]  # Any: values as JSON gives them

AT_ONCE = 5
AGAIN_S = 60.0
"""A condition that comes and goes is told five times, then once a minute; the others are counted."""
MOST_SERIES = 100
"""Of one metric, as several sources or ranks log it."""
MOST_TOLD = 50
"""Beginnings of episodes that are remembered: values may come again."""


class Watch:
    """One rule: tells the beginning of each episode, and not too often."""

    def __init__(self, rule: AlertRule, state: Json) -> None:
        self.rule = rule
        self._tokens: float = state.get("tokens", AT_ONCE)
        self._filled: float = state.get("filled", -math.inf)
        self._untold: int = state.get("untold", 0)

    @property
    def state(self) -> Json:
        return {"tokens": self._tokens, "filled": self._filled, "untold": self._untold}

    def look(self, points: Mapping[str, Points], moment: Moment) -> Iterator[Fired]:
        for fired in self.see(points, moment):
            if not self._may_tell(moment.clock):
                self._untold += 1
                continue
            more = f"; {counted(self._untold, 'time')} more before, untold" if self._untold else ""
            self._untold = 0
            yield dataclasses.replace(fired, words=fired.words + more)

    def see(self, points: Mapping[str, Points], moment: Moment) -> Iterator[Fired]:
        raise NotImplementedError

    def _may_tell(self, clock: float) -> bool:
        if clock - self._filled >= AGAIN_S:
            gained = (clock - self._filled) // AGAIN_S if self._filled > -math.inf else AT_ONCE
            self._tokens, self._filled = min(AT_ONCE, self._tokens + gained), clock
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _SeriesState:
    """One metric as one source logs it."""

    def __init__(self, judge: Judge, state: Json) -> None:
        self.judge = judge
        self.is_on = bool(state.get("on"))
        self.told: list[list[str]] = [list(key) for key in state.get("told", ())]

    @property
    def state(self) -> Json:
        return {"on": self.is_on, "told": self.told, "memory": self.judge.memory}

    def begins(self, step: float, value: float, at: float) -> bool:
        """Whether an episode begins with this value that was not told yet."""
        holds = self.judge.holds(step, value, at)
        was_on = self.is_on
        self.is_on = was_on if holds is None else holds
        return self.is_on and not was_on and self.tell(step, value)

    def tell(self, step: float, value: float) -> bool:
        """Note that it is told; False if it was."""
        key = [repr(step), repr(value)]
        if key in self.told:
            return False
        self.told = [*self.told[1 - MOST_TOLD :], key]
        return True


class ValuesWatch(Watch):
    """A condition on the values of a metric, each series of that name for itself."""

    def __init__(self, rule: AlertRule, metric: str, state: Json) -> None:
        super().__init__(rule, state)
        self._metric = metric
        known = state.get("series") or {}
        self._series = {
            name: _SeriesState(_judge_of(rule.condition, item.get("memory")), item)
            for name, item in known.items()
        }

    @property
    def state(self) -> Json:
        return {**super().state, "series": {name: item.state for name, item in self._series.items()}}

    def remember(self, metric: str, step: float, value: float) -> None:
        found = self._of(metric)
        if found is not None:
            found.tell(step, value)

    def see(self, points: Mapping[str, Points], moment: Moment) -> Iterator[Fired]:
        for name, more in points.items():
            series = self._of(name) if self._means(name) else None
            if series is None:
                continue
            if not series.is_on and series.judge.rules_out(more.values):
                continue
            for step, value, at in zip(more.steps, more.values, more.times, strict=True):
                if series.begins(step, value, moment.now if math.isnan(at) else at):
                    said = series.judge.words(name, value)
                    yield Fired(self.rule, moment.now, f"{said} at step {step:.12g}", name, step, value)

    def _of(self, name: str) -> _SeriesState | None:
        if name not in self._series and len(self._series) < MOST_SERIES:
            self._series[name] = _SeriesState(_judge_of(self.rule.condition, None), {})
        return self._series.get(name)

    def _means(self, name: str) -> bool:
        """The metric itself, or the metric as one of several sources logs it: `loss [runs/b]`."""
        return name == self._metric or (name.endswith("]") and name.startswith(f"{self._metric} ["))


class SilenceWatch(Watch):
    """No line, or no value, for too long."""

    def __init__(self, rule: AlertRule, condition: Silence, state: Json) -> None:
        super().__init__(rule, state)
        self._condition = condition
        self._heard: float | None = state.get("heard")
        self._bytes: int = state.get("bytes", -1)
        self._is_on = bool(state.get("on"))

    @property
    def state(self) -> Json:
        return {**super().state, "heard": self._heard, "bytes": self._bytes, "on": self._is_on}

    def see(self, points: Mapping[str, Points], moment: Moment) -> Iterator[Fired]:
        self._hear(points, moment)
        assert self._heard is not None
        quiet = moment.clock - self._heard
        was_on, self._is_on = self._is_on, quiet > self._condition.seconds
        if self._is_on and not was_on:
            what = "no line in its logs" if self._condition.of == "no_log" else "no metric"
            yield Fired(self.rule, moment.now, f"{what} for {duration(quiet)}", value=quiet)

    def _hear(self, points: Mapping[str, Points], moment: Moment) -> None:
        is_log = self._condition.of == "no_log"
        is_first, before = self._heard is None, self._bytes
        self._bytes = moment.log_bytes
        if is_first:
            # When the last value came nobody knows: it may be read in a moment.
            quiet = min(moment.age_s, max(0.0, moment.log_quiet_s)) if is_log else 0.0
            self._heard = moment.clock - quiet
        if (moment.log_bytes != before and not is_first) if is_log else is_logged(points):
            self._heard = moment.clock


class PaceWatch(Watch):
    """The run logs more slowly than it did."""

    def __init__(self, rule: AlertRule, condition: Throughput, state: Json) -> None:
        super().__init__(rule, state)
        self._pace = Pace(state.get("pace"))
        self._share = condition.share
        self._is_on = bool(state.get("on"))

    @property
    def state(self) -> Json:
        return {**super().state, "pace": self._pace.memory, "on": self._is_on}

    def see(self, points: Mapping[str, Points], moment: Moment) -> Iterator[Fired]:
        count = sum(len(more) for name, more in points.items() if is_own(name))
        if moment.is_behind:
            self._pace.begin_again(count, moment.clock)
            return
        self._pace.count(count, moment.clock)
        found = self._pace.now(moment.clock)
        if found is None:
            return
        rate, usual = found
        was_on = self._is_on
        # A little more than the share ends it: what swings about it is one episode.
        self._is_on = rate < self._share * usual * (1.1 if was_on else 1.0)
        if self._is_on and not was_on:
            share = f"{rate / usual:.0%} of its median {usual:.3g}/s"
            yield Fired(self.rule, moment.now, f"{rate:.3g} values a second, {share}", value=rate)


def is_own(name: str) -> bool:
    """Whether the training logs it: what the observer samples of the machine tells nothing of its pace."""
    return not name.startswith("sys/")


def is_logged(points: Mapping[str, Points]) -> bool:
    """Whether the training has logged any value."""
    return any(len(more) and is_own(name) for name, more in points.items())


def watch_of(rule: AlertRule, state: Json) -> Watch:
    """A state that is not what it should be counts for nothing."""
    try:
        return _made(rule, state)
    except (KeyError, TypeError, ValueError, AttributeError):
        return _made(rule, {})


def _made(rule: AlertRule, state: Json) -> Watch:
    condition = rule.condition
    if isinstance(condition, Silence):
        return SilenceWatch(rule, condition, state)
    if isinstance(condition, Throughput):
        return PaceWatch(rule, condition, state)
    return ValuesWatch(rule, condition.metric, state)


def _judge_of(condition: Condition, memory: Json | None) -> Judge:
    if isinstance(condition, NonFinite):
        return NonFiniteJudge(condition)
    if isinstance(condition, Threshold):
        return ThresholdJudge(condition)
    if isinstance(condition, Spike):
        return SpikeJudge(condition, memory)
    assert isinstance(condition, Plateau)
    return PlateauJudge(condition, memory)
