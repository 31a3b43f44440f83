"""The options by which `orp metrics` says how charts are drawn."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from orp_tui.core.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])  # Any: whatever click hands a command

_OPTIONS = (
    click.option("--plot", is_flag=True, help="Charts instead of the table."),
    click.option("--together", is_flag=True, help="With --plot: all metrics in one chart."),
    click.option(
        "--apart", is_flag=True, help="With --plot: runs that differ by their seed each as a line of its own."
    ),
    click.option("--log", "log_scale", is_flag=True, help="With --plot: values on a logarithmic scale."),
    click.option(
        "--smooth",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.0,
        metavar="0…1",
        help="With --plot: a smoothed line over the dim raw one.",
    ),
    click.option(
        "--by",
        type=click.Choice(["step", "epoch", "since", "clock"]),
        default="step",
        show_default=True,
        help="With --plot: what stands below.",
    ),
    click.option(
        "--from", "begin", metavar="X", help="With --plot: from this step, epoch or time since the start."
    ),
    click.option(
        "--to", "end", metavar="X", help="With --plot: up to this step, epoch or time since the start."
    ),
    click.option(
        "--goal",
        "goals",
        metavar="[NAME=]VALUE",
        multiple=True,
        help="With --plot: a line at this value, in all charts or in that of NAME. Repeatable.",
    ),
    click.option(
        "--export",
        metavar="FILE",
        help="With --plot: write an .svg or .png of the charts, or a .csv of their points, instead.",
    ),
)


@dataclasses.dataclass(frozen=True)
class PlotWishes:
    """What the options say."""

    plot: bool = False
    together: bool = False
    apart: bool = False
    log_scale: bool = False
    smooth: float = 0.0
    by: str = "step"
    begin: float | None = None
    end: float | None = None
    goals: tuple[tuple[str | None, float], ...] = ()
    """Metric, or None for all, and value."""
    export: str | None = None


def plot_options(function: F) -> F:
    """Give a command the options; it takes them as `**plotting`, for `read_plotting`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_plotting(
    *,
    plot: bool,
    together: bool,
    apart: bool,
    log_scale: bool,
    smooth: float,
    by: str,
    begin: str | None,
    end: str | None,
    goals: tuple[str, ...],
    export: str | None,
) -> PlotWishes:
    """The wishes.

    Raises UsageError for a place or a goal that is no number, and for a file of another format.
    """
    ends = [None if text is None else _place(text, by) for text in (begin, end)]
    if ends[0] is not None and ends[1] is not None and ends[0] >= ends[1]:
        raise UsageError("--from must lie before --to")
    if export is not None:
        if not plot:
            raise UsageError("--export goes with --plot")
        from orp_tui.services.chart_export import check_name

        check_name(export)  # what is wrong with it is said before files are read
    found = tuple(map(_goal, goals))
    return PlotWishes(plot, together, apart, log_scale, smooth, by, ends[0], ends[1], found, export)


def _place(text: str, by: str) -> float:
    """A place on the axis."""
    if by == "clock":
        raise UsageError("--from and --to are steps, epochs or times since the start; not with --by clock")
    if by == "since":
        from orp_tui.config.values import parse_duration

        try:
            return parse_duration(text)
        except ValueError as error:
            raise UsageError(f"{text}: {error}") from None
    return _finite(text, "step" if by == "step" else "epoch")


def _goal(text: str) -> tuple[str | None, float]:
    name, sign, value = text.rpartition("=")
    return (name if sign else None), _finite(value, "goal")


def _finite(text: str, what: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{text}: is no {what}; write a number")
    return value
