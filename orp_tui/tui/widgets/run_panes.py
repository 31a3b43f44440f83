"""The three panes of a run's screen: all at once where there is room, else one at a time."""

from __future__ import annotations

import time

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from orp_tui.services.run_page import RunPage
from orp_tui.tui.run_sections import page_sections
from orp_tui.tui.widgets.artifact_list import ArtifactList
from orp_tui.tui.widgets.checklist import Checklist
from orp_tui.tui.widgets.info_panel import InfoPanel

TABS = ("info", "checklist", "artifacts")
"""Ids of the panes, in the order of the tabs."""
SIDE_BY_SIDE = 100
"""Columns from which all panes are seen at once."""
BARE = (60, 15)
"""Below this the panes have no frames."""


class RunPanes(Horizontal):
    """What is known of the run, its deliverables, what it left behind."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self._ascii = ascii_only
        self._tab = TABS[0]
        self._zoomed = False
        self._verified = ""

    def compose(self) -> ComposeResult:
        yield InfoPanel(id="info")
        with Vertical(id="run-beside"):
            yield Checklist(id="checklist")
            yield ArtifactList(id="artifacts")

    def show(self, page: RunPage) -> None:
        """Show this; what has not changed is not drawn."""
        self.query_one(InfoPanel).show(page_sections(page, now=time.time(), ascii_only=self._ascii))
        self.query_one(Checklist).show(page.checklist)
        self.query_one(ArtifactList).show(page.files)
        self._show_titles()

    def show_verified(self, words: str) -> None:
        """What was found of the zip, under its list."""
        self._verified = words
        self._show_titles()

    @property
    def is_zoomed(self) -> bool:
        """Whether one pane has all the room by somebody's wish."""
        return self._zoomed

    def turn(self, by: int) -> None:
        """To the next pane, or the one before."""
        self.reveal(TABS[(TABS.index(self._tab_in_sight()) + by) % len(TABS)])
        self.query_one(f"#{self._tab}").focus()

    def toggle_zoom(self) -> None:
        """Give the pane with the focus all the room, or take it back."""
        self._zoomed = not self._zoomed
        self.reveal(self._tab_in_sight())

    def reveal(self, tab: str) -> None:
        """Bring a pane into sight."""
        self._tab = tab
        self._show_tab()

    def on_resize(self) -> None:
        self._show_tab()

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        focused = self.screen.focused
        if focused is not None and focused.id in TABS and focused.id != self._tab:
            self.reveal(str(focused.id))

    @on(Checklist.TitleChanged)
    def _title_changed(self, event: Checklist.TitleChanged) -> None:
        event.stop()
        self._show_titles()

    def _tab_in_sight(self) -> str:
        focused = self.screen.focused
        return focused.id if focused is not None and focused.id in TABS else self._tab

    @property
    def _is_alone(self) -> bool:
        return self._zoomed or self.size.width < SIDE_BY_SIDE

    def _show_tab(self) -> None:
        alone = self._tab if self._is_alone else None
        size = self.screen.size
        self.set_class(size.width < BARE[0] or size.height < BARE[1], "-bare")
        for tab in TABS:
            self.query_one(f"#{tab}").display = alone in (None, tab)
        self.query_one("#run-beside").display = alone != "info"
        self._show_titles()

    def show_titles(self) -> None:
        """Let the frames say again what is in them."""
        self._show_titles()

    def _show_titles(self) -> None:
        titles = {
            "info": "Run",
            "checklist": self.query_one(Checklist).title,
            "artifacts": self.query_one(ArtifactList).title,
        }
        for tab in TABS:
            words = "  ".join(f"[{titles[one]}]" if one == tab else titles[one] for one in TABS)
            self.query_one(f"#{tab}").border_title = Content(words if self._is_alone else titles[tab])
        self.query_one("#artifacts").border_subtitle = Content(self._verified)
