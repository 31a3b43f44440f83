"""What a chart says in words: its title, and what is said of values that can't be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from orp_tui.charts.curve import Curve
from orp_tui.charts.look import Look
from orp_tui.charts.picture import LINE_ROLES, Span
from orp_tui.charts.scale import step_number
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.series import Series, Summary
from orp_tui.core.words import number
from orp_tui.metrics.extremes import Reduced

MARKS = "●▲■◆▼★"
ASCII_MARKS = "*o+x#@"
_LEAST_NAME = 6


def mark(place: int, look: Look) -> str:
    """The sign that tells a line from another without colours."""
    return (ASCII_MARKS if look.markers == "ascii" else MARKS)[place]


def title(curves: Sequence[Curve], look: Look, notes: Sequence[str], width: int) -> tuple[Span, ...]:
    """Name, last value, how many points are drawn and how; of several curves the legend."""
    if not curves:
        return (Span(one_line("no metric", width), "title"),)
    if len(curves) == 1:
        return (Span(_of_one(curves[0], look, notes, width), "title"),)
    spans: list[Span] = []
    left = width
    for place, curve in enumerate(curves):
        room = max(0, left // (len(curves) - place) - 2)
        text = one_line(f"{mark(place, look)} {_head(curve.series, room - 2)}", room)
        gap = min(2, left - cell_width(text))
        spans.append(Span(text + " " * gap, LINE_ROLES[place]))
        left -= cell_width(text) + gap
    said = one_line(", ".join([*_how(look), *notes]), left)
    return (*spans, Span(said, "axis")) if said else tuple(spans)


def _of_one(curve: Curve, look: Look, notes: Sequence[str], width: int) -> str:
    """`loss  0.31  n=100,000 as 240 columns min/max  log`; shorter where it must be."""
    head = _head(curve.series, width)
    how, words = _how(look), ", ".join([*_how(look), *notes])
    for count, said in [*product(_counts(curve.reduced), (words, ", ".join(how))), ("", "")]:
        text = "  ".join(filter(None, (head, count, said)))
        if cell_width(text) <= width:
            return text
    return one_line(head, width)


def _head(series: Series, width: int) -> str:
    """Name and last value; the name is cut first, then the value goes."""
    value = number(series.summary.last) if len(series) else ""
    room = width - len(value) - 2
    if room < _LEAST_NAME:
        return one_line(series.name, max(0, width))
    name = one_line(series.name, room) or "(no name)"
    return f"{name}  {value}".rstrip()


def _counts(reduced: Reduced) -> list[str]:
    """How many points there are, and as how many columns they are drawn; shorter and shorter."""
    count = f"n={reduced.count:,}"
    if reduced.columns is None:
        return [count, ""]
    columns = f"{count} as {reduced.columns:,}"
    return [f"{columns} columns min/max", f"{columns} columns", columns, count, ""]


def _how(look: Look) -> list[str]:
    words = ["log"] if look.log else []
    return [*words, f"smoothed {look.smoothing:g}"] if look.smoothing > 0 else words


def foot(series: Sequence[Series], width: int) -> str | None:
    """How many values are no finite numbers, and since when; None if all are."""
    told = [one for one in series if one.summary.non_finite]
    if not told:
        return None
    if len(series) > 1:
        texts = [f"{one_line(one.name, 20)}: {_short(one.summary)}" for one in told]
        return one_line("! " + "; ".join(texts), width)
    found = told[0].summary
    first = step_number(found.first_non_finite_step, 0)
    forms = (f"! NaN or infinite: {found.non_finite:,}, first at step {first}", f"! {_short(found)}")
    return next((form for form in forms if len(form) <= width), one_line(forms[-1], width))


def _short(found: Summary) -> str:
    return f"not finite {found.non_finite:,}, from {step_number(found.first_non_finite_step, 0)}"
