"""A widget that is drawn in a thread: only when there is something new, and not more often than it may."""

from __future__ import annotations

import dataclasses
import time
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
from orp_tui.charts.picture import Picture, Role
from orp_tui.charts.view import View
from orp_tui.tui.widgets.chart_drawing import Drawn, Wanted, drawn_of

_SHARE = 8
"""A chart that takes long is drawn the more seldom: it takes at most an eighth of a core."""


class ChartCanvas(Widget):
    """Heirs say what is wanted, and call `draw_soon` or `draw_now` when that may be something else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{role}" for role in get_args(Role)}

    @dataclasses.dataclass
    class PictureReady(Message):
        """A drawing is ready."""

        widget: ChartCanvas
        wanted: Wanted
        drawn: Drawn
        took_s: float

        @property
        def control(self) -> ChartCanvas:
            return self.widget

    def __init__(self, *, period_s: float, **options: Any) -> None:  # Any: as Widget takes them
        """`period_s`: least seconds between two drawings of new values."""
        super().__init__(**options)
        self._period_s = period_s
        self._where = View()
        self._drawing: Wanted | None = None
        self._drawn_as: Wanted | None = None
        self._drawn = Drawn()
        self._plot: Plot | None = None
        self._picture = Picture(())
        self._drawn_at = self._took_s = 0.0
        self._is_warm = False
        self._turn = 0
        """Counts the runs that were shown."""
        self._later: Timer | None = None

    # For heirs

    def wanted(self, turn: int) -> Wanted | None:
        """What should be on the screen; None if it is no chart, or nobody sees it."""
        raise NotImplementedError

    @property
    def view(self) -> View:
        """Where somebody looks."""
        return self._where

    def look_at(self, view: View) -> None:
        """Show that part; the cursor alone is put over what was drawn."""
        self._where = view
        self._put(self._drawn.picture(view))
        self.draw_now()

    @property
    def plot(self) -> Plot | None:
        """What the cursor moves in; None while there is no line."""
        return self._drawn.plot

    @property
    def last_plot(self) -> Plot | None:
        """The last one in which there was a line: a zoom into nothing can be left as it was entered."""
        return self._plot

    def forget(self) -> None:
        """What comes next is another run's: it is drawn at once, and never beneath this one's picture."""
        self._drawn, self._picture, self._drawn_as, self._drawn_at = Drawn(), Picture(()), None, 0.0
        self._where, self._plot = View(), None
        self._turn += 1

    def hurry(self) -> None:
        """Let the next drawing not wait for the period."""
        self._drawn_at = 0.0

    @property
    def is_settled(self) -> bool:
        """Whether what is on the screen is what should be there."""
        return self.wanted(self._turn) == self._drawn_as and self._drawing is None

    # Drawing

    def on_resize(self) -> None:
        self.draw_now()

    def on_show(self) -> None:
        self.draw_now()

    def draw_soon(self) -> None:
        """Draw, but not more often than the period says."""
        if self._later is not None or not self.is_mounted:
            return
        wait_s = self._drawn_at + max(self._period_s, _SHARE * self._took_s) - time.monotonic()
        if wait_s <= 0:
            self.draw_now()
        elif self.wanted(self._turn) != self._drawn_as:
            self._later = self.set_timer(wait_s, self.draw_now)

    def draw_now(self) -> None:
        """Draw, if there is something to be drawn that is not on the screen."""
        if self._later is not None:
            self._later.stop()
            self._later = None
        wanted = self.wanted(self._turn)
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
            self._put(self._drawn.picture(self._where))
        # What a key asked for meanwhile does not wait for the period.
        if (wanted := self.wanted(self._turn)) is not None and wanted.look != event.wanted.look:
            self.draw_now()
        self.draw_soon()

    def _put(self, picture: Picture) -> None:
        """Show a picture; only rows that differ are drawn again."""
        before, after = self._picture.rows, picture.rows
        self._picture = picture
        changed = [y for y in range(max(len(before), len(after))) if before[y : y + 1] != after[y : y + 1]]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        return Strip(self.segments(y, self.size.width)).adjust_cell_length(self.size.width, self.rich_style)

    def segments(self, y: int, width: int) -> list[Segment]:
        """One row of the picture."""
        row = self._picture.rows[y] if y < len(self._picture.rows) else ()
        return [Segment(span.text, self.style_of(span.role)) for span in row]

    def style_of(self, role: Role) -> Style:
        """How a part of a chart looks in the theme."""
        return self.get_component_rich_style(f"chart--{role}")
