"""How a chart can be drawn, if not quite as somebody asked for."""

from __future__ import annotations

import dataclasses

from orp_tui.charts.axes import has_place, stretch
from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.core.words import counted


def possible(chart: Chart, look: Look) -> tuple[Look, list[str]]:
    """The look as far as the lines of a chart allow it, and what there is to say of that and of its window."""
    look, notes = _placed(chart, look)
    summaries = [one.summary for one in chart.series]
    if look.log and any(one.lowest <= 0 for one in summaries):
        if any(one.highest > 0 for one in summaries):
            notes.append("without 0 and less")
        else:
            look = dataclasses.replace(look, log=False)
            notes.append("no log: nothing above 0")
    if look.window is not None:
        notes.append(f"only {stretch(*look.window, look.axis)}")
    return look, notes


def _placed(chart: Chart, look: Look) -> tuple[Look, list[str]]:
    """With an axis on which at least one line has a place."""
    members = [member for line in chart.lines for member in line.members]
    without = sum(not has_place(member, look.axis) for member in members)
    if not without:
        return look, []
    what = "epoch" if look.axis == "epoch" else "time stamps"
    if without < len(members):
        return look, [f"{counted(without, 'line')} without {what}"]
    return dataclasses.replace(look, axis="step", window=None), [f"no {what}"]
