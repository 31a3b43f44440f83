"""Series → text of a given width and height. The only user of plotext.

plotext draws the lines, the axes and their labels; it works on one figure for the whole process,
so every call clears it first and only one thread draws at a time. What it is given is scaled to
0…1 here, so that no value can overflow in it. Its answer is read cell by cell: of the escape
sequences only the colours are looked at, and none goes on.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Sequence
from typing import Any

from orp_tui.charts.captions import foot, mark, title
from orp_tui.charts.curve import Curve, curve_of
from orp_tui.charts.frame import Frame, columns_for, frame_of
from orp_tui.charts.look import Look
from orp_tui.charts.picture import LINE_ROLES, Picture, Role, Span, spans_of
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.series import Series

Cells = list[list[tuple[str, Role]]]

_MARK_EVERY = 14
"""Cells between the marks that tell one line from another without colours."""
_PLOTEXT_MARKERS = {"braille": "braille", "block": "hd"}
_ASCII = str.maketrans(dict(zip("─│┌┐└┘┤├┬┴┼…–", "-|++++++++++~-"[:13], strict=True)))
_PIECE = re.compile(r"\x1b\[([0-9;]*)m|(.)", re.DOTALL)
_FIRST_LINE, _DIM, _AXIS = 100, 90, 91
"""Colour numbers that stand for roles on the way through plotext."""
_ROLES: dict[int, Role] = {_DIM: "dim", _AXIS: "axis"}
_ROLES.update({_FIRST_LINE + place: role for place, role in enumerate(LINE_ROLES)})

_one_at_a_time = threading.Lock()


def draw(series: Sequence[Series], width: int, height: int, look: Look | None = None) -> Picture:
    """A chart of `series`, at most 6 of them, in `width` × `height` terminal cells.

    Whatever the size and the values there is a picture; where nothing can be drawn it says why.
    """
    if width < 1 or height < 1:
        return Picture(())
    series = series[: len(LINE_ROLES)]
    look, notes = _possible(series, look or Look())
    below = foot(series, width) if height >= 4 else None
    room = height - 1 - (below is not None)
    columns = columns_for(series, width, room, look)
    curves = [curve_of(one, columns, look) for one in series]
    rows = [title(curves, look, notes, width)]
    rows += _plot(curves, width, room, look) if room > 0 else []
    if below is not None:
        rows.append((Span(below, "event"),))
    return Picture(tuple(_in_ascii(row) for row in rows) if look.markers == "ascii" else tuple(rows))


def _possible(series: Sequence[Series], look: Look) -> tuple[Look, list[str]]:
    """The look as far as these series allow it, and what it has to say of that."""
    notes = []
    if look.axis != "step" and not any(one.has_times for one in series):
        look = dataclasses.replace(look, axis="step")
        notes.append("no time stamps")
    if look.log and any(one.summary.lowest <= 0 for one in series):
        if any(one.summary.highest > 0 for one in series):
            notes.append("without 0 and less")
        else:
            look = dataclasses.replace(look, log=False)
            notes.append("no log: nothing above 0")
    return look, notes


def _plot(curves: Sequence[Curve], width: int, height: int, look: Look) -> list[tuple[Span, ...]]:
    if not any(curve.reduced.ys for curve in curves):
        some = any(len(curve.series) for curve in curves)
        return _centred("no finite value yet" if some else "no value yet", width, height)
    frame = frame_of(curves, width, height, look)
    cells = _by_plotext(curves, frame, look)
    if frame.has_axes:
        _mark_events(cells, curves, frame)
    return [spans_of(row) for row in cells]


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
            points = [point for stroke in strokes for point in stroke]
            every = max(1, len(points) * _MARK_EVERY // self._frame.width)
            self._scatter(points[self._place * every // 3 :: every], self._mark, colour)

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
        xs, ys = self._frame.place(points)
        if xs:
            self._plotext.scatter(xs, ys, marker=marker, color=colour)


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


def _mark_events(cells: Cells, curves: Sequence[Curve], frame: Frame) -> None:
    """A mark on the x axis wherever a value is no finite number."""
    axis = next((row for row in cells if any(char == "└" for char, _ in row)), None)
    if axis is None:
        return
    left = next(place for place, (char, _) in enumerate(axis) if char == "└") + 1
    for curve in curves:
        for x, _ in curve.reduced.events:
            cell = frame.cell(x)
            if cell is not None and left + cell < len(axis):
                axis[left + cell] = ("!", "event")


def _centred(text: str, width: int, height: int) -> list[tuple[Span, ...]]:
    line = one_line(text, width)
    padding = " " * ((width - cell_width(line)) // 2)
    return [(Span(padding + line, "axis"),) if row == (height - 1) // 2 else () for row in range(height)]


def _in_ascii(row: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(
        Span(span.text.translate(_ASCII).encode("ascii", "replace").decode("ascii"), span.role)
        for span in row
    )
