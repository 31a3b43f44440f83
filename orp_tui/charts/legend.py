"""Which line is which: entries that flow over the rows above a chart and never lie over its lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.charts.picture import Role, Row, Span
from orp_tui.core.sanitise import cell_width, one_line

_GAP = 2
_LEAST_NAME, _GOOD_NAME, _MOST_NAME = 4, 16, 60


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A line's mark, name and value."""

    sign: str
    name: str
    """Of one line already; cut where there is no room."""
    value: str
    role: Role

    def text(self, name_width: int) -> str:
        """With at most so many cells for the name; without the value where that has become too short."""
        name = one_line(self.name, name_width)
        return f"{self.sign}{'  '.join(filter(None, (name, self.value)))}"

    def cut(self, width: int) -> str:
        """In so many cells: the name is cut first, then the value goes."""
        room = width - cell_width(self.sign)
        if not self.name:
            return one_line(self.sign + self.value, max(0, width))
        left = room - cell_width(self.value) - _GAP
        if left < _LEAST_NAME:
            return one_line(self.sign + one_line(self.name, max(0, room)), max(0, width))
        return self.text(left)


def flowing(
    entries: Sequence[Entry], others: Sequence[Entry], notes: str, width: int, rows: int
) -> list[Row]:
    """All entries in at most `rows` rows, with names as long as there is room for; `notes` behind them.

    `others` are left out where names would have to be cut for them. Not even short names may fit:
    then what fits is followed by how many more there are.
    """
    for shown, least in (((*entries, *others), _GOOD_NAME), (tuple(entries), _LEAST_NAME)):
        for name_width in range(min(_MOST_NAME, width), least - 1, -1):
            laid = _laid([(entry.text(name_width), entry.role) for entry in shown], width)
            if len(laid) <= rows:
                return _with_notes(laid, notes, width, rows)
    if rows == 1:
        return _with_notes([_shared(entries, width)], notes, width, rows)
    laid = _laid([(entry.text(_LEAST_NAME), entry.role) for entry in entries], width)[:rows]
    left = len(entries) - sum(map(len, laid)) + 1
    laid[-1] = [*laid[-1][:-1], (f"+{left} more", "axis")]
    return _with_notes(laid, "", width, rows)


def _laid(items: Sequence[tuple[str, Role]], width: int) -> list[list[tuple[str, Role]]]:
    """The items in rows, as many in each as fit."""
    laid: list[list[tuple[str, Role]]] = []
    left = 0
    for text, role in items:
        need = cell_width(text) + _GAP
        if not laid or need > left + _GAP:
            laid.append([])
            left = width
        laid[-1].append((text, role))
        left -= need
    return laid


def _shared(entries: Sequence[Entry], width: int) -> list[tuple[str, Role]]:
    """One row of which each entry has an equal part."""
    row: list[tuple[str, Role]] = []
    left = width
    for place, entry in enumerate(entries):
        text = entry.cut(max(0, left // (len(entries) - place) - _GAP))
        row.append((text, entry.role))
        left -= cell_width(text) + _GAP
    return row


def _with_notes(laid: Sequence[Sequence[tuple[str, Role]]], notes: str, width: int, rows: int) -> list[Row]:
    """Rows of spans; the notes stand behind the last entry, or in a row of their own."""
    found = [_spans(row, width) for row in laid]
    if not notes or not found:
        return found
    used = sum(cell_width(span.text) for span in found[-1])
    said = one_line(notes, max(0, width - used - _GAP))
    if len(found) < rows and cell_width(notes) > width - used - _GAP:
        return [*found, (Span(one_line(notes, width), "axis"),)]
    if said:
        found[-1] = (*found[-1], Span(" " * _GAP, "plain"), Span(said, "axis"))
    return found


def _spans(row: Sequence[tuple[str, Role]], width: int) -> Row:
    spans: list[Span] = []
    left = width
    for place, (text, role) in enumerate(row):
        if place and left > 0:
            spans.append(Span(" " * min(_GAP, left), "plain"))
            left -= min(_GAP, left)
        text = one_line(text, max(0, left))
        spans.append(Span(text, role))
        left -= cell_width(text)
    return tuple(spans)
