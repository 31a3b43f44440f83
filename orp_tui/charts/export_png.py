"""A chart as PNG, by matplotlib: the extra `report`. Only the Agg canvas is used; no window is ever opened."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from typing import Any

from orp_tui.charts.captions import foot, last_of, named
from orp_tui.charts.curve import Curve
from orp_tui.charts.export_svg import COLOURS, HEIGHT, WIDTH
from orp_tui.charts.figure import Figure, Scales, figure_of
from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.core.errors import MissingExtra
from orp_tui.core.sanitise import one_line

Axes = Any  # Any: matplotlib is an extra, and may not be installed where types are checked

_DPI = 100
_MARKS = ("o", "^", "s", "D", "v", "P")
_MARKS_A_LINE = 12


def png_of(charts: Sequence[Chart], look: Look) -> bytes:
    """The charts one below the other.

    Raises MissingExtra without matplotlib.
    """
    try:
        agg: Any = importlib.import_module("matplotlib.backends.backend_agg")  # Any: see above
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise MissingExtra("a chart as PNG", "report") from error
    size = (WIDTH / _DPI, HEIGHT * max(1, len(charts)) / _DPI)
    paper = figures.Figure(figsize=size, dpi=_DPI, layout="constrained")
    agg.FigureCanvasAgg(paper)
    for place, chart in enumerate(charts):
        _draw(paper.add_subplot(max(1, len(charts)), 1, place + 1), figure_of(chart, WIDTH, look))
    data = io.BytesIO()
    paper.savefig(data, format="png")
    return data.getvalue()


def _draw(axes: Axes, figure: Figure) -> None:
    words = (one_line(figure.chart.name, 60), figure.count, *figure.notes)
    axes.set_title(_safe(", ".join(filter(None, words))), loc="left", fontsize=10)
    below = foot(figure.chart, 120)
    axes.set_xlabel(figure.axis + (f"\n{_safe(below)}" if below else ""), fontsize=9)
    if figure.scales is None:
        axes.text(0.5, 0.5, "no finite value", ha="center")
        return
    _set_scales(axes, figure.scales)
    for place, curve in enumerate(figure.curves):
        _draw_curve(axes, figure, place, curve)
    for guide in figure.chart.guides:
        if figure.scales.y.low <= guide.value <= figure.scales.y.high:
            style = "--" if guide.kind == "goal" else ":"
            axes.axhline(guide.value, color="#222222", linestyle=style, linewidth=1, label=_safe(guide.words))
    for x in {x for curve in figure.curves for x, _ in curve.events}:
        axes.plot([x], [0], marker="|", color="#b00020", clip_on=False, transform=axes.get_xaxis_transform())
    # Beside the lines, never over them.
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _set_scales(axes: Axes, scales: Scales) -> None:
    if scales.y.log:
        axes.set_yscale("log")
    axes.set_xlim(scales.x.low, scales.x.high)
    axes.set_ylim(scales.y.low, scales.y.high)
    for ticks, scale, put in (
        (scales.x_ticks, scales.x, axes.set_xticks),
        (scales.y_ticks, scales.y, axes.set_yticks),
    ):
        put([scale.value(tick.place) for tick in ticks], [tick.label for tick in ticks], fontsize=8)
    axes.minorticks_off()
    axes.grid(axis="y", color="#e4e4e4")


def _draw_curve(axes: Axes, figure: Figure, place: int, curve: Curve) -> None:
    colour = COLOURS[place]
    name = named(curve.line) if curve.line.name else one_line(figure.chart.name, 40)
    label = _safe(": ".join(filter(None, (name, last_of(curve.line)))))
    if curve.band:
        xs = [one.x for one in curve.band]
        lows, highs = [one.low for one in curve.band], [one.high for one in curve.band]
        axes.fill_between(xs, lows, highs, color=colour, alpha=0.15, linewidth=0)
    strokes = curve.smooth_strokes() if curve.smooth else curve.strokes()
    for raw in curve.strokes() if curve.smooth else []:
        axes.plot(*zip(*raw, strict=True), color=colour, alpha=0.3, linewidth=1)
    every = max(1, sum(map(len, strokes)) // _MARKS_A_LINE)
    marks = {"marker": _MARKS[place], "markersize": 5, "markevery": (place % every, every)}
    for number, stroke in enumerate(strokes):
        how = marks if len(figure.curves) > 1 or len(stroke) == 1 else {}
        axes.plot(
            *zip(*stroke, strict=True),
            color=colour,
            linewidth=1.5,
            label=label if number == 0 else None,
            **how,
        )


def _safe(words: str) -> str:
    """Text from outside, in which matplotlib would read a formula between dollar signs."""
    return words.replace("$", r"\$")
