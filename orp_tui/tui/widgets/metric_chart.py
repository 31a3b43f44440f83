"""The chart of a run's metrics: one at a time, drawn in a thread, and only when there is something new."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from rich.segment import Segment
from rich.style import Style
from textual import on, work
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from orp_tui.charts.look import Axis, Look, Markers
from orp_tui.charts.picture import Picture, Role, Span
from orp_tui.core.sanitise import one_line
from orp_tui.core.series import Series
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.wrapping import wrapped

_SHARE = 8
"""A chart that takes long is drawn the more seldom: it takes at most an eighth of a core."""
SMOOTHING = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
_AXES: tuple[Axis, ...] = ("step", "since", "wall")

_HOW = (
    ("no metrics yet; a training logs them with", False),
    ("from orp_tui import log; log(step, loss=loss)", True),
    ("or any program with JSON lines into $ORP_METRICS_FILE:", False),
    ('{"step": 1, "loss": 0.31}', True),
)
"""Words, and whether they are to be typed."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Everything that a drawing depends on; equal ones look the same."""

    series: tuple[Series, ...]
    width: int
    height: int
    look: Look
    turn: int


class MetricChart(Widget, can_focus=True):
    """Shows plain values; keys choose the metric and how it is drawn."""

    BINDINGS = bindings("chart")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{role}" for role in get_args(Role)}
    DEFAULT_CSS = """
    MetricChart { width: 1fr; height: 1fr; }
    """

    @dataclasses.dataclass
    class Drawn(Message):
        """A picture is ready."""

        widget: MetricChart
        wanted: Wanted
        picture: Picture
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

    def __init__(self, *, ascii_only: bool = False, period_s: float = 0.5, **options: Any) -> None:
        """`period_s`: least seconds between two drawings of new values. `options`: as Widget takes them."""
        super().__init__(**options)
        self._ascii = ascii_only
        self._period_s = period_s
        self._series: Mapping[str, Series] = {}
        self._is_known = False
        self._said = ""
        self._metric: str | None = None
        self._choice: str | None = None
        self._log = False
        self._smoothing = 0
        self._axis = 0
        self._drawing: Wanted | None = None
        self._drawn: Wanted | None = None
        self._picture = Picture(())
        self._drawn_at = self._took_s = 0.0
        self._is_warm = False
        self._turn = 0
        """Counts the runs that were shown."""
        self._later: Timer | None = None

    # What is shown

    def show(
        self, series: Mapping[str, Series] | None, primary: str | None = None, *, said: str = ""
    ) -> None:
        """Show these metrics, in the order in which `c` goes through them; None if nobody has looked yet.

        `primary` is drawn, else the first one, until somebody chooses another; that choice stays,
        from run to run, wherever there is a metric of its name. `said` is what is wrong with the
        file, in words.
        """
        before = self.title
        if (series is None) == self._is_known or bool(series) != bool(self._series) or said != self._said:
            self.refresh()
        self._is_known, self._series, self._said = series is not None, series or {}, said
        if not self._series:
            self._forget()
        first = primary if primary in self._series else next(iter(self._series), None)
        self._metric = self._choice if self._choice in self._series else first
        if self.title != before:
            self.post_message(self.TitleChanged(self))
        self._draw_soon()

    def _forget(self) -> None:
        """What comes next is another run's: it is drawn at once, and never beneath this one's picture."""
        self._picture, self._drawn, self._drawn_at = Picture(()), None, 0.0
        self._turn += 1

    @property
    def metric(self) -> str | None:
        """The one that is drawn."""
        return self._metric

    @property
    def title(self) -> str:
        """What the border says: `Chart loss 1/7`."""
        if self._metric is None:
            return "Chart"
        place = list(self._series).index(self._metric) + 1
        return f"Chart {one_line(self._metric, 40)} {place}/{len(self._series)}"

    @property
    def look(self) -> Look:
        """How it is drawn."""
        markers: Markers = "ascii" if self._ascii else "braille"
        return Look(markers, self._log, SMOOTHING[self._smoothing], _AXES[self._axis])

    @property
    def is_settled(self) -> bool:
        """Whether what is on the screen is what should be there."""
        return self._wanted() == self._drawn and self._drawing is None

    # Keys

    def action_next_metric(self, by: int) -> None:
        names = list(self._series)
        if len(names) < 2 or self._metric is None:
            return
        self._metric = self._choice = names[(names.index(self._metric) + by) % len(names)]
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
        self._draw_now()

    # Drawing

    def on_resize(self) -> None:
        self._draw_now()

    def on_show(self) -> None:
        self._draw_now()

    def _wanted(self) -> Wanted | None:
        """What should be on the screen; None if it is no chart, or nobody sees it."""
        height = self.size.height - bool(self._said)
        if self._metric is None or not self.display or self.size.width < 1 or height < 1:
            return None
        return Wanted((self._series[self._metric],), self.size.width, height, self.look, self._turn)

    def _draw_soon(self) -> None:
        """Draw, but not more often than the period says."""
        if self._later is not None or not self.is_mounted:
            return
        wait_s = self._drawn_at + max(self._period_s, _SHARE * self._took_s) - time.monotonic()
        if wait_s <= 0:
            self._draw_now()
        elif self._wanted() != self._drawn:
            self._later = self.set_timer(wait_s, self._draw_now)

    def _draw_now(self) -> None:
        if self._later is not None:
            self._later.stop()
            self._later = None
        wanted = self._wanted()
        if wanted is None or wanted == self._drawn or self._drawing is not None:
            return  # a drawing under way looks again when it is done
        self._drawing = wanted
        self._drawn_at = time.monotonic()
        self._draw(wanted)

    @work(thread=True, group="chart", exit_on_error=False, description="draw the chart")
    def _draw(self, wanted: Wanted) -> None:
        begun = time.monotonic()
        picture = _picture_of(wanted)
        self.post_message(self.Drawn(self, wanted, picture, time.monotonic() - begun))

    @on(Drawn)
    def _show_picture(self, event: Drawn) -> None:
        event.stop()
        # The first drawing is mostly plotext's import.
        self._took_s = event.took_s if self._is_warm else 0.0
        self._drawing, self._is_warm = None, True
        if event.wanted.turn == self._turn:
            self._put(event.wanted, event.picture)
        self._draw_soon()

    def _put(self, wanted: Wanted, picture: Picture) -> None:
        """Show a picture; only rows that differ are drawn again."""
        before = self._picture.rows
        self._drawn, self._picture = wanted, picture
        after = self._picture.rows
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
        if self._metric is None:
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


def _picture_of(wanted: Wanted) -> Picture:
    """Whatever goes wrong in the drawing is told in its place."""
    try:
        # plotext, and numpy for long series, take their time to import: never before the first paint.
        from orp_tui.charts.render import draw

        return draw(wanted.series, wanted.width, wanted.height, wanted.look)
    except Exception as error:  # noqa: BLE001 - the border of a worker: a chart ends no dashboard
        why = one_line(f"cannot be drawn: {type(error).__name__}: {error}", wanted.width)
        return Picture(((Span(why, "event"),),))
