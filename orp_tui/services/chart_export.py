"""Charts into a file: SVG, PNG or CSV, by the end of its name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.core.errors import UsageError
from orp_tui.services.given_file import write_given

FORMATS = (".svg", ".png", ".csv")


def check_name(path: str) -> str:
    """The end of a file's name that says which format is meant.

    Raises UsageError for another one.
    """
    end = os.path.splitext(path)[1].lower()
    if end not in FORMATS:
        raise UsageError(f"{path}: a chart is written as {', '.join(FORMATS)}; end the name so")
    return end


def write_charts(charts: Sequence[Chart], look: Look, path: str, *, over: bool = True) -> Path:
    """Write the charts, and say where: the whole path. `over`: in the place of a file that is there.

    Raises UsageError for a name of another format, or of a file that is there if not `over`;
    MissingExtra for a PNG without matplotlib; OrpError if it can't be written.
    """
    parts = _MAKERS[check_name(path)](charts, look)
    return write_given(parts, path, over=over)


def free_name(metric: str, folder: Path) -> str:
    """A name for a chart of a metric that no file of the folder has: `val-loss.svg`, `val-loss-2.svg`."""
    stem = re.sub(r"[^A-Za-z0-9_.]+", "-", metric).strip("-.")[:60] or "chart"
    names = (f"{stem}{f'-{number}' if number > 1 else ''}.svg" for number in range(1, 10_000))
    return next((name for name in names if not os.path.lexists(folder / name)), f"{stem}.svg")


def _svg(charts: Sequence[Chart], look: Look) -> Iterable[bytes]:
    from orp_tui.charts.export_svg import svg_of

    return [svg_of(charts, look).encode("utf-8", "replace")]


def _png(charts: Sequence[Chart], look: Look) -> Iterable[bytes]:
    from orp_tui.charts.export_png import png_of

    return [png_of(charts, look)]


def _csv(charts: Sequence[Chart], look: Look) -> Iterable[bytes]:
    from orp_tui.charts.export_csv import csv_of

    return (part.encode("utf-8", "replace") for part in csv_of(charts, look))


_MAKERS: dict[str, Callable[[Sequence[Chart], Look], Iterable[bytes]]] = {
    ".svg": _svg, ".png": _png, ".csv": _csv
}  # fmt: skip
