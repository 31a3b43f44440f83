"""The room of the dashboard's panes: each lies where `placing` says."""

from __future__ import annotations

from textual.geometry import NULL_OFFSET, NULL_SPACING, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from orp_tui.tui.placing import View, is_tiny, regions


class _Placed(Layout):
    name = "placed"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        assert isinstance(parent, Body)
        places = regions(size.width, size.height, parent.view)
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

    def __init__(self, *children: Widget, view: View | None = None) -> None:
        super().__init__(*children)
        self._placed = _Placed()
        self._view = view or View()

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

    def is_shown(self, pane: str) -> bool:
        """Whether a pane has a place now."""
        return pane in regions(self.size.width, self.size.height, self._view)

    def show_placed(self) -> None:
        """Display what has a place, and nothing else."""
        size = self.size
        places = regions(size.width, size.height, self._view)
        tiny = is_tiny(size.width, size.height)
        for child in self.children:
            child.display = child.id in places
            child.set_class(tiny, "-bare")
        self.refresh(layout=True)

    def on_resize(self) -> None:
        self.show_placed()
