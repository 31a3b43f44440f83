"""What one chart shows: lines of one or several runs, and the values they are measured by."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from orp_tui.core.series import Series
from orp_tui.metrics.epochs import epoch_metric

MOST = 6
"""Lines that a chart can tell apart."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunSeries:
    """A run with everything that it has measured."""

    name: str
    """In the legend; text from outside. Of runs in one chart each has its own."""
    series: Mapping[str, Series]
    """Metric → its points, in the order in which they are shown."""
    seeds: str | None = None
    """The same text for runs that differ by their seed only; None for a run without such."""
    group_name: str = ""
    """What such runs are called together; text from outside."""


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One run's points of one metric."""

    name: str
    """Of the run; text from outside, empty if there is but one."""
    series: Series
    epochs: Series | None = None
    """The run's metric `epoch`; None if it logs none."""
    start: float = math.nan
    """The run's first time stamp; NaN if it has none."""

    @classmethod
    def of(cls, run: RunSeries, metric: str) -> Member:
        """A run's member of the chart of a metric that it has."""
        firsts = (one.end_times[0] for one in run.series.values())
        start = min(filter(math.isfinite, firsts), default=math.nan)
        return cls(run.name, run.series[metric], epoch_metric(run.series), start)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: a run's, or the middle of runs that differ by their seed."""

    name: str
    """In the legend; text from outside."""
    members: tuple[Member, ...]
    """Never empty; with several the line is their median."""

    @property
    def is_group(self) -> bool:
        return len(self.members) > 1

    @property
    def count(self) -> int:
        """Points of all members."""
        return sum(len(member.series) for member in self.members)


@dataclasses.dataclass(frozen=True, slots=True)
class Guide:
    """A value to be measured by, drawn across the chart."""

    kind: Literal["goal", "baseline"]
    value: float
    """Finite."""
    words: str
    """`goal >= 0.9`, `baseline 0.87`."""


Guides = Mapping[str, tuple[Guide, ...]]
"""Metric, as `plain_name` writes it → its goals and its baseline."""


def plain_name(metric: str) -> str:
    """The name without what a file writes otherwise than a training logs it: `eval.accuracy`, `eval/accuracy`."""
    return re.sub(r"[./\s]+", "/", metric.strip().lower())


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """What one chart shows."""

    name: str
    """The metric that all lines are of; empty if they are of several. Text from outside."""
    lines: tuple[Line, ...]
    """At most `MOST`."""
    guides: tuple[Guide, ...] = ()
    left_out: int = 0
    """Lines for which there is no colour and no mark left."""

    @classmethod
    def of(cls, series: Iterable[Series], guides: Iterable[Guide] = ()) -> Chart:
        """A chart of metrics of one run; each line is called by its metric."""
        series = list(series)
        run = RunSeries("", {one.name: one for one in series})
        lines = [
            Line(one.name, (dataclasses.replace(Member.of(run, one.name), series=one),)) for one in series
        ]
        return cls._with(series[0].name if len(series) == 1 else "", lines, guides)

    @classmethod
    def of_runs(
        cls, metric: str, runs: Sequence[RunSeries], guides: Iterable[Guide] = (), *, apart: bool = False
    ) -> Chart:
        """One metric of several runs; those that differ by their seed are one line unless `apart`."""
        return cls._with(metric, _lines(metric, [run for run in runs if metric in run.series], apart), guides)

    @classmethod
    def _with(cls, name: str, lines: Sequence[Line], guides: Iterable[Guide]) -> Chart:
        return cls(name, tuple(lines[:MOST]), tuple(guides), max(0, len(lines) - MOST))

    @property
    def series(self) -> list[Series]:
        """Of all members of all lines."""
        return [member.series for line in self.lines for member in line.members]


def _lines(metric: str, runs: Sequence[RunSeries], apart: bool) -> list[Line]:
    groups: dict[object, list[RunSeries]] = {}
    for place, run in enumerate(runs):
        groups.setdefault(place if apart or run.seeds is None else run.seeds, []).append(run)
    lines = []
    for group in groups.values():
        members = tuple(Member.of(run, metric) for run in group)
        lines.append(Line(group[0].group_name or group[0].name if len(group) > 1 else group[0].name, members))
    return lines
