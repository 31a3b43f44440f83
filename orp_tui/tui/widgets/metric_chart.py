"""The chart of the metrics of one run or several: drawn in a thread, and only when there is something new."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich.segment import Segment
from textual.message import Message

from orp_tui.charts.grid import LAYOUTS, most
from orp_tui.charts.lines import Chart, Guides, RunSeries
from orp_tui.charts.look import Axis, Look, Markers
from orp_tui.charts.view import View
from orp_tui.core.sanitise import one_line
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.chart_canvas import ChartCanvas
from orp_tui.tui.widgets.chart_choice import Choice
from orp_tui.tui.widgets.chart_drawing import Wanted
from orp_tui.tui.widgets.wrapping import wrapped

SMOOTHING = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
_AXES: tuple[Axis, ...] = ("step", "epoch", "since", "wall")

_HOW = (
    ("no metrics yet; a training logs them with", False),
    ("from orp_tui import log; log(step, loss=loss)", True),
    ("or any program with JSON lines into $ORP_METRICS_FILE:", False),
    ('{"step": 1, "loss": 0.31}', True),
)
"""Words, and whether they are to be typed."""


class MetricChart(ChartCanvas, can_focus=True):
    """Shows plain values; keys choose the metric, how it is drawn, and where one looks."""

    BINDINGS = bindings("chart")
    DEFAULT_CSS = """
    MetricChart { width: 1fr; height: 1fr; }
    """

    @dataclasses.dataclass
    class TitleChanged(Message):
        """Another metric is drawn, or there is another number of them."""

        widget: MetricChart

        @property
        def control(self) -> MetricChart:
            return self.widget

    @dataclasses.dataclass
    class LogWanted(Message):
        """The log is wanted where it tells of the step under the cursor."""

        widget: MetricChart
        step: float
        epoch: float | None
        """None if the run logs no epochs."""

        @property
        def control(self) -> MetricChart:
            return self.widget

    def __init__(self, *, ascii_only: bool = False, period_s: float = 0.5, **options: Any) -> None:
        """`period_s`: least seconds between two drawings of new values. `options`: as Widget takes them."""
        super().__init__(period_s=period_s, **options)
        self._ascii = ascii_only
        self._choice = Choice()
        self._is_known = False
        self._is_complete = True
        self._said = ""
        self._log = False
        self._smoothing = 0
        self._axis = 0

    # What is shown

    def show(
        self,
        runs: Sequence[RunSeries] | None,
        primary: str | None = None,
        *,
        guides: Guides | None = None,
        said: str = "",
        complete: bool = True,
    ) -> None:
        """Show the metrics of these runs, in the order in which `c` goes through them; None if nobody has looked yet.

        `primary` is drawn, else the first one, until somebody chooses another; that choice stays,
        from run to run, wherever there is a metric of its name. `guides` are drawn across the
        charts of their metrics. `said` is what is wrong with a file, in words. `complete`: all that was
        written is here; what comes after parts of a long history is drawn at once when it is.
        """
        before, had = self.title, self._choice.metric
        others = [run.name for run in runs or ()] != [run.name for run in self._choice.runs]
        self._choice.take(runs or (), primary, guides or {})
        is_known = runs is not None
        if is_known != self._is_known or (had is None) != (self._choice.metric is None) or said != self._said:
            self.refresh()
        self._is_known, self._said = is_known, said
        if self._choice.metric is None:
            self.forget()
        if self.title != before:
            self.post_message(self.TitleChanged(self))
        is_whole_now = complete and not self._is_complete
        self._is_complete = complete
        if others or is_whole_now:
            self.hurry()
        if is_whole_now:
            self.draw_now()
        else:
            self.draw_soon()

    @property
    def metric(self) -> str | None:
        """The one that is drawn, or the first of several."""
        return self._choice.metric

    @property
    def title(self) -> str:
        """What the border says: `Chart loss 1/7`."""
        return f"Chart {self._choice.title()}".rstrip()

    @property
    def look(self) -> Look:
        """How it is drawn."""
        markers: Markers = "ascii" if self._ascii else "braille"
        view = self.view
        return Look(
            markers,
            self._log,
            SMOOTHING[self._smoothing],
            _AXES[self._axis],
            view.window,
            view.cursor is not None,
        )

    @property
    def charts(self) -> tuple[Chart, ...]:
        """What is drawn, as it would be written to a file; empty if there is nothing to draw."""
        return self._choice.charts(most(self.size.width, self._room))

    @property
    def choice(self) -> Choice:
        """Which metrics of which runs are shown; to be read."""
        return self._choice

    @property
    def filter_words(self) -> str:
        """The words that the names of metrics must hold; empty for all."""
        return self._choice.filter

    @filter_words.setter
    def filter_words(self, words: str) -> None:
        self._choice.restrict(words)
        self.post_message(self.TitleChanged(self))
        self.draw_now()

    @property
    def apart(self) -> bool:
        """Whether runs that differ by their seed are lines of their own."""
        return self._choice.apart

    @apart.setter
    def apart(self, apart: bool) -> None:
        if apart != self._choice.apart:
            self._choice.apart = apart
            self.draw_now()

    # Keys: what is drawn, and how

    def action_next_metric(self, by: int) -> None:
        if self._choice.step(by):
            self.post_message(self.TitleChanged(self))
            self.draw_now()

    def action_log_scale(self) -> None:
        self._log = not self._log
        self.draw_now()

    def action_smooth(self, by: int) -> None:
        self._smoothing = min(max(self._smoothing + by, 0), len(SMOOTHING) - 1)
        self.draw_now()

    def action_axis(self) -> None:
        self._axis = (self._axis + 1) % len(_AXES)
        # A place on one axis is none on another.
        self.look_at(View())

    def action_layout(self) -> None:
        """One chart, two, four; as many as there is room for."""
        layouts = [count for count in LAYOUTS if count <= most(self.size.width, self._room)]
        now = self._choice.layout
        self._choice.layout = next((count for count in layouts if count > now), LAYOUTS[0])
        self.draw_now()

    def action_members(self) -> None:
        if self._choice.has_seeds or self._choice.apart:
            self._choice.apart = not self._choice.apart
            self.draw_now()

    # Keys: where one looks

    def action_move(self, columns: int) -> None:
        if (plot := self.plot) is not None:
            self.look_at(self.view.moved(columns, plot))

    def action_zoom(self, factor: float) -> None:
        if (plot := self.last_plot) is not None:
            self.look_at(self.view.zoomed(factor, plot))

    def action_pan(self, direction: int) -> None:
        if (plot := self.last_plot) is not None:
            self.look_at(self.view.panned(direction, plot))

    def action_choose_range(self) -> None:
        if (plot := self.plot) is not None:
            self.look_at(self.view.ranged(plot))

    def action_whole(self) -> None:
        self.look_at(dataclasses.replace(self.view, window=None, begin=None))

    def action_to_log(self) -> None:
        plot, cursor = self.plot, self.view.cursor
        if plot is None or cursor is None:
            return
        from orp_tui.charts.axes import step_at

        found = step_at(plot.chart, plot.look.axis, cursor)
        if found is not None:
            self.post_message(self.LogWanted(self, *found))

    def leave(self) -> bool:
        """One level back: out of a stretch, the cursor, the zoom, the filter. False if there was none."""
        before = self.view.left()
        if before is not None:
            self.look_at(before)
        elif self._choice.filter:
            self._choice.release()
            self.post_message(self.TitleChanged(self))
            self.draw_now()
        else:
            return False
        return True

    # Drawing

    @property
    def _room(self) -> int:
        return self.size.height - bool(self._said)

    def wanted(self, turn: int) -> Wanted | None:
        width, height = self.size.width, self._room
        if self._choice.metric is None or not self.display or width < 1 or height < 1:
            return None
        return Wanted(self.charts, width, height, self.look, turn)

    def segments(self, y: int, width: int) -> list[Segment]:
        if self._said and y == self.size.height - 1:
            return [Segment(one_line(self._said, width), self.style_of("event"))]
        return self._words(y, width) if self._choice.metric is None else super().segments(y, width)

    def _words(self, y: int, width: int) -> list[Segment]:
        """How to get a chart, for a run without metrics."""
        if not self._is_known:
            return []
        lines = [(line, is_code) for text, is_code in _HOW for line in wrapped(text, width)]
        if y >= min(len(lines), self.size.height):
            return []
        text, is_code = lines[y]
        return [Segment(text, self.style_of("title" if is_code else "plain"))]
