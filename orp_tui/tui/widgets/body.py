"""The room of the dashboard's panes: each lies where `placing` says."""

from __future__ import annotations

import dataclasses

from textual.geometry import NULL_OFFSET, NULL_SPACING, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from orp_tui.tui.placing import PANES, View, is_tiny, regions


class _Placed(Layout):
    name = "placed"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        assert isinstance(parent, Body)
        places = regions(size.width, size.height, parent.view_at(size))
        return [
            WidgetPlacement(places[child.id], NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id is not None and child.id in places
        ]


class Body(Widget):
    """Its children carry the names of `placing.PANES` as ids; those without a place are not displayed."""

    DEFAULT_CSS = """
    Body { width: 1fr; height: 1fr; }
    """

    @dataclasses.dataclass
    class Resized(Message):
        """Other panes may be seen now."""

    def __init__(self, *children: Widget, view: View | None = None) -> None:
        super().__init__(*children)
        self._placed = _Placed()
        self._view = view or View()
        self._fitted_to: Size | None = None
        """The size for which the view was last made sure to show the focus."""

    @property
    def layout(self) -> Layout:
        return self._placed

    @property
    def view(self) -> View:
        """What is chosen to be seen."""
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self.show_placed()

    def view_at(self, size: Size) -> View:
        """What is seen at a size: one that is new shows in any case the pane with the focus."""
        pane = self._pane_of_focus()
        if size == self._fitted_to or pane is None or pane in regions(size.width, size.height, self._view):
            return self._view
        return self._view.showing(pane)

    @property
    def is_tiny(self) -> bool:
        """Whether one pane alone has room."""
        return is_tiny(self.size.width, self.size.height)

    def is_shown(self, pane: str) -> bool:
        """Whether a pane has a place now."""
        return pane in regions(self.size.width, self.size.height, self._view)

    def show_placed(self) -> None:
        """Display what has a place, and nothing else."""
        size = self.size
        places = regions(size.width, size.height, self._view)
        for child in self.children:
            child.display = child.id in places
            child.set_class(self.is_tiny, "-bare")
        self.refresh(layout=True)

    def on_resize(self) -> None:
        self._view, self._fitted_to = self.view_at(self.size), self.size
        self.show_placed()
        self.post_message(self.Resized())

    def _pane_of_focus(self) -> str | None:
        focused = self.screen.focused
        around = focused.ancestors_with_self if focused is not None else ()
        return next((node.id for node in around if node.id in PANES and node.parent is self), None)
