"""The chart of the metrics of one run or several: drawn in a thread, and only when there is something new."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any, ClassVar, get_args

from rich.segment import Segment
from rich.style import Style
from textual import on, work
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from orp_tui.charts.drawing import Plot
from orp_tui.charts.grid import LAYOUTS, most
from orp_tui.charts.lines import Chart, Guides, RunSeries
from orp_tui.charts.look import Axis, Look, Markers
from orp_tui.charts.picture import Picture, Role
from orp_tui.charts.view import View
from orp_tui.core.sanitise import one_line
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.chart_choice import Choice
from orp_tui.tui.widgets.chart_drawing import Drawn, Wanted, drawn_of
from orp_tui.tui.widgets.wrapping import wrapped

_SHARE = 8
"""A chart that takes long is drawn the more seldom: it takes at most an eighth of a core."""
SMOOTHING = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
_AXES: tuple[Axis, ...] = ("step", "epoch", "since", "wall")

_HOW = (
    ("no metrics yet; a training logs them with", False),
    ("from orp_tui import log; log(step, loss=loss)", True),
    ("or any program with JSON lines into $ORP_METRICS_FILE:", False),
    ('{"step": 1, "loss": 0.31}', True),
)
"""Words, and whether they are to be typed."""


class MetricChart(Widget, can_focus=True):
    """Shows plain values; keys choose the metric, how it is drawn, and where one looks."""

    BINDINGS = bindings("chart")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{role}" for role in get_args(Role)}
    DEFAULT_CSS = """
    MetricChart { width: 1fr; height: 1fr; }
    """

    @dataclasses.dataclass
    class PictureReady(Message):
        """A drawing is ready."""

        widget: MetricChart
        wanted: Wanted
        drawn: Drawn
        took_s: float

        @property
        def control(self) -> MetricChart:
            return self.widget

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
        super().__init__(**options)
        self._ascii = ascii_only
        self._period_s = period_s
        self._choice = Choice()
        self._view = View()
        self._is_known = False
        self._said = ""
        self._log = False
        self._smoothing = 0
        self._axis = 0
        self._drawing: Wanted | None = None
        self._drawn_as: Wanted | None = None
        self._drawn = Drawn()
        self._plot: Plot | None = None
        """The last one in which there was a line: a zoom into nothing can be left as it was entered."""
        self._picture = Picture(())
        self._drawn_at = self._took_s = 0.0
        self._is_warm = False
        self._turn = 0
        """Counts the runs that were shown."""
        self._later: Timer | None = None

    # What is shown

    def show(
        self,
        runs: Sequence[RunSeries] | None,
        primary: str | None = None,
        *,
        guides: Guides | None = None,
        said: str = "",
    ) -> None:
        """Show the metrics of these runs, in the order in which `c` goes through them; None if nobody has looked yet.

        `primary` is drawn, else the first one, until somebody chooses another; that choice stays,
        from run to run, wherever there is a metric of its name. `guides` are drawn across the
        charts of their metrics. `said` is what is wrong with a file, in words.
        """
        before, had = self.title, self._choice.metric
        others = [run.name for run in runs or ()] != [run.name for run in self._choice.runs]
        self._choice.take(runs or (), primary, guides or {})
        is_known = runs is not None
        if is_known != self._is_known or (had is None) != (self._choice.metric is None) or said != self._said:
            self.refresh()
        self._is_known, self._said = is_known, said
        if self._choice.metric is None:
            self._forget()
        if self.title != before:
            self.post_message(self.TitleChanged(self))
        if others:
            self._drawn_at = 0.0
        self._draw_soon()

    def _forget(self) -> None:
        """What comes next is another run's: it is drawn at once, and never beneath this one's picture."""
        self._drawn, self._picture, self._drawn_as, self._drawn_at = Drawn(), Picture(()), None, 0.0
        self._view, self._plot = View(), None
        self._turn += 1

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
        view = self._view
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
    def view(self) -> View:
        """Where somebody looks."""
        return self._view

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
        self._draw_now()

    @property
    def is_settled(self) -> bool:
        """Whether what is on the screen is what should be there."""
        return self._wanted() == self._drawn_as and self._drawing is None

    # Keys: what is drawn, and how

    def action_next_metric(self, by: int) -> None:
        if self._choice.step(by):
            self.post_message(self.TitleChanged(self))
            self._draw_now()

    def action_log_scale(self) -> None:
        self._log = not self._log
        self._draw_now()

    def action_smooth(self, by: int) -> None:
        self._smoothing = min(max(self._smoothing + by, 0), len(SMOOTHING) - 1)
        self._draw_now()

    def action_axis(self) -> None:
        self._axis = (self._axis + 1) % len(_AXES)
        # A place on one axis is none on another.
        self._look_at(View())

    def action_layout(self) -> None:
        """One chart, two, four; as many as there is room for."""
        layouts = [count for count in LAYOUTS if count <= most(self.size.width, self._room)]
        now = self._choice.layout
        self._choice.layout = next((count for count in layouts if count > now), LAYOUTS[0])
        self._draw_now()

    def action_members(self) -> None:
        if self._choice.has_seeds or self._choice.apart:
            self._choice.apart = not self._choice.apart
            self._draw_now()

    # Keys: where one looks

    def action_move(self, columns: int) -> None:
        if (plot := self._drawn.plot) is not None:
            self._look_at(self._view.moved(columns, plot))

    def action_zoom(self, factor: float) -> None:
        if (plot := self._plot) is not None:
            self._look_at(self._view.zoomed(factor, plot))

    def action_pan(self, direction: int) -> None:
        if (plot := self._plot) is not None:
            self._look_at(self._view.panned(direction, plot))

    def action_choose_range(self) -> None:
        if (plot := self._drawn.plot) is not None:
            self._look_at(self._view.ranged(plot))

    def action_whole(self) -> None:
        self._look_at(dataclasses.replace(self._view, window=None, begin=None))

    def action_to_log(self) -> None:
        plot, cursor = self._drawn.plot, self._view.cursor
        if plot is None or cursor is None:
            return
        from orp_tui.charts.axes import step_at

        found = step_at(plot.chart, plot.look.axis, cursor)
        if found is not None:
            self.post_message(self.LogWanted(self, *found))

    def leave(self) -> bool:
        """One level back: out of a stretch, the cursor, the zoom, the filter. False if there was none."""
        before = self._view.left()
        if before is not None:
            self._look_at(before)
        elif self._choice.filter:
            self._choice.release()
            self.post_message(self.TitleChanged(self))
            self._draw_now()
        else:
            return False
        return True

    def _look_at(self, view: View) -> None:
        """Show that part; the cursor alone is put over what was drawn."""
        self._view = view
        self._put(self._drawn.picture(view))
        self._draw_now()

    # Drawing

    def on_resize(self) -> None:
        self._draw_now()

    def on_show(self) -> None:
        self._draw_now()

    @property
    def _room(self) -> int:
        return self.size.height - bool(self._said)

    def _wanted(self) -> Wanted | None:
        """What should be on the screen; None if it is no chart, or nobody sees it."""
        width, height = self.size.width, self._room
        if self._choice.metric is None or not self.display or width < 1 or height < 1:
            return None
        return Wanted(self.charts, width, height, self.look, self._turn)

    def _draw_soon(self) -> None:
        """Draw, but not more often than the period says."""
        if self._later is not None or not self.is_mounted:
            return
        wait_s = self._drawn_at + max(self._period_s, _SHARE * self._took_s) - time.monotonic()
        if wait_s <= 0:
            self._draw_now()
        elif self._wanted() != self._drawn_as:
            self._later = self.set_timer(wait_s, self._draw_now)

    def _draw_now(self) -> None:
        if self._later is not None:
            self._later.stop()
            self._later = None
        wanted = self._wanted()
        if wanted is None or wanted == self._drawn_as or self._drawing is not None:
            return  # a drawing under way looks again when it is done
        self._drawing = wanted
        self._drawn_at = time.monotonic()
        self._draw(wanted)

    @work(thread=True, group="chart", exit_on_error=False, description="draw the chart")
    def _draw(self, wanted: Wanted) -> None:
        begun = time.monotonic()
        drawn = drawn_of(wanted)
        self.post_message(self.PictureReady(self, wanted, drawn, time.monotonic() - begun))

    @on(PictureReady)
    def _show_picture(self, event: PictureReady) -> None:
        event.stop()
        # The first drawing is mostly plotext's import.
        self._took_s = event.took_s if self._is_warm else 0.0
        self._drawing, self._is_warm = None, True
        if event.wanted.turn == self._turn:
            self._drawn_as, self._drawn = event.wanted, event.drawn
            self._plot = event.drawn.plot or self._plot
            self._put(self._drawn.picture(self._view))
        # What a key asked for meanwhile does not wait for the period.
        if (wanted := self._wanted()) is not None and wanted.look != event.wanted.look:
            self._draw_now()
        self._draw_soon()

    def _put(self, picture: Picture) -> None:
        """Show a picture; only rows that differ are drawn again."""
        before, after = self._picture.rows, picture.rows
        self._picture = picture
        changed = [y for y in range(max(len(before), len(after))) if before[y : y + 1] != after[y : y + 1]]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        strip = Strip(self._segments(y, width))
        return strip.adjust_cell_length(width, base)

    def _segments(self, y: int, width: int) -> list[Segment]:
        if self._said and y == self.size.height - 1:
            return [Segment(one_line(self._said, width), self._style("event"))]
        if self._choice.metric is None:
            return self._words(y, width)
        row = self._picture.rows[y] if y < len(self._picture.rows) else ()
        return [Segment(span.text, self._style(span.role)) for span in row]

    def _words(self, y: int, width: int) -> list[Segment]:
        """How to get a chart, for a run without metrics."""
        if not self._is_known:
            return []
        lines = [(line, is_code) for text, is_code in _HOW for line in wrapped(text, width)]
        if y >= min(len(lines), self.size.height):
            return []
        text, is_code = lines[y]
        return [Segment(text, self._style("title" if is_code else "plain"))]

    def _style(self, role: str) -> Style:
        return self.get_component_rich_style(f"chart--{role}")
