"""Charts for a command line: of one run's metrics, or of one metric of several runs at a time."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orp_tui.cli import output
from orp_tui.core.errors import UsageError
from orp_tui.core.words import counted, number

if TYPE_CHECKING:
    from orp_tui.charts.lines import Chart, Guide, Guides, RunSeries
    from orp_tui.charts.look import Look
    from orp_tui.cli.plot_options import PlotWishes

PLOTTED = 4
"""Metrics that are drawn if none is named."""
HEIGHT = 16


def plot(
    runs: Sequence[RunSeries], names: Sequence[str], wishes: PlotWishes, guides: Guides, *, named: bool
) -> None:
    """Draw these metrics, or write them to a file; `named`: somebody asked for them by name, so all are."""
    shown = list(names) if named or wishes.together else list(names)[:PLOTTED]
    charts = _charts(runs, shown, wishes, guides)
    look = _look(charts, wishes)
    if wishes.export is not None:
        from orp_tui.services.chart_export import write_charts

        output.say(f"wrote {write_charts(charts, look, wishes.export)}")
    elif charts:
        _draw(charts, look)
    left = len(names) - len(shown) + sum(chart.left_out for chart in charts if not chart.name)
    if left:
        output.say(f"{counted(left, 'more metric')}; choose with --metric NAME")


def _draw(charts: Sequence[Chart], look: Look) -> None:
    from orp_tui.charts.render import draw

    width = max(20, shutil.get_terminal_size().columns)
    # A legend and the words below it take rows from the line: of several runs it has some more.
    heights = [HEIGHT + 2 * (len(chart.lines) > 1) for chart in charts]
    pictures = [
        draw(chart, width, height, look).picture for chart, height in zip(charts, heights, strict=True)
    ]
    coloured = output.has_colours(sys.stdout)
    output.emit("\n\n".join(picture.ansi() if coloured else picture.plain() for picture in pictures))


def _charts(
    runs: Sequence[RunSeries], names: Sequence[str], wishes: PlotWishes, guides: Guides
) -> list[Chart]:
    from orp_tui.charts.lines import Chart, plain_name

    def lines_at(name: str) -> list[Guide]:
        return [*guides.get(plain_name(name), ()), *_goals(name, wishes)]

    if wishes.together:
        if len(runs) > 1:
            raise UsageError(
                "--together is for the metrics of one run; several runs share a chart by themselves"
            )
        every = {guide: None for name in names for guide in lines_at(name)}
        return [Chart.of([runs[0].series[name] for name in names], every)] if names else []
    return [Chart.of_runs(name, runs, lines_at(name), apart=wishes.apart) for name in names]


def _goals(name: str, wishes: PlotWishes) -> list[Guide]:
    from orp_tui.charts.lines import Guide

    return [
        Guide("goal", value, f"goal {number(value)}")
        for metric, value in wishes.goals
        if metric in (None, name)
    ]


def _look(charts: Sequence[Chart], wishes: PlotWishes) -> Look:
    from orp_tui.charts.curve import extent_of
    from orp_tui.charts.look import Axis, Look

    axes: dict[str, Axis] = {"step": "step", "epoch": "epoch", "since": "since", "clock": "wall"}
    markers = "braille" if output.can_draw(sys.stdout) else "ascii"
    look = Look(
        "braille" if markers == "braille" else "ascii", wishes.log_scale, wishes.smooth, axes[wishes.by]
    )
    if wishes.begin is None and wishes.end is None:
        return look
    found = [extent for chart in charts if (extent := extent_of(chart, look)) is not None]
    if not found:
        return look
    low = wishes.begin if wishes.begin is not None else min(low for low, _ in found)
    high = wishes.end if wishes.end is not None else max(high for _, high in found)
    if low >= high:
        raise UsageError(
            f"there is nothing between --from and --to; the points lie from {min(found)[0]:g} to {max(high for _, high in found):g}"
        )
    return dataclasses.replace(look, window=(low, high))
