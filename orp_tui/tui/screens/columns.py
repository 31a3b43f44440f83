"""A choice of columns, in an order: for the list of runs, its sort, its groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from orp_tui.core.columns import OF_CONFIG, OF_METRICS, PLAIN, Column
from orp_tui.core.past_run import best_goal
from orp_tui.core.sanitise import one_line
from orp_tui.tui.bindings import bindings, bindings_above
from orp_tui.tui.widgets.filtered import matches
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.lines import LineList, cell

if TYPE_CHECKING:
    from orp_tui.core.filters.vocabulary import Vocabulary

_SIGNS, _NAME = 6, 34
_WORDS = {
    OF_CONFIG: "the value in its config",
    "metric": "the last value",
    "first": "the first value",
    "best": "the best value",
    "min": "the lowest value",
    "max": "the highest value",
}
_FALLING = ("submitted", "size", "duration", "primary", "star")
"""Of these one wants to see the highest first."""

Chosen = tuple[tuple[Column, bool], ...]
"""Columns in their order, each with whether it is sorted from high to low."""


def is_falling(column: Column) -> bool:
    """Whether one who sorts by this column wants the highest first."""
    if column.kind in OF_METRICS:
        return best_goal(column.key) == "maximize"
    return column.kind in _FALLING


def every_column(vocabulary: Vocabulary | None) -> tuple[Column, ...]:
    """All columns there can be, as far as it is known which keys and metrics there are."""
    found = [Column(kind) for kind in PLAIN]
    if vocabulary is not None:
        found += [Column(OF_CONFIG, key) for key in vocabulary.config_keys]
        found += [Column(kind, name) for name in vocabulary.metrics for kind in _OF_ONE_METRIC]
    return tuple(found)


def group_columns(vocabulary: Vocabulary | None) -> tuple[Column, ...]:
    """Those that runs are grouped by: first the name and the config, which make groups of seeds."""
    found = [column for column in every_column(vocabulary) if column.is_groupable and column.kind != "id"]
    return tuple(sorted(found, key=lambda column: (column.kind != "name", column.kind != OF_CONFIG)))


_OF_ONE_METRIC = tuple(kind for kind in OF_METRICS if kind != "last")
"""`last` is `metric`."""


@dataclasses.dataclass(frozen=True)
class _Line:
    place: int | None
    """From 0, among those that are chosen."""
    is_falling: bool
    column: Column


class ColumnList(LineList):
    """The columns, those that are chosen first."""

    def __init__(
        self, *, ascii_only: bool, has_order: bool, **options: Any
    ) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._ascii = ascii_only
        self._has_order = has_order

    def show(self, lines: Sequence[_Line]) -> None:
        """Show these."""
        self.put_rows([(str(line.column), line) for line in lines])

    @property
    def column(self) -> Column | None:
        """The one under the cursor."""
        line = self._rows.get(self.cursor_key) if self.cursor_key is not None else None
        return line.column if line is not None else None

    def row_segments(self, key: str, row: _Line, width: int, *, cursor: bool) -> list[Segment]:
        plain = Style()
        dim = self.get_component_rich_style("lines--dim", partial=True)
        arrow = ("v" if row.is_falling else "^") if self._ascii else ("▼" if row.is_falling else "▲")
        sign = "" if row.place is None else f"{row.place + 1}{arrow if self._has_order else '.'}"
        name = min(_NAME, max(10, width - _SIGNS - 20))
        words = PLAIN.get(row.column.kind, "") if not row.column.key else _WORDS.get(row.column.kind, "")
        return [
            cell(f"{'>' if cursor else ' '}{sign}", _SIGNS, plain),
            cell(one_line(str(row.column), 200), name, plain if row.place is not None else dim),
            cell(f"  {words.lower()}", width - _SIGNS - name, dim),
        ]

    def empty_lines(self, width: int) -> list[str]:
        return ["", "  no column's name holds these words"]


class ChooseColumns(ModalScreen[Chosen | None]):
    """Columns and their order; None if the person went back."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("columns"), *bindings("list"), *bindings_above()]

    def __init__(
        self,
        title: str,
        chosen: Chosen,
        vocabulary: Vocabulary | None,
        *,
        columns_of: Callable[[Vocabulary | None], Sequence[Column]] = every_column,
        usual: Chosen = (),
        has_order: bool = False,
        ascii_only: bool = False,
    ) -> None:
        """`columns_of`: what there is to choose from. `has_order`: it is about a sort, so that each has its way, and Enter takes the one under the cursor."""
        super().__init__()
        self._title = title
        self._chosen: dict[Column, bool] = dict(chosen)
        self._columns_of = columns_of
        self._every = tuple(columns_of(vocabulary))
        self._usual = usual
        self._has_order = has_order
        self._ascii = ascii_only
        self._words = ""
        self._is_touched = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large -columns") as box:
            box.border_title = Content(self._title)
            yield ColumnList(ascii_only=self._ascii, has_order=self._has_order)
            field = Input(placeholder="words of a name", compact=True)
            field.display = False
            yield field
        yield KeyLine()

    def on_mount(self) -> None:
        self._show()
        self.query_one(ColumnList).focus()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "columns"

    def take_vocabulary(self, vocabulary: Vocabulary) -> None:
        """More columns are known now."""
        self._every = tuple(self._columns_of(vocabulary))
        if self.query(ColumnList):  # else they come before the dialog is drawn, which shows them then
            self._show()

    def _show(self) -> None:
        chosen = {column: place for place, column in enumerate(self._chosen)}
        columns = [*self._chosen, *(column for column in self._every if column not in chosen)]
        self.query_one(ColumnList).show(
            [
                _Line(chosen.get(column), self._chosen.get(column, False), column)
                for column in columns
                if matches(f"{column} {PLAIN.get(column.kind, '')}".lower(), self._words)
            ]
        )

    def _change(self, change: Callable[[Column], None]) -> None:
        column = self.query_one(ColumnList).column
        if column is not None:
            self._is_touched = True
            change(column)
            self._show()

    def action_choose(self) -> None:
        self._change(self._turn)

    def _turn(self, column: Column) -> None:
        """Take it in, turn its order round, leave it out."""
        if column not in self._chosen:
            self._chosen[column] = self._has_order and is_falling(column)
        elif self._has_order and self._chosen[column] == is_falling(column):
            self._chosen[column] = not self._chosen[column]
        else:
            del self._chosen[column]

    def action_shift_column(self, by: int) -> None:
        self._change(lambda column: self._shift(column, by))

    def _shift(self, column: Column, by: int) -> None:
        order = list(self._chosen)
        if column in self._chosen:
            place = order.index(column)
            order.insert(max(0, place + by), order.pop(place))
            self._chosen = {each: self._chosen[each] for each in order}

    def action_take_usual(self) -> None:
        self._is_touched = True
        self._chosen = dict(self._usual)
        self._show()

    def action_take(self) -> None:
        column = self.query_one(ColumnList).column
        if self._is_touched or column is None:
            self.dismiss(tuple(self._chosen.items()))
        elif self._has_order:
            before: Mapping[Column, bool] = self._chosen
            falling = not before[column] if list(before) == [column] else is_falling(column)
            self.dismiss(((column, falling),))
        else:
            # Nobody opens this to change nothing.
            self._turn(column)
            self.dismiss(tuple(self._chosen.items()))

    def action_back(self) -> None:
        field = self.query_one(Input)
        if field.display:
            self._end_finding("")
        else:
            self.dismiss(None)

    def action_find_column(self) -> None:
        field = self.query_one(Input)
        field.display = True
        # At once: keys that are typed ahead are meant for the field.
        self.set_focus(field)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._words = event.value
        self._show()

    @on(Input.Submitted)
    def _found(self, event: Input.Submitted) -> None:
        event.stop()
        self._end_finding(event.value)
        if not self._is_touched:
            # Whoever has found the one column that he looked for has chosen it.
            self.action_take()

    def action_cursor_down(self) -> None:
        """While a name is typed too."""
        self.query_one(ColumnList).action_cursor_down()

    def action_cursor_up(self) -> None:
        self.query_one(ColumnList).action_cursor_up()

    def _end_finding(self, words: str) -> None:
        self._words = words
        field = self.query_one(Input)
        field.display = bool(words)
        if not words:
            field.value = ""
        self.set_focus(self.query_one(ColumnList))
        self._show()
