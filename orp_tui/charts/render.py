"""A chart → text of a given width and height. The only user of plotext.

plotext draws the lines, the axes and their labels; it works on one figure for the whole process,
so every call clears it first and only one thread draws at a time. What it is given is scaled to
0…1 here, so that no value can overflow in it. Its answer is read cell by cell: of the escape
sequences only the colours are looked at, and none goes on.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

from orp_tui.charts.captions import Said, foot, head, mark
from orp_tui.charts.curve import Curve, curves_of, extent_of, spaced
from orp_tui.charts.drawing import Drawing, Plot
from orp_tui.charts.frame import Frame, columns_for, frame_of
from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.charts.overlays import Cells, put_bands, put_events, put_guides
from orp_tui.charts.picture import LINE_ROLES, Picture, Role, Row, Span, spans_of
from orp_tui.charts.possible import possible
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.metrics.downsample import Ends

_MARK_EVERY = 14
"""Cells between the marks that tell one line from another without colours."""
_LEGEND_SHARE = 4
"""Title and legend take at most one row of so many."""
_LONG_VALUE = "-0.1234…-0.1234"
_PLOTEXT_MARKERS = {"braille": "braille", "block": "hd"}
_ASCII = str.maketrans("─│┌┐└┘┤├┬┴┼…–╌┈↑↓━µ", "-|+++++++++~--.^v=u")
_PIECE = re.compile(r"\x1b\[([0-9;]*)m|(.)", re.DOTALL)
_FIRST_LINE, _DIM, _AXIS = 100, 90, 91
"""Colour numbers that stand for roles on the way through plotext."""
_ROLES: dict[int, Role] = {_DIM: "dim", _AXIS: "axis"}
_ROLES.update({_FIRST_LINE + place: role for place, role in enumerate(LINE_ROLES)})

_one_at_a_time = threading.Lock()


def draw(chart: Chart, width: int, height: int, look: Look | None = None) -> Drawing:
    """A chart in `width` × `height` terminal cells.

    Whatever the size and the values there is a picture; where nothing can be drawn it says why.
    """
    if width < 1 or height < 1:
        return Drawing(Picture(()), None)
    look, notes = possible(chart, look or Look())
    extent = extent_of(chart, look) if look.window is not None or len(chart.series) > 1 else None
    below = foot(chart, width) if height >= 4 else None
    room = height - (below is not None)
    columns = columns_for(chart, width, room - 1, look)
    curves = curves_of(chart, columns, look, look.window or extent)
    legend = max(1, height // _LEGEND_SHARE)
    head_rows = _head_rows(chart, curves, look, notes, width, legend)
    body, frame, curves = _body(chart, curves, width, room - head_rows, look, extent)
    above = head(chart, curves, look, Said(tuple(notes)), width, head_rows)
    rows = [*above, *[()] * (head_rows - len(above)), *body]
    if below is not None:
        rows.append((Span(below, "event"),))
    plot = None
    if frame is not None:
        plot = Plot(chart, curves, frame, look, tuple(notes), extent or _ends(curves, frame), head_rows)
    return Drawing(in_look(rows, look), plot)


def _head_rows(
    chart: Chart, curves: Sequence[Curve], look: Look, notes: Sequence[str], width: int, most: int
) -> int:
    """How many rows title and legend take, also with the longest values that a cursor may read."""
    said = [Said(tuple(notes))]
    if look.reading:
        said.append(Said(tuple(notes), (_LONG_VALUE,) * len(curves), "step"))
    return max(len(head(chart, curves, look, one, width, most)) for one in said)


def in_look(rows: Sequence[Row], look: Look) -> Picture:
    """The rows as a picture, of ASCII alone where that is wanted."""
    return Picture(tuple(_in_ascii(row) for row in rows) if look.markers == "ascii" else tuple(rows))


def _ends(curves: Sequence[Curve], frame: Frame) -> Ends:
    """From where to where everything reaches that was reduced."""
    xs = [x for curve in curves for one in curve.members for x in (*one.xs[:1], *one.xs[-1:])]
    xs += [x for curve in curves for x, _ in curve.events]
    return (min(xs), max(xs)) if xs else (frame.x.low, frame.x.high)


def _body(
    chart: Chart, curves: list[Curve], width: int, height: int, look: Look, extent: Ends | None
) -> tuple[list[Row], Frame | None, list[Curve]]:
    """The rows of lines and axes; the frame, if there is a line, and the curves as they are drawn in it."""
    if height < 1:
        return [], None, curves
    if not any(curve.points for curve in curves):
        some = any(len(one) for one in chart.series)
        none_there = "no finite value here" if look.window is not None else "no finite value yet"
        return _centred(none_there if some else "no value yet", width, height), None, curves
    frame = frame_of(curves, chart, width, height, look)
    columns = frame.cells * frame.dots
    if any(one.columns not in (None, columns) for curve in curves for one in curve.members):
        # The labels are of another width than was guessed: the columns of the plot are to be full.
        curves = curves_of(chart, columns, look, look.window or extent)
    cells = _by_plotext(curves, frame, look)
    put_bands(cells, curves, frame, look)
    put_guides(cells, chart.guides, frame, look)
    put_events(cells, curves, frame)
    return [spans_of(row) for row in cells], frame, curves


def _by_plotext(curves: Sequence[Curve], frame: Frame, look: Look) -> Cells:
    import plotext  # type: ignore[import-untyped]  # it ships no types, and no stubs exist

    with _one_at_a_time:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plot_size(frame.width, frame.height)
        plotext.ticks_color(_AXIS)
        plotext.xaxes(frame.has_axes, False)
        plotext.yaxes(frame.has_axes, False)
        plotext.xlim(0, 1)
        plotext.ylim(0, 1)
        plotext.xticks(*frame.x_labels())
        plotext.yticks([tick.place for tick in frame.y_ticks], [tick.label for tick in frame.y_ticks])
        for place, curve in enumerate(curves):
            _Pen(plotext, frame, look, place, several=len(curves) > 1).draw(curve)
        text = plotext.build()
        plotext.clear_figure()
    return _cells_of(text, frame.width, frame.height)


class _Pen:
    """Draws one curve with its colour and its marks."""

    def __init__(self, plotext: Any, frame: Frame, look: Look, place: int, *, several: bool) -> None:
        # Any: plotext has no types
        self._plotext, self._frame, self._place = plotext, frame, place
        self._is_ascii = look.markers == "ascii"
        self._mark = mark(place, look)
        self._marker = self._mark if self._is_ascii else _PLOTEXT_MARKERS[look.markers]
        self._several = several

    def draw(self, curve: Curve) -> None:
        colour = _FIRST_LINE + self._place
        if curve.smooth:
            self._strokes(curve.strokes(), "." if self._is_ascii else self._marker, _DIM)
        strokes = curve.smooth_strokes() if curve.smooth else curve.strokes()
        self._strokes(strokes, self._marker, colour)
        if self._several and not self._is_ascii:
            xs, ys = self._frame.place([point for stroke in strokes for point in stroke])
            gap = min(1.0, _MARK_EVERY / self._frame.cells)
            self._put(spaced(list(zip(xs, ys, strict=True)), gap, self._place * gap / 3), self._mark, colour)

    def _strokes(self, strokes: Sequence[Sequence[tuple[float, float]]], marker: str, colour: int) -> None:
        for stroke in strokes:
            if len(stroke) == 1:
                # A single dot is too small to be seen.
                self._scatter(stroke, self._mark, colour)
                continue
            xs, ys = self._frame.place(stroke)
            if xs:
                self._plotext.plot(xs, ys, marker=marker, color=colour)

    def _scatter(self, points: Sequence[tuple[float, float]], marker: str, colour: int) -> None:
        self._put(list(zip(*self._frame.place(points), strict=True)), marker, colour)

    def _put(self, places: Sequence[tuple[float, float]], marker: str, colour: int) -> None:
        if places:
            xs, ys = zip(*places, strict=True)
            self._plotext.scatter(list(xs), list(ys), marker=marker, color=colour)


def _cells_of(text: str, width: int, height: int) -> Cells:
    """plotext's answer, cell by cell; whatever is too much is cut."""
    rows: Cells = []
    for line in text.split("\n")[:height]:
        role: Role = "plain"
        row: list[tuple[str, Role]] = []
        for codes, char in _PIECE.findall(line):
            if not char:
                role = _role_of(codes)
            elif char.isprintable():
                row.append((char, role if char != " " else "plain"))
        rows.append(row[:width])
    return rows


def _role_of(codes: str) -> Role:
    last = codes.rpartition(";")[2]
    return _ROLES.get(int(last), "plain") if last.isdigit() and codes.startswith("38;") else "plain"


def _centred(text: str, width: int, height: int) -> list[Row]:
    line = one_line(text, width)
    padding = " " * ((width - cell_width(line)) // 2)
    return [(Span(padding + line, "axis"),) if row == (height - 1) // 2 else () for row in range(height)]


def _in_ascii(row: Row) -> Row:
    """The same in the same cells: a mark that takes none is dropped, a wide character is two."""
    return tuple(
        Span(
            "".join(
                char if char.isascii() else "?" * cell_width(char) for char in span.text.translate(_ASCII)
            ),
            span.role,
        )
        for span in row
    )
