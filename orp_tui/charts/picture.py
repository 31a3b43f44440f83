"""A drawn chart: rows of text whose stretches say what they are, not which colour they have.

Whoever shows it chooses the colours: a widget from its theme, a command from the 16 of the terminal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Literal

Role = Literal[
    "title", "axis", "event", "dim", "guide", "cursor", "line0", "line1", "line2", "line3", "line4", "line5", "plain"
]  # fmt: skip
"""`dim` is the raw line beneath a smoothed one, `guide` a goal or a baseline."""

Row = tuple["Span", ...]

LINE_ROLES: tuple[Role, ...] = ("line0", "line1", "line2", "line3", "line4", "line5")

_SGR: dict[Role, str] = {
    "title": "1", "axis": "2", "event": "31;1", "dim": "2", "guide": "1", "cursor": "1", "line0": "36", "line1": "33", "line2": "35",
    "line3": "32", "line4": "34", "line5": "31", "plain": "",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one row; printable characters only."""

    text: str
    role: Role = "plain"


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """Rows from the top; none is wider than the width asked for."""

    rows: tuple[Row, ...]

    def plain(self) -> str:
        """The text alone, without spaces at the ends of rows."""
        return "\n".join("".join(span.text for span in row).rstrip() for row in self.rows)

    def ansi(self) -> str:
        """With the 16 colours of the terminal."""
        return "\n".join("".join(map(_painted, row)) for row in self.rows)


def _painted(span: Span) -> str:
    code = _SGR[span.role]
    return f"\x1b[{code}m{span.text}\x1b[0m" if code and span.text.strip() else span.text


def spans_of(cells: Iterable[tuple[str, Role]]) -> tuple[Span, ...]:
    """Characters with their roles, joined where neighbours have the same."""
    spans: list[Span] = []
    text, role = "", None
    for char, its in cells:
        if its != role and role is not None:
            spans.append(Span(text, role))
            text = ""
        text, role = text + char, its
    if role is not None:
        spans.append(Span(text, role))
    return tuple(spans)
