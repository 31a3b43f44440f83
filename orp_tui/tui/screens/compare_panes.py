"""Where the panes of a comparison are, which of them are in sight, and what their frames say."""

from __future__ import annotations

from textual import events
from textual.widget import Widget

from orp_tui.tui.screens.compare_verbs import SIDE, TABS, CompareVerbs
from orp_tui.tui.titles import entitle
from orp_tui.tui.widgets.compare_table import CompareTable
from orp_tui.tui.widgets.metric_chart import MetricChart

_WIDE = (120, 20)
_BARE = (60, 15)


class ComparePanes(CompareVerbs):
    """The table and another pane beside each other where there is room, else one at a time."""

    @property
    def seen(self) -> tuple[str, ...]:
        """The panes in sight."""
        if not self.is_wide:
            return (self.tab,)
        if self.is_zoomed:
            return (self.pane_of_focus_id(),)
        return ("table", self.side)

    @property
    def is_wide(self) -> bool:
        """Whether the table and another pane have room beside each other."""
        return self.size.width >= _WIDE[0] and self.size.height >= _WIDE[1]

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _BARE[0] or event.size.height < _BARE[1], "-bare")
        self.place_panes()

    def place_panes(self) -> None:
        """Display what is to be seen; the focus goes where it is seen."""
        seen = self.seen
        for name in TABS:
            self.query_one(f"#{name}").display = name in seen
        if self.pane_of_focus_id() not in seen:
            self.set_focus(self.query_one(f"#{self.tab if self.tab in seen else seen[-1]}"))
        self.show_titles()
        self.ask_for_details()

    def show_titles(self) -> None:
        """Let the frames say what is in them."""
        tabs = SIDE if self.is_wide and not self.is_zoomed else TABS
        for name in TABS:
            words = self._title(name)
            if name in tabs:
                words = "  ".join(f"[{words}]" if tab == name else tab.capitalize() for tab in tabs)
            entitle(self.query_one(f"#{name}"), words)

    def _title(self, name: str) -> str:
        if name == "chart":
            return self.query_one(MetricChart).title
        if name == "steps":
            return self.steps_title
        if name == "code":
            return "Code"
        sheet = self.query_one(f"#{name}", CompareTable).sheet
        word = name.capitalize()
        if sheet is None:
            return word
        words = f" /{self.query_one(f'#{name}', CompareTable).filter_words}" if self.query_one(f"#{name}", CompareTable).filter_words else ""  # fmt: skip
        return f"{word} {'all' if self.is_whole else 'differing'} rows{words}"

    def pane_of_focus_id(self) -> str:
        """The pane in which the focus lies, by its tab."""
        return self.focused.id if self.focused is not None and self.focused.id in TABS else self.tab

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return {"chart": "chart", "code": "page"}.get(self.pane_of_focus_id(), "compare")

    def place_widget(self, place: str) -> Widget | None:
        """The pane of a place of `bindings`, brought into sight."""
        tab = {"chart": "chart", "page": "code"}.get(
            place, self.pane_of_focus_id() if place == "compare" else ""
        )
        if not tab:
            return None
        self.go_to_tab(tab)
        return self.query_one(f"#{tab}")
