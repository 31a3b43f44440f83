"""A cursor in a drawn chart: put over its picture at once, without drawing it anew."""

from __future__ import annotations

import functools
from collections.abc import Callable

from orp_tui.charts.captions import Said, head
from orp_tui.charts.curve import Curve
from orp_tui.charts.drawing import Drawing, Plot
from orp_tui.charts.overlays import SHADE
from orp_tui.charts.picture import Picture, Role, Row, spans_of
from orp_tui.charts.reading import read, where
from orp_tui.charts.render import in_look
from orp_tui.metrics.names import bytes_in, measured

_AXIS_SIGN, _RANGE_SIGN = "┴", "━"


def with_cursor(drawing: Drawing, x: float, begin: float | None = None) -> Picture:
    """The picture with a cursor at `x`, whose place and values stand in the title.

    `begin` is the other end of a stretch that is being chosen; None if none is.
    """
    plot = drawing.plot
    if plot is None:
        return drawing.picture
    cell = plot.frame.cell(x)
    rows = list(drawing.picture.rows)
    titles = _titles(plot, cell)
    for place in range(plot.head):
        rows[place] = titles[place] if place < len(titles) else ()
    for row in range(plot.frame.rows):
        _put(rows, plot.head + row, plot.frame.left + cell, "│", only_blank=True)
    if plot.frame.has_axes:
        axis = plot.head + plot.frame.rows
        if begin is not None:
            low, high = sorted((cell, plot.frame.cell(begin)))
            for chosen in range(low, high + 1):
                _put(rows, axis, plot.frame.left + chosen, _RANGE_SIGN)
        _put(rows, axis, plot.frame.left + cell, _AXIS_SIGN)
    return in_look(rows, plot.look)


def _titles(plot: Plot, cell: int) -> tuple[Row, ...]:
    """Title and legend with what lies under the cursor, in as many rows as there were."""
    readings = [read(curve, plot.frame, cell) for curve in plot.curves]
    said = Said(
        plot.notes,
        tuple(
            one.words(plot.look.axis, _shown_as(curve))
            for one, curve in zip(readings, plot.curves, strict=True)
        ),
        where(plot.curves, readings, plot.frame, cell, plot.look.axis),
    )
    return tuple(head(plot.chart, plot.curves, plot.look, said, plot.frame.width, plot.head))


def _shown_as(curve: Curve) -> Callable[[float], str] | None:
    """How values are written that have a unit; None for those that have none."""
    name = curve.line.members[0].series.name
    return None if bytes_in(name) is None else functools.partial(measured, name)


def _put(rows: list[Row], row: int, column: int, sign: str, *, only_blank: bool = False) -> None:
    """One cell of the cursor; with `only_blank` a line that runs there stays as it is."""
    if not 0 <= row < len(rows):
        return
    cells: list[tuple[str, Role]] = [(char, span.role) for span in rows[row] for char in span.text]
    if column >= len(cells):
        return
    char, role = cells[column]
    if not only_blank or char in (" ", SHADE, ":") or role == "guide":
        cells[column] = (sign, "cursor")
        rows[row] = spans_of(cells)
