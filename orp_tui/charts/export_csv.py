"""A chart as CSV: every raw point of its lines that lies in its window, none of them reduced."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from orp_tui.charts.axes import Along
from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.core.sanitise import one_line

HEAD = ("metric", "run", "step", "time", "value")
_AT_ONCE = 10_000


def csv_of(charts: Sequence[Chart], look: Look) -> Iterator[str]:
    """The file in parts of some thousand lines. A time stamp that there is none of is empty; NaN is `nan`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for chart in charts:
        for line in chart.lines:
            for member in line.members:
                # A lone carriage return would not be quoted, and breaks the file for most readers.
                names = one_line(member.series.name), one_line(member.name)
                points = Along(member, look.axis).within(look.window)
                for count, (step, time, value) in enumerate(points, 1):
                    stamp = repr(time) if time == time else ""
                    writer.writerow((*names, _plain(step), stamp, repr(value)))
                    if count % _AT_ONCE == 0:
                        yield _taken(text)
    yield _taken(text)


def _plain(step: float) -> str:
    """A whole step without a point."""
    return str(int(step)) if step == step and abs(step) < 1e15 and step == int(step) else repr(step)


def _taken(text: io.StringIO) -> str:
    found = text.getvalue()
    text.seek(0)
    text.truncate()
    return found
