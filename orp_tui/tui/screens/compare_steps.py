"""A metric of the compared runs step by step: which one, along what, how many rows, less the baseline or not."""

from __future__ import annotations

import dataclasses

from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted
from orp_tui.services.comparison.axis import AXES
from orp_tui.services.comparison.steps import Aligned, metric_names
from orp_tui.services.comparison.values import Comparison
from orp_tui.tui.feeds_compare import Steps
from orp_tui.tui.screens.chart_verbs import ChartVerbs
from orp_tui.tui.widgets.compare_table import CompareTable
from orp_tui.tui.widgets.metric_chart import MetricChart

_ROWS = (5, 1000)
_OF_STEPS = ("relative", "more_rows", "next_axis")


class CompareSteps(ChartVerbs):
    """A screen with a chart and a table of steps."""

    comparison: Comparison | None = None
    """All rows included; None before the first look."""
    aligned: Aligned | None = None
    steps: Steps | None = None
    """None: no run has a metric."""
    is_relative: bool = False

    def show_titles(self) -> None:
        raise NotImplementedError

    def ask_for_details(self) -> None:
        raise NotImplementedError

    @property
    def seen(self) -> tuple[str, ...]:
        """The panes in sight."""
        raise NotImplementedError

    def check_steps(self) -> None:
        """A metric to show step by step, if some run has one: the primary first."""
        assert self.comparison is not None
        names = metric_names(self.comparison)
        if self.steps is None or self.steps.metric not in names:
            self.steps = Steps(names[0]) if names else None
        if not names:
            self.query_one("#steps", CompareTable).show(None, empty=("no run has logged a metric",))

    def _want_steps(self, steps: Steps) -> None:
        self.steps, self.aligned = steps, None
        self.ask_for_details()
        self.show_titles()

    def action_next_metric(self, by: int) -> None:
        if "steps" not in self.seen:
            if "chart" in self.seen:
                self.query_one(MetricChart).action_next_metric(by)
            return
        if self.comparison is None or self.steps is None:
            return
        names = metric_names(self.comparison)
        place = (names.index(self.steps.metric) + by) % len(names)
        self._want_steps(dataclasses.replace(self.steps, metric=names[place]))

    def action_next_axis(self) -> None:
        if self.steps is not None:
            along = AXES[(AXES.index(self.steps.along) + 1) % len(AXES)]
            self._want_steps(dataclasses.replace(self.steps, along=along))

    def action_more_rows(self, factor: float) -> None:
        if self.steps is not None:
            rows = min(max(round(self.steps.rows * factor), _ROWS[0]), _ROWS[1])
            self._want_steps(dataclasses.replace(self.steps, rows=rows))

    def action_relative(self) -> None:
        self.is_relative = not self.is_relative
        self.show_steps()

    def show_steps(self, trouble: str = "") -> None:
        """What was found step by step, or what is wrong."""
        table, found = self.query_one("#steps", CompareTable), self.aligned
        if found is None:
            table.show(None, empty=(one_line(trouble, 300) or "reading the histories",))
        else:
            along = "" if found.along == "step" else f" along {found.along}"
            table.show(
                found.sheet(relative=self.is_relative),
                empty=(f"no run has {one_line(found.metric, 60)}{along}",),
            )
        self.show_titles()

    @property
    def steps_title(self) -> str:
        """`Steps loss by epoch, 50 rows, less the baseline`."""
        if self.steps is None:
            return "Steps"
        by = {"step": "", "epoch": " by epoch", "since": " by time since the start"}[self.steps.along]
        words = f"Steps {one_line(self.steps.metric, 40)}{by}"
        if self.aligned is not None:
            words += f", {counted(len(self.aligned.places), 'row')}"
        return words + (", less the baseline" if self.is_relative else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the steps do something only there."""
        if action in _OF_STEPS and self.is_mounted and "steps" not in self.seen:
            return False
        return super().check_action(action, parameters)
