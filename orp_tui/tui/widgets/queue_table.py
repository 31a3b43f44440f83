"""The queue: what runs, what waits and why, what has ended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.sparkline import sparkline
from orp_tui.tui.bindings import bindings
from orp_tui.tui.rows import RunRow, run_row
from orp_tui.tui.widgets.filtered import FilteredList
from orp_tui.tui.widgets.lines import cell
from orp_tui.tui.widgets.wrapping import wrapped

if TYPE_CHECKING:
    from orp_tui.services.watch import RunView

SORTS = ("state", "name", "elapsed", "deliverables", "submitted")
"""What the rows can be sorted by; `state` is the order of the queue."""

_STATES = (
    "queued", "held", "starting", "running", "finishing", "stopping",
    "succeeded", "incomplete", "failed", "cancelled", "lost",
)  # fmt: skip
_SIGNS, _ID, _STATE, _TIME, _DELIV = 3, 4, 12, 7, 5
_GPU, _LEFT = 5, 7
"""With their gaps; these two columns are there only if a run fills them."""
_SPARK_HEAD, _SPARK_MOST = "TREND", 20
"""Cells of the newest values as bars, at the most; at the least those of the word above them."""
_SAID_HEAD = "METRIC / WHY"
_SAID_STEP, _SAID_MOST = 4, 32
"""Words beside bars have all the room they need up to the second; a digit more or less moves no column."""

Widths = tuple[int, int, int, int, int, int]
"""Cells of name, state, GPU with its gap, time left with its gap, bars with their gap, and what is said."""


class QueueTable(FilteredList):
    """Rows of runs. Verbs are the screen's business: they ask for `chosen`."""

    BINDINGS = bindings("queue")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"state--{name}" for name in _STATES}
    HEAD = 1

    def __init__(self, *, ascii_only: bool = False, tick_s: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self._ascii = ascii_only
        self._tick_s = tick_s
        self._views: tuple[RunView, ...] = ()
        self._metrics: Mapping[str, str] = {}
        self._kill_at: Mapping[str, float] = {}
        self._heights: Mapping[str, tuple[int, ...]] = {}
        self._known_widths: tuple[object, int, Widths] | None = None
        """For which rows and width they were reckoned: each line asks, and all rows have to be looked at."""
        self._sort = SORTS[0]
        self._reversed = False
        self.trouble = ""
        """Why the runs can't be read, in words; empty if they can."""

    def on_mount(self) -> None:
        self.set_interval(self._tick_s, self.show_filtered)

    def show(
        self,
        views: Sequence[RunView],
        *,
        metrics: Mapping[str, str] | None = None,
        sparks: Mapping[str, tuple[int, ...]] | None = None,
        kill_at: Mapping[str, float] | None = None,
    ) -> None:
        """Show these runs; `metrics` is run id → the primary metric in words, `sparks` its newest values as heights."""
        self._views = tuple(views)
        self._metrics = self._metrics if metrics is None else metrics
        self._heights = self._heights if sparks is None else sparks
        self._kill_at = kill_at or {}
        self.show_filtered()

    def view_of(self, run_id: str) -> RunView | None:
        """The run as it was last shown."""
        return next((item for item in self._views if item.run.id == run_id), None)

    @property
    def title(self) -> str:
        """What the border says."""
        is_usual = self._sort == SORTS[0] and not self._reversed
        order = f"sort: {self._sort}{' reversed' if self._reversed else ''}"
        return self.title_of("Queue", len(self._keys), *(() if is_usual else (order,)))

    @property
    def order(self) -> tuple[str, bool]:
        """One of SORTS, and whether the order is turned round."""
        return self._sort, self._reversed

    @order.setter
    def order(self, wanted: tuple[str, bool]) -> None:
        self._sort, self._reversed = (wanted[0] if wanted[0] in SORTS else SORTS[0]), wanted[1]
        self.show_filtered()
        self.post_message(self.TitleChanged())

    def action_sort(self) -> None:
        self.order = SORTS[(SORTS.index(self._sort) + 1) % len(SORTS)], self._reversed

    def action_reverse(self) -> None:
        self.order = self._sort, not self._reversed

    def show_filtered(self) -> None:
        now = time.time()
        rows = [
            run_row(
                item,
                now=now,
                ascii_only=self._ascii,
                metric=self._metrics.get(item.run.id, ""),
                heights=self._heights.get(item.run.id, ()),
                kill_at=self._kill_at.get(item.run.id),
            )
            for item in self._sorted(now)
        ]
        if self._filter:
            rows = [row for row in rows if self.lets_through(row.text)]
        before = len(self._keys)
        self.put_rows([(row.run_id, row) for row in rows])
        if len(rows) != before:
            self.post_message(self.TitleChanged())

    def _sorted(self, now: float) -> list[RunView]:
        views = list(self._views)
        if self._sort == "name":
            views.sort(key=lambda item: (item.run.name.lower(), item.run.seed or 0))
        elif self._sort == "elapsed":
            views.sort(key=lambda item: item.elapsed_s(now) or -1.0, reverse=True)
        elif self._sort == "deliverables":
            views.sort(key=_share_valid, reverse=True)
        elif self._sort == "submitted":
            views.sort(key=lambda item: item.run.seq, reverse=True)
        return views[::-1] if self._reversed else views

    def empty_lines(self, width: int) -> list[str]:
        if self._filter:
            return ["", "  no run holds these words; Esc shows all"]
        if self.trouble:
            return [
                "",
                "  the runs can't be read:",
                *(f"  {part}" for part in wrapped(one_line(self.trouble, 400), width - 2)),
            ]
        return [
            "",
            "  nothing was run here yet",
            "  a  goes to the experiment files; a again queues one",
            "  ?  shows every key, : finds an act by its name",
        ]

    def out_of_sight(self) -> set[str]:
        return {item.run.id for item in self._views}

    def columns(self) -> Widths:
        return self._widths(self.scrollable_content_region.width)

    def head_segments(self, width: int) -> list[Segment]:
        style = self.get_component_rich_style("lines--head")
        name, state, gpu, left, bars, said = self._widths(width)
        return [
            cell("", _SIGNS, style),
            cell("ID", _ID + 1, style),
            cell("NAME", name + 1, style),
            cell("STATE", state + 1, style),
            cell("GPU", gpu, style),
            cell("ELAPSED", _TIME, style, right=True),
            cell("LEFT", left, style, right=True),
            cell("DELIV", _DELIV + 1, style, right=True),
            Segment("  ", style),
            *([cell(_SPARK_HEAD, bars, style)] if bars else []),
            cell(_SAID_HEAD, said, style),
        ]

    def row_segments(self, key: str, row: RunRow, width: int, *, cursor: bool) -> list[Segment]:
        plain = self.rich_style
        state = plain + self.get_component_rich_style(f"state--{row.state_class}", partial=True)
        name, wide, gpu, left, bars, said = self._widths(width)
        begin = [
            cell(self.signs(key, cursor=cursor), _SIGNS, plain),
            cell(row.short_id, _ID + 1, plain),
            cell(one_line(row.name, max(1, name - len(row.seed))) + row.seed, name, plain),
            Segment(" ", plain),
            cell(row.state, wide, state),
            Segment(" ", plain),
        ]
        if row.waits:
            dim = plain + self.get_component_rich_style("lines--dim", partial=True)
            return [*begin, cell(row.said, gpu + _TIME + left + _DELIV + 3 + bars + said, dim)]
        if not row.heights:
            bars, said = 0, bars + said  # its words have all the room
        drawn = sparkline(row.heights, max(0, bars - 2), ascii_only=self._ascii)
        return [
            *begin,
            cell(row.gpu, gpu, plain),
            cell(row.elapsed, _TIME, plain, right=True),
            cell(row.left, left, plain, right=True),
            cell(row.deliverables, _DELIV + 1, plain, right=True),
            Segment("  ", plain),
            *([cell(drawn, bars, plain)] if bars else []),
            cell(row.said, said, self._said_style(row, plain, state)),
        ]

    def _said_style(self, row: RunRow, plain: Style, state: Style) -> Style:
        if row.has_alert:
            return plain + self.get_component_rich_style("state--stopping", partial=True)
        return state if row.state_class in ("failed", "lost", "incomplete") else plain

    def _widths(self, width: int) -> Widths:
        known = self._known_widths
        if known is None or known[0] is not self._rows or known[1] != width:
            known = self._known_widths = (self._rows, width, self._reckoned(width))
        return known[2]

    def _reckoned(self, width: int) -> Widths:
        gpu = _GPU if any(row.gpu != "-" for row in self._rows.values()) else 0
        left = _LEFT if any(row.left != "-" for row in self._rows.values()) else 0
        # A countdown makes the longest word of all longer.
        state = max(_STATE, *(cell_width(row.state) for row in self._rows.values()), 0)
        rest = width - (_SIGNS + _ID + 1 + 1 + state + 1 + gpu + _TIME + left + _DELIV + 1 + 2)
        longest = max((cell_width(row.name) + len(row.seed) for row in self._rows.values()), default=4)
        name = max(4, min(longest, 40, rest // 2))
        said = max(0, rest - name)
        most = max((len(row.heights) for row in self._rows.values()), default=0)
        least = len(_SPARK_HEAD)
        bars = min(_SPARK_MOST, max(least, most), said - self._beside_bars() - 2) if most else 0
        bars = bars + 2 if bars >= least else 0
        return name, state, gpu, left, bars, said - bars

    def _beside_bars(self) -> int:
        """Cells for what is said of runs that have bars."""
        words = [_SAID_HEAD, *(row.said for row in self._rows.values() if row.heights)]
        longest = max(cell_width(each) for each in words)
        return min(_SAID_MOST, -(-longest // _SAID_STEP) * _SAID_STEP)


def _share_valid(item: RunView) -> float:
    total = item.run.deliverables_total
    valid = item.checklist.valid if item.checklist is not None else item.run.deliverables_valid or 0
    return valid / total if total else -1.0
