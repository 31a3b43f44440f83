"""Saved views of the list of runs: gone to by their digit, saved, deleted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import one_line
from orp_tui.tui.bindings import bindings, bindings_above
from orp_tui.tui.widgets.line_field import LineField
from orp_tui.tui.widgets.lines import LineList, cell

if TYPE_CHECKING:
    from orp_tui.services.views import View

DIGITS = 9
_LONGEST_NAME = 40


@dataclasses.dataclass(frozen=True)
class GoToView:
    """Show this."""

    view: View


@dataclasses.dataclass(frozen=True)
class SaveView:
    """Save what is shown now under this name; one of that name is replaced."""

    name: str


@dataclasses.dataclass(frozen=True)
class DeleteView:
    """Delete the view of this name."""

    name: str


ViewAnswer = GoToView | SaveView | DeleteView


class ViewList(LineList):
    """One view a line: its digit, its name, what it shows."""

    trouble = ""
    """Why the views can't be read; empty if they can."""

    def show(self, views: Sequence[View]) -> None:
        """Show these, in this order."""
        self.put_rows([(view.name, (place, view)) for place, view in enumerate(views, 1)])
        self.refresh()

    @property
    def view(self) -> View | None:
        """The one under the cursor."""
        row = self._rows.get(self.cursor_key) if self.cursor_key is not None else None
        return row[1] if row is not None else None

    def row_segments(self, key: str, row: Any, width: int, *, cursor: bool) -> list[Segment]:
        place, view = row
        dim = self.get_component_rich_style("lines--dim", partial=True)
        name = min(28, max(8, width // 3))
        return [
            cell(f"{'>' if cursor else ' '}{place if place <= DIGITS else ' '} ", 3, Style()),
            cell(one_line(view.name, _LONGEST_NAME), name, Style()),
            cell(f"  {view_words(view)}", width - name - 3, dim),
        ]

    def empty_lines(self, width: int) -> list[str]:
        if self.trouble:
            return [f"  {self.trouble}"]
        return ["  no view is saved yet", "  s  saves what is shown now: filter, columns, order, groups"]


class ChooseView(ModalScreen["ViewAnswer | None"]):
    """A digit goes to its view at once, also while the views are still read; None if the person went back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("views"),
        *bindings_above(),
        # Bindings, for a hand so fast that the key is on its way to the screen beneath already.
        *(Binding(str(digit), f"go_to({digit})", show=False) for digit in range(1, DIGITS + 1)),
    ]

    @dataclasses.dataclass
    class Read(Message):
        """The views were read, or why they can't be."""

        views: tuple[View, ...]
        trouble: str = ""

    def __init__(
        self, read: Callable[[], Sequence[View]], shown_now: str, known: Sequence[View] | None = None
    ) -> None:
        """`read` gives the saved views, in a thread; `shown_now`: in words, what saving would keep.

        `known`: the views as they were read a while ago, for digits that come before they are read again.
        """
        super().__init__()
        self._read_views = read
        self._shown_now = one_line(shown_now, 400)
        self._views: tuple[View, ...] | None = None if known is None else tuple(known)
        self._wanted: int | None = None
        self._doomed = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large") as box:
            box.border_title = Content("Views")
            yield ViewList()
            field = LineField(placeholder="name of the view")
            field.display = False
            yield field
            yield Static("", classes="answer")

    def on_mount(self) -> None:
        self._say_keys()
        self.query_one(ViewList).focus()
        self._read_them()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "views"

    @work(thread=True, exclusive=True, exit_on_error=False, group="views")
    def _read_them(self) -> None:
        try:
            self.post_message(self.Read(tuple(self._read_views())))
        except (OrpError, OSError) as error:
            self.post_message(self.Read((), one_line(str(error), 200)))

    @on(Read)
    def _views_read(self, event: Read) -> None:
        event.stop()
        self._views = event.views
        views = self.query_one(ViewList)
        views.trouble = event.trouble
        views.show(event.views)
        if self._wanted is not None:
            self._go_to(self._wanted)

    # Going

    def action_go_to(self, number: int) -> None:
        self._go_to(number)

    def _go_to(self, number: int) -> None:
        if self._views is None:
            self._wanted = number
        elif number <= len(self._views):
            self.dismiss(GoToView(self._views[number - 1]))
        else:
            self._wanted = None
            self._say(f"there is no view {number}")

    def action_take(self) -> None:
        view = self.query_one(ViewList).view
        if view is not None:
            self.dismiss(GoToView(view))

    # Saving and deleting

    def action_save_view(self) -> None:
        field = self.query_one(LineField)
        field.display = True
        field.focus()
        self._say(f"Enter  saves: {self._shown_now}")

    @on(Input.Changed)
    def _named(self, event: Input.Changed) -> None:
        event.stop()
        name = one_line(event.value).casefold()
        taken = any(view.name.casefold() == name for view in self._views or ())
        self._say(
            f"Enter  replaces the view of that name by: {self._shown_now}"
            if taken
            else f"Enter  saves: {self._shown_now}"
        )

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        event.stop()
        from orp_tui.services.views import View, check_view

        name = one_line(event.value)
        try:
            check_view(View(name))
        except OrpError as error:
            self._say("a view needs a name" if not name else one_line(str(error), 200))
        else:
            self.dismiss(SaveView(name))

    def action_delete_view(self) -> None:
        """At the second time: a view is made quicker than it is missed."""
        view = self.query_one(ViewList).view
        if view is None:
            return
        if self._doomed == view.name:
            self.dismiss(DeleteView(view.name))
            return
        self._doomed = view.name
        self._say(f"the same key again deletes {one_line(view.name, 40)}; no run is touched")

    @on(LineList.Highlighted)
    def _moved(self, event: LineList.Highlighted) -> None:
        event.stop()
        if self._doomed and event.key != self._doomed:
            self._doomed = ""
            self._say_keys()

    def action_back(self) -> None:
        field = self.query_one(LineField)
        if not field.display:
            self.dismiss(None)
            return
        field.display = False
        field.value = ""
        self.query_one(ViewList).focus()
        self._say_keys()

    def _say_keys(self) -> None:
        self._say("1-9, Enter  go there      s  save      D  delete      Esc  back")

    def _say(self, words: str) -> None:
        self.query_one(".answer", Static).update(Content(words))


def view_words(view: View) -> str:
    """`state:failed  by cfg.lr  sort: -metric.acc`."""
    parts = [one_line(view.filter, 100) or "all runs"]
    if view.group_by:
        parts.append(f"by {', '.join(one_line(str(column), 30) for column in view.group_by)}")
    if view.sort:
        parts.append(f"sort: {', '.join(one_line(str(key), 30) for key in view.sort)}")
    return "  ".join(parts)
