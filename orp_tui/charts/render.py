"""Series → text of a given width and height. The only user of plotext.

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

from orp_tui.charts.clock import Clock, is_clock
from orp_tui.charts.curve import Curve, curve_of, events_of, title_of
from orp_tui.charts.look import DOTS, Look
from orp_tui.charts.picture import LINE_ROLES, Picture, Role, Span, spans_of
from orp_tui.charts.scale import Scale, Tick, plain_number, step_number
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.series import Series
from orp_tui.core.words import number

Cells = list[list[tuple[str, Role]]]

_LEAST_WIDTH, _LEAST_HEIGHT = 20, 4
"""Of a plot with axes; a smaller one is the lines alone."""
_MARKS = "●▲■◆▼★"
_ASCII_MARKS = "*o+x#@"
_MARK_EVERY = 14
"""Cells between the marks that tell one line from another without colours."""
_PLOTEXT_MARKERS = {"braille": "braille", "block": "hd"}
_ASCII = str.maketrans("─│┌┐└┘┤├┬┴┼…", "-|++++++++++~"[:12])
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
    look = look or Look()
    if width < 1 or height < 1:
        return Picture(())
    columns = max(1, width - (8 if _has_axes(width, height - 1) else 0)) * DOTS[look.markers]
    curves = [curve_of(one, columns, look) for one in series[: len(LINE_ROLES)]]
    rows = [_title(curves, look, width)]
    foot = _foot(curves, width) if height >= 4 else None
    room = height - len(rows) - (foot is not None)
    if room > 0:
        rows += _plot(curves, width, room, look)
    if foot is not None:
        rows.append((Span(foot, "event"),))
    return Picture(tuple(_in_ascii(row) for row in rows) if look.markers == "ascii" else tuple(rows))


def _title(curves: Sequence[Curve], look: Look, width: int) -> tuple[Span, ...]:
    if not curves:
        return (Span(one_line("no metric", width), "title"),)
    if len(curves) == 1:
        return (Span(title_of(curves[0], look, width), "title"),)
    spans: list[Span] = []
    left = width
    for place, curve in enumerate(curves):
        room = left // (len(curves) - place)
        value = number(curve.series.summary.last) if len(curve.series) else ""
        name = one_line(curve.series.name, max(1, room - len(value) - 5))
        text = one_line(f"{_mark(place, look)} {name} {value}", max(0, room - 2)) + "  "
        spans.append(Span(text, LINE_ROLES[place]))
        left -= cell_width(text)
    return tuple(spans)


def _foot(curves: Sequence[Curve], width: int) -> str | None:
    """What is said of events; None if there are none."""
    told = [(curve, events_of(curve.series)) for curve in curves]
    several = len(curves) > 1
    texts = [
        f"{one_line(curve.series.name, 20)}: {text}" if several else text for curve, text in told if text
    ]
    return one_line("! " + "; ".join(texts), width) if texts else None


def _plot(curves: Sequence[Curve], width: int, height: int, look: Look) -> list[tuple[Span, ...]]:
    values = [value for curve in curves for value in curve.values]
    if not values:
        some = any(len(curve.series) for curve in curves)
        why = "no finite value yet" if some else "no value yet"
        return _centred(why, width, height)
    xs = [x for curve in curves for x in (*curve.reduced.xs, *(x for x, _ in curve.reduced.events))]
    x_scale, y_scale = _x_scale(xs), Scale.over(values, log=look.log, margin=0.04)
    cells = _by_plotext(curves, x_scale, y_scale, width, height, look)
    if _has_axes(width, height):
        _mark_events(cells, curves, x_scale)
    return [spans_of(row) for row in cells]


def _x_scale(xs: Sequence[float]) -> Scale:
    """Exactly from end to end; a single x stands in the middle."""
    return Scale.over(xs)


def _has_axes(width: int, height: int) -> bool:
    return width >= _LEAST_WIDTH and height >= _LEAST_HEIGHT


def _by_plotext(
    curves: Sequence[Curve], x_scale: Scale, y_scale: Scale, width: int, height: int, look: Look
) -> Cells:
    import plotext  # type: ignore[import-untyped]

    with _one_at_a_time:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plot_size(width, height)
        plotext.ticks_color(_AXIS)
        axes = _has_axes(width, height)
        plotext.xaxes(axes, False)
        plotext.yaxes(axes, False)
        plotext.xlim(0, 1)
        plotext.ylim(0, 1)
        _set_ticks(plotext, curves, x_scale, y_scale, width if axes else 0, height, look)
        for place, curve in enumerate(curves):
            _draw_curve(plotext, place, curve, len(curves) > 1, x_scale, y_scale, width, look)
        text = plotext.build()
        plotext.clear_figure()
    return _cells_of(text, width, height)


def _set_ticks(
    plotext: Any, curves: Sequence[Curve], x_scale: Scale, y_scale: Scale, width: int, height: int, look: Look
) -> None:  # Any: plotext has no types
    """Without a width: none."""
    xs = _x_ticks(x_scale, curves, max(2, width // 14), look) if width else []
    ys = y_scale.ticks(max(2, min(height // 3, 8)), plain_number) if width else []
    plotext.xticks([tick.place for tick in xs], [tick.label for tick in xs])
    plotext.yticks([tick.place for tick in ys], [tick.label for tick in ys])


def _x_ticks(scale: Scale, curves: Sequence[Curve], most: int, look: Look) -> list[Tick]:
    if look.axis != "step":
        starts = [curve.series.blocks[0].times[0] for curve in curves if curve.series.blocks]
        wall = look.axis == "wall" and is_clock(scale.low, scale.high)
        ticks = Clock(min(starts, default=0.0), wall).ticks(scale, most)
        if ticks:
            return ticks
    return scale.ticks(most, step_number)


def _draw_curve(
    plotext: Any,
    place: int,
    curve: Curve,
    several: bool,
    x_scale: Scale,
    y_scale: Scale,
    width: int,
    look: Look,
) -> None:  # Any: plotext has no types
    ascii_only = look.markers == "ascii"
    marker = _mark(place, look) if ascii_only else _PLOTEXT_MARKERS[look.markers]
    colour = _FIRST_LINE + place
    if curve.smooth:
        raw = "." if ascii_only else marker
        _draw_strokes(plotext, curve.strokes(), raw, _DIM, x_scale, y_scale)
        strokes = curve.smooth_strokes()
    else:
        strokes = curve.strokes()
    _draw_strokes(plotext, strokes, marker, colour, x_scale, y_scale)
    if several and not ascii_only:
        points = [point for stroke in strokes for point in stroke]
        every = max(1, len(points) * _MARK_EVERY // max(1, width))
        _scatter(plotext, points[place * every // 3 :: every], _mark(place, look), colour, x_scale, y_scale)


def _draw_strokes(
    plotext: Any, strokes: Sequence[Sequence[tuple[float, float]]], marker: str, colour: int, x_scale: Scale, y_scale: Scale
) -> None:  # fmt: skip  # Any: plotext has no types
    for stroke in strokes:
        xs, ys = _placed(stroke, x_scale, y_scale)
        if xs:
            plotext.plot(xs, ys, marker=marker, color=colour)


def _scatter(
    plotext: Any, points: Sequence[tuple[float, float]], marker: str, colour: int, x_scale: Scale, y_scale: Scale
) -> None:  # fmt: skip  # Any: plotext has no types
    xs, ys = _placed(points, x_scale, y_scale)
    if xs:
        plotext.scatter(xs, ys, marker=marker, color=colour)


def _placed(
    points: Sequence[tuple[float, float]], x_scale: Scale, y_scale: Scale
) -> tuple[list[float], list[float]]:
    """The points between 0 and 1; those that the scale has no place for are left out."""
    places = [(x_scale.place(x), y_scale.place(y)) for x, y in points]
    good = [(x, y) for x, y in places if x is not None and y is not None]
    return [x for x, _ in good], [y for _, y in good]


def _mark(place: int, look: Look) -> str:
    return (_ASCII_MARKS if look.markers == "ascii" else _MARKS)[place]


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


def _mark_events(cells: Cells, curves: Sequence[Curve], x_scale: Scale) -> None:
    """A mark on the x axis wherever a value is no finite number."""
    axis = next((row for row in cells if any(char == "└" for char, _ in row)), None)
    if axis is None:
        return
    left = next(place for place, (char, _) in enumerate(axis) if char == "└") + 1
    last = len(axis) - 1 - left
    for curve in curves:
        for x, _ in curve.reduced.events:
            place = x_scale.place(x)
            if place is not None and last >= 0:
                axis[left + round(place * last)] = ("!", "event")


def _centred(text: str, width: int, height: int) -> list[tuple[Span, ...]]:
    line = one_line(text, width)
    padding = " " * ((width - cell_width(line)) // 2)
    return [(Span(padding + line, "axis"),) if row == (height - 1) // 2 else () for row in range(height)]


def _in_ascii(row: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(
        Span(span.text.translate(_ASCII).encode("ascii", "replace").decode("ascii"), span.role)
        for span in row
    )
