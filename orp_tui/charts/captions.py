"""What a chart says in words: its title and legend, and what is said of values that can't be drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import product

from orp_tui.charts.curve import Curve
from orp_tui.charts.legend import Entry, flowing
from orp_tui.charts.lines import Chart, Line
from orp_tui.charts.look import Look
from orp_tui.charts.picture import LINE_ROLES, Row, Span
from orp_tui.charts.scale import step_number
from orp_tui.charts.spread import middle
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.series import Summary
from orp_tui.core.words import counted
from orp_tui.metrics.names import measured

MARKS = "●▲■◆▼★"
ASCII_MARKS = "*o+x#@"
DASHES = {"goal": "╌", "baseline": "┈"}
_LEAST_NAME = 6
_MOST_NAME = 40


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """What is said of a chart above it."""

    notes: tuple[str, ...] = ()
    """Why it is not quite as it was asked for."""
    values: tuple[str, ...] | None = None
    """Of each line, instead of its last value."""
    where: str = ""
    """Where these values stand."""


def mark(place: int, look: Look) -> str:
    """The sign that tells a line from another without colours."""
    return (ASCII_MARKS if look.markers == "ascii" else MARKS)[place]


def head(chart: Chart, curves: Sequence[Curve], look: Look, said: Said, width: int, rows: int) -> list[Row]:
    """At most `rows` rows, at least one: names, values, how many points are drawn and how."""
    if not curves:
        return [(Span(one_line("no metric", width), "title"),)]
    firm = [*([said.where] if said.where else []), *how_words(look)]
    words = [*firm, *said.notes]
    if chart.left_out:
        words.append(f"{counted(chart.left_out, 'more line')} not drawn")
    if len(curves) == 1 and not curves[0].line.is_group:
        return [_of_one(chart, curves[0], words, len(firm), said, width)]
    above: list[Row] = []
    if chart.name and rows > 1:
        titled = _titled(one_line(chart.name, width), counts_of(curves), words, len(firm), width)
        above, words, rows = [(Span(titled, "title"),)], [], rows - 1
    entries = [
        Entry(f"{mark(place, look)} ", named(curve.line), value_of(said, curves, place), LINE_ROLES[place])
        for place, curve in enumerate(curves)
    ]
    guides = [
        Entry(f"{DASHES[guide.kind]} ", "", one_line(guide.words, 30), "guide") for guide in chart.guides
    ]
    return [*above, *flowing(entries, guides, ", ".join(words), width, rows)]


def value_of(said: Said, curves: Sequence[Curve], place: int) -> str:
    """The value that stands beside a line's name."""
    return said.values[place] if said.values is not None else last_of(curves[place].line)


def named(line: Line) -> str:
    """A line's name in a legend."""
    return one_line(line.name, _MOST_NAME) or "(no name)"


def last_of(line: Line) -> str:
    """The value logged last; of a group the median of those."""
    lasts = [member.series.summary.last for member in line.members if len(member.series)]
    if not lasts:
        return ""
    found = measured(line.members[0].series.name, middle(lasts))
    return f"median of {len(line.members)} seeds {found}" if line.is_group else found


def _of_one(chart: Chart, curve: Curve, words: Sequence[str], firm: int, said: Said, width: int) -> Row:
    """`loss  0.31  n=100,000 as 240 columns min/max  log`; shorter where it must be."""
    value = value_of(said, [curve], 0)
    guided = [f"{DASHES[guide.kind]} {one_line(guide.words, 30)}" for guide in chart.guides]
    whole = (
        "  ".join(filter(None, dict.fromkeys(map(one_line, (chart.name, curve.line.name))))) or "(no name)"
    )
    room = width - len(value) - 2
    text = one_line(whole, max(0, width))
    if room >= _LEAST_NAME:
        text = "  ".join(filter(None, (_cut(whole, room), value)))
    return (Span(_titled(text, counts_of([curve]), [*words, *guided], firm, width), "title"),)


def _cut(text: str, width: int) -> str:
    """Text of one line with its gaps, cut where there is no room."""
    return text if cell_width(text) <= width else one_line(text, width)


def _titled(head: str, counts: Sequence[str], words: Sequence[str], firm: int, width: int) -> str:
    """The longest title that there is room for: words behind the first `firm` go first, then the count shrinks."""
    fewer = [", ".join(words[:count]) for count in range(len(words), firm - 1, -1)]
    for count, said in [*product(counts, fewer), ("", "")]:
        text = "  ".join(filter(None, (head, count, said)))
        if cell_width(text) <= width:
            return text
    return _cut(head, max(0, width))


def counts_of(curves: Sequence[Curve]) -> list[str]:
    """How many points there are, and as how many columns they are drawn; shorter and shorter."""
    members = [member for curve in curves for member in curve.members]
    count = f"n={sum(member.count for member in members):,}"
    columns = max((member.columns for member in members if member.columns is not None), default=None)
    if columns is None:
        return [count, ""]
    how = {"means" if curve.line.is_group else "min/max" for curve in curves}
    text = f"{count} as {columns:,}"
    return [f"{text} columns {', '.join(sorted(how, reverse=True))}", f"{text} columns", text, count, ""]


def how_words(look: Look) -> list[str]:
    """What was chosen of the drawing, in words."""
    words = ["log"] if look.log else []
    return [*words, f"smoothed {look.smoothing:g}"] if look.smoothing > 0 else words


def foot(chart: Chart, width: int) -> str | None:
    """How many values are no finite numbers, and since when; None if all are."""
    members = [(line, member) for line in chart.lines for member in line.members]
    told = [one for one in members if one[1].series.summary.non_finite]
    if not told:
        return None
    if len(members) > 1:
        names = [one_line(member.name or line.name, 20) for line, member in told]
        texts = [
            f"{name}: {_short(member.series.summary)}" for name, (_, member) in zip(names, told, strict=True)
        ]
        return one_line("! " + "; ".join(texts), width)
    found = told[0][1].series.summary
    first = step_number(found.first_non_finite_step, 0)
    forms = (f"! NaN or infinite: {found.non_finite:,}, first at step {first}", f"! {_short(found)}")
    return next((form for form in forms if len(form) <= width), one_line(forms[-1], width))


def _short(found: Summary) -> str:
    return f"not finite {found.non_finite:,}, from {step_number(found.first_non_finite_step, 0)}"
