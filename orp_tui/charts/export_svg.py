"""A chart as SVG: the reduced points with real axes, a legend beside the lines' marks, and no script.

Written by hand: a few shapes need no library, and every text from outside is escaped here. The
colours are told apart by most people who see fewer of them (Okabe and Ito), and the marks by all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from orp_tui.charts.captions import foot, last_of, named
from orp_tui.charts.curve import Curve, spaced
from orp_tui.charts.figure import Figure, figure_of
from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.core.sanitise import one_line

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
WIDTH, HEIGHT = 900, 420
"""Of one chart, in pixels."""
_LEFT, _RIGHT, _BOTTOM = 78, 18, 44
_LINE = 18
"""Height of a line of text."""
_MARK_GAP = 1 / 12
"""Of the width, between the marks of one line."""
_FONT = 'font-family="\'DejaVu Sans\', Verdana, sans-serif" font-size="12"'


@dataclasses.dataclass(frozen=True, slots=True)
class _Box:
    """Where the lines of a figure lie, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def at(self, place: tuple[float, float]) -> tuple[float, float]:
        return self.x + place[0] * self.width, self.y + (1 - place[1]) * self.height


def svg_of(charts: Sequence[Chart], look: Look) -> str:
    """The charts one below the other, as one document."""
    height = HEIGHT * max(1, len(charts))
    size = f'width="{WIDTH}" height="{height}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {height}" {_FONT}>',
        f'<rect {size} fill="#ffffff"/>',
    ]
    for place, chart in enumerate(charts):
        lines += _figure(figure_of(chart, WIDTH - _LEFT - _RIGHT, look), place * HEIGHT)
    return "\n".join([*lines, "</svg>", ""])


def _figure(figure: Figure, top: float) -> Iterator[str]:
    yield _text(_LEFT, top + _LINE, _title(figure), weight="bold")
    entries = list(_legend(figure, top + 2 * _LINE))
    rows = max((row for _, row in entries), default=0) + 1
    yield from (text for text, _ in entries)
    below = foot(figure.chart, 120)
    box_top = top + _LINE * (2 + rows)
    box = _Box(_LEFT, box_top, WIDTH - _LEFT - _RIGHT, top + HEIGHT - _BOTTOM - _LINE * bool(below) - box_top)
    if figure.scales is None:
        yield _text(_LEFT, box_top + _LINE, "no finite value")
    else:
        yield from _axes(figure, box)
        for place, curve in enumerate(figure.curves):
            yield from _curve(figure, box, place, curve)
        yield from _guides(figure, box)
        yield from _events(figure, box)
    if below:
        yield _text(_LEFT, top + HEIGHT - 6, below, fill="#b00020")


def _title(figure: Figure) -> str:
    return ", ".join(filter(None, (one_line(figure.chart.name, 60), figure.count, *figure.notes)))


def _legend(figure: Figure, y: float) -> Iterator[tuple[str, int]]:
    """Each entry with the row it stands in."""
    x, row = float(_LEFT), 0
    for place, curve in enumerate(figure.curves):
        name = named(curve.line) if curve.line.name else one_line(figure.chart.name, 40)
        words = ": ".join(filter(None, (name, last_of(curve.line))))
        wide = 24 + 7.3 * len(words)
        if x > _LEFT and x + wide > WIDTH - _RIGHT:
            x, row = float(_LEFT), row + 1
        at = y + row * _LINE
        colour = COLOURS[place]
        yield _mark(place, x + 5, at - 4, colour) + _text(x + 16, at, words, fill=colour), row
        x += wide


def _axes(figure: Figure, box: _Box) -> Iterator[str]:
    assert figure.scales is not None
    for tick in figure.scales.y_ticks:
        _, y = box.at((0, tick.place))
        yield f'<line x1="{box.x}" x2="{box.x + box.width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>'
        yield _text(box.x - 6, y + 4, tick.label, anchor="end")
    for tick in figure.scales.x_ticks:
        x, y = box.at((tick.place, 0))
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}" stroke="#444444"/>'
        yield _text(x, y + _LINE, tick.label, anchor="middle")
    yield _text(
        box.x + box.width, box.y + box.height + 2 * _LINE - 4, figure.axis, anchor="end", fill="#444444"
    )
    yield (
        f'<path d="M{box.x} {box.y}V{box.y + box.height}H{box.x + box.width}" fill="none" stroke="#444444"/>'
    )


def _curve(figure: Figure, box: _Box, place: int, curve: Curve) -> Iterator[str]:
    colour, scales = COLOURS[place], figure.scales
    assert scales is not None
    if curve.band:
        over = [box.at(at) for at in scales.place([(one.x, one.high) for one in curve.band])]
        under = [box.at(at) for at in scales.place([(one.x, one.low) for one in curve.band])]
        outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*over, *reversed(under)])
        yield f'<polygon points="{outline}" fill="{colour}" fill-opacity="0.15" stroke="none"/>'
    raw = 'stroke-opacity="0.3"' if curve.smooth else ""
    for strokes, how in ((curve.strokes(), raw), (curve.smooth_strokes(), 'stroke-width="2"')):
        for stroke in strokes:
            points = [box.at(at) for at in scales.place(stroke)]
            if len(points) == 1:
                yield _mark(place, *points[0], colour)
            elif points:
                path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-linejoin="round" {how}/>'
    if len(figure.curves) > 1:
        for at in spaced(scales.place(curve.smooth or curve.points), _MARK_GAP, place * _MARK_GAP / 6):
            yield _mark(place, *box.at(at), colour)


def _guides(figure: Figure, box: _Box) -> Iterator[str]:
    assert figure.scales is not None
    for guide in figure.chart.guides:
        found = figure.scales.place([(figure.scales.x.low, guide.value)])
        is_inside = figure.scales.y.low <= guide.value <= figure.scales.y.high
        if not found or not is_inside:
            edge = box.y + 12 if guide.value > figure.scales.y.high else box.y + box.height - 4
            sign = "↑" if guide.value > figure.scales.y.high else "↓"
            yield _text(box.x + box.width - 4, edge, f"{guide.words} {sign}", anchor="end")
            continue
        _, y = box.at(found[0])
        dash = "8 5" if guide.kind == "goal" else "2 4"
        yield (
            f'<line x1="{box.x}" x2="{box.x + box.width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#222222" '
            f'stroke-dasharray="{dash}"/>'
        )
        yield _text(box.x + box.width - 4, y - 4, guide.words, anchor="end")


def _events(figure: Figure, box: _Box) -> Iterator[str]:
    """A red tick on the axis wherever a value is no finite number."""
    assert figure.scales is not None
    for x in sorted({x for curve in figure.curves for x, _ in curve.events}):
        place = figure.scales.x.place(x)
        if place is not None:
            at, y = box.at((place, 0))
            yield f'<path d="M{at:.1f} {y - 9}V{y + 3}" stroke="#b00020" stroke-width="2"/>'


def _mark(place: int, x: float, y: float, colour: str) -> str:
    """Circle, triangle, square, diamond, triangle down, cross."""
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z"',
        f'<path d="M{x - 4:.1f} {y - 4:.1f}h8v8h-8z"',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z"',
        f'<path d="M{x:.1f} {y + 5:.1f}l5 -9h-10z"',
        f'<path d="M{x - 4:.1f} {y - 1:.1f}h3v-3h2v3h3v2h-3v3h-2v-3h-3z"',
    )
    return f'{shapes[place % len(shapes)]} fill="{colour}"/>'


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal", fill: str = "#222222"
) -> str:
    more = f' text-anchor="{anchor}"' if anchor != "start" else ""
    more += f" font-weight={quoteattr(weight)}" if weight != "normal" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}"{more}>{escape(one_line(words))}</text>'
