"""A tree of runs: where one comes from and what came of it, a line a run, with what each step gained and changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import STATE_GLYPHS
from orp_tui.services.lineage import CHILD, Kin, Lineage
from orp_tui.services.lineage_drawing import branch, seed_words, value_words
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.lines import LineList, cell

_HEADINGS = ("RUN", "VALUE", "GAIN", "CHANGED")
_MOST_TREE, _MOST_VALUE, _MOST_GAIN = 60, 24, 30
_LEAST_CHANGED = 16
_GAP = 2


@dataclasses.dataclass(frozen=True)
class TreeRow:
    """The words of a line; each is harmless."""

    branch: str
    run: str
    """Link, glyph, short id, name."""
    value: str
    gain: str
    changed: str
    state: RunState | None
    """None: the run is not here any more."""
    way: str
    """`good` or `bad` for a clear gain or loss, else empty."""
    is_asked: bool
    """Whether the tree is that of this run."""

    @property
    def tree_width(self) -> int:
        """Cells of branch and run."""
        return cell_width(self.branch) + cell_width(self.run)


def tree_rows(
    found: Lineage, changed: Mapping[str, str], *, ascii_only: bool = False
) -> list[tuple[str, TreeRow]]:
    """The lines of a tree; `changed` is what is known so far of what changed, by run."""
    return [
        (kin.run_id, _row(kin, changed.get(kin.run_id, ""), kin.run_id == found.run_id, ascii_only))
        for kin in found.rows
    ]


def _row(kin: Kin, changed: str, is_asked: bool, ascii_only: bool) -> TreeRow:
    gain = kin.gain
    more = f"  +{kin.more} more" if kin.more else ""
    return TreeRow(
        branch=branch(kin, ascii_only=ascii_only),
        run=f"{_run_words(kin, ascii_only)}{more}",
        value=one_line(value_words(kin), _MOST_VALUE),
        gain=one_line(gain.brief if gain is not None else "", 80),
        changed=changed if kin.run is not None else one_line(kin.note, 200),
        state=kin.run.state if kin.run is not None else None,
        way="" if gain is None or not gain.is_clear else "good" if gain.is_better else "bad",
        is_asked=is_asked,
    )


def _run_words(kin: Kin, ascii_only: bool) -> str:
    link = f"{kin.link} " if kin.link and kin.link != CHILD else ""
    short = one_line(kin.run_id.rpartition("_")[2] or kin.run_id, 20)
    if kin.run is None:
        return f"{link}! {short} (not here)"
    seed = f" {seed_words(kin)}" if seed_words(kin) else ""
    return f"{link}{STATE_GLYPHS[kin.run.state][ascii_only]} {short} {one_line(kin.run.name, 30)}{seed}"


class LineageTree(LineList):
    """One run a line. It reads nothing: the screen hands it the rows."""

    BINDINGS = bindings("lineage")
    HEAD = 1
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"state--{state.value}" for state in RunState), "lineage--good", "lineage--bad", "lineage--here",
    }  # fmt: skip

    @dataclasses.dataclass
    class OpenRequested(Message):
        """Somebody clicked twice on a run."""

        widget: LineageTree

        @property
        def control(self) -> LineageTree:
            return self.widget

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._widths = (0, 0, 0)
        self._empty = "looking at the runs"

    def show(self, rows: list[tuple[str, TreeRow]], *, empty: str = "") -> None:
        """Show these; `empty` is what stands there if there are none."""
        self._empty = empty
        texts = [row for _, row in rows]
        self._widths = (
            min(_MOST_TREE, max((row.tree_width for row in texts), default=0)),
            min(_MOST_VALUE, max((cell_width(row.value) for row in texts), default=0)),
            min(_MOST_GAIN, max((cell_width(row.gain) for row in texts), default=0)),
        )
        self.put_rows(rows)

    def columns(self) -> object:
        return self._widths

    def empty_lines(self, width: int) -> list[str]:
        return [one_line(self._empty, width)]

    def on_click(self, event: events.Click) -> None:
        super().on_click(event)
        if event.chain == 2:
            self.post_message(self.OpenRequested(self))

    def head_segments(self, width: int) -> list[Segment]:
        style = self.get_component_rich_style("lines--head")
        cells = [cell("", 2, style)]
        for heading, room in zip(_HEADINGS, self._rooms(width), strict=True):
            cells.append(cell(heading if room else "", room, style))
        return cells

    def row_segments(self, key: str, row: TreeRow, width: int, *, cursor: bool) -> list[Segment]:
        quiet = self.get_component_rich_style("lines--dim", partial=True)
        here = self.get_component_rich_style("lineage--here", partial=True) if row.is_asked else Style()
        state = (
            self.get_component_rich_style(f"state--{row.state.value}", partial=True) if row.state else quiet
        )
        way = self.get_component_rich_style(f"lineage--{row.way}", partial=True) if row.way else Style()
        tree, value, gain, changed = self._rooms(width)
        stem = min(cell_width(row.branch), max(0, tree - _GAP))
        return [
            cell((">" if cursor else " ") + ("*" if row.is_asked else " "), 2, Style()),
            cell(row.branch, stem, quiet),
            _cut(row.run, tree - stem, state + here),
            _cut(row.value, value, Style()),
            _cut(row.gain, gain, way),
            cell(row.changed, changed, quiet),
        ]

    def _rooms(self, width: int) -> tuple[int, int, int, int]:
        """Cells of the four columns, gaps included: what changed goes first where there is no room, then the value."""
        room = max(0, width - 2)
        tree, value, gain = (wanted + _GAP if wanted else 0 for wanted in self._widths)
        if tree + value + gain > room:
            value = 0
        if tree + gain > room:
            gain = min(gain, room // 2)
            tree = room - gain
        left = room - tree - value - gain
        if left < _LEAST_CHANGED:
            return tree + left, value, gain, 0
        return tree, value, gain, left


def _cut(text: str, width: int, style: Style) -> Segment:
    """A text with a gap behind it."""
    return Segment(cell(text, max(0, width - _GAP), style).text + " " * min(width, _GAP), style)
