"""Sections of names and values, wrapped to the width; the same facts in a pane and on a screen of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.page_view import Line, PageView, line
from orp_tui.tui.widgets.wrapping import wrapped

_LEAST_LABEL, _MOST_LABEL = 12, 26
_NARROW = 50
_LONGEST = 4_000
"""Characters of a value that are shown."""


@dataclasses.dataclass(frozen=True)
class Row:
    """A name and its value; whatever they hold is made harmless when it is shown."""

    label: str
    """Empty: the value goes on under the one before, or stands for itself."""
    text: str
    style: str = "text"
    """One of `page_view.STYLES`, for the value."""
    indented: bool = True
    """False: the value begins at the left edge."""


@dataclasses.dataclass(frozen=True)
class Section:
    """Rows under a title."""

    title: str
    rows: tuple[Row, ...]


class InfoPanel(PageView, inherit_bindings=False):
    """Shows sections; asked again with the same ones it draws nothing. Lines are wrapped: there is nothing sideways."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("list")

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._sections: tuple[Section, ...] = ()

    def show(self, sections: Sequence[Section], *, from_top: bool = False) -> None:
        """Show these; the place one reads at stays unless `from_top`."""
        fresh = tuple(sections)
        if fresh != self._sections or from_top:
            self._sections = fresh
            self._lay_out(from_top=from_top)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self, *, from_top: bool = False) -> None:
        width = self.room.width
        if width > 0:
            self.put_lines(list(laid_out(self._sections, width)), from_top=from_top)


def laid_out(sections: Sequence[Section], width: int) -> Iterator[Line]:
    """Lines of at most `width` cells: a title, its rows, an empty line."""
    for place, section in enumerate(sections):
        label = _label_width(section, width)
        if place:
            yield line()
        if section.title:
            yield line(one_line(section.title, width), "heading")
        for row in section.rows:
            yield from _row(row, label, width)


def _label_width(section: Section, width: int) -> int:
    """Cells for the names of a section, with the gap behind."""
    longest = max((cell_width(one_line(row.label[:_MOST_LABEL])) for row in section.rows), default=0)
    least = _LEAST_LABEL if width >= _NARROW else _LEAST_LABEL * 2 // 3
    return max(least, min(longest + 2, _MOST_LABEL, width * 2 // 5))


def _row(row: Row, label: int, width: int) -> Iterator[Line]:
    indent = label if row.indented else 0
    text = one_line(row.text[:_LONGEST])
    name = one_line(row.label)
    if not row.indented:
        yield from (line(part, row.style) for part in wrapped(text, width))
        return
    if cell_width(name) >= label:
        yield line(one_line(name, width), "label")
        name = ""
    for part in wrapped(text, max(1, width - indent)):
        padded = name + " " * (indent - cell_width(name))
        yield Line(((padded, "label"), (part, row.style)))
        name = ""
