"""The drawing of a chart pane, for its thread: one chart, or several small ones."""

from __future__ import annotations

import dataclasses

from orp_tui.charts.drawing import Drawing, Plot
from orp_tui.charts.grid import Part, composed, parts
from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.charts.picture import Picture, Span
from orp_tui.charts.view import View
from orp_tui.core.sanitise import one_line


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Everything that a drawing depends on; equal ones look the same."""

    charts: tuple[Chart, ...]
    """From the one that was chosen on; never empty."""
    width: int
    height: int
    look: Look
    turn: int


@dataclasses.dataclass(frozen=True)
class Drawn:
    """The charts that were drawn, and where."""

    drawings: tuple[Drawing, ...] = ()
    places: tuple[Part, ...] = ()

    def picture(self, view: View) -> Picture:
        """All of it, with the cursor where somebody looks."""
        if not self.drawings:
            return Picture(())
        if view.cursor is None:
            return composed([one.picture for one in self.drawings], self.places)
        from orp_tui.charts.cursor import with_cursor

        return composed([with_cursor(one, view.cursor, view.begin) for one in self.drawings], self.places)

    @property
    def plot(self) -> Plot | None:
        """What the cursor moves in: the first chart with a line; None if there is none."""
        return next((one.plot for one in self.drawings if one.plot is not None), None)


def drawn_of(wanted: Wanted) -> Drawn:
    """Whatever goes wrong in the drawing is told in its place."""
    places = parts(len(wanted.charts), wanted.width, wanted.height)
    return Drawn(
        tuple(_drawing(chart, part, wanted.look) for chart, part in zip(wanted.charts, places, strict=False)),
        tuple(places),
    )


def _drawing(chart: Chart, part: Part, look: Look) -> Drawing:
    try:
        # plotext, and numpy for long series, take their time to import: never before the first paint.
        from orp_tui.charts import render

        return render.draw(chart, part.width, part.height, look)
    except Exception as error:  # noqa: BLE001 - the border of a worker: a chart ends no dashboard
        why = one_line(f"cannot be drawn: {type(error).__name__}: {error}", part.width)
        return Drawing(Picture(((Span(why, "event"),),)), None)
