"""Which panes of the dashboard are seen, which one has the focus, and what their frames say."""

from __future__ import annotations

import dataclasses

from textual import events, on
from textual.widget import Widget

from orp_tui.core.sanitise import one_line
from orp_tui.tui.placing import TABS, TOPS, View, side_tabs
from orp_tui.tui.screens.config_verbs import ConfigVerbs
from orp_tui.tui.titles import entitle, log_words
from orp_tui.tui.widgets.body import Body
from orp_tui.tui.widgets.checklist import Checklist
from orp_tui.tui.widgets.configs_tree import ConfigsTree
from orp_tui.tui.widgets.log_view import LogView
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.queue_table import QueueTable


class Panes(ConfigVerbs):
    """A screen with a Body of all `placing.PANES`."""

    def remember(self) -> None:
        """What is seen has changed; for heirs that keep it."""

    def place_widget(self, place: str) -> Widget | None:
        """The pane of a place of `bindings`, brought into sight."""
        if place not in (*TOPS, *TABS):
            return None
        self.reveal(place)
        return self.query_one(f"#{place}")

    def action_next_panel(self, by: int) -> None:
        body = self.query_one(Body)
        every = ("configs", "queue", *TABS)
        panes = [pane for pane in every if pane in TOPS or body.is_tiny or body.is_shown(pane)]
        here = self.pane_of_focus()
        place = (panes.index(here) + by) % len(panes) if here in panes else 0
        self.reveal(panes[place])
        self.give_focus(panes[place])

    def action_turn_tab(self, by: int) -> None:
        body = self.query_one(Body)
        tabs = TABS if body.is_tiny else side_tabs(body.size.width, body.size.height)
        if not tabs:
            return
        now = body.view.tab if body.view.tab in tabs else tabs[0]
        follows = self.pane_of_focus() in tabs
        # Where one pane alone is seen, the tab itself comes first.
        tab = now if body.is_tiny and not follows else tabs[(tabs.index(now) + by) % len(tabs)]
        self.see(dataclasses.replace(body.view, tab=tab, alone=tab))
        if follows or body.is_tiny:
            self.give_focus(tab)

    def action_zoom(self) -> None:
        view = self.query_one(Body).view
        zoom = self.pane_of_focus() if view.zoom is None else None
        self.see(dataclasses.replace(view, zoom=zoom))

    def action_back(self) -> None:
        body = self.query_one(Body)
        if self.pane_of_focus() == "log" and self.query_one(LogView).leave():
            return
        if self.pane_of_focus() == "chart" and self.query_one(MetricChart).leave():
            return
        table: ConfigsTree | QueueTable
        table = (
            self.query_one(ConfigsTree) if self.pane_of_focus() == "configs" else self.query_one(QueueTable)
        )
        if table.clear_marks():
            return
        if table.filter_words:
            table.filter_words = ""
        elif body.view.zoom is not None:
            self.see(dataclasses.replace(body.view, zoom=None))
        elif not body.is_shown("queue"):
            self.reveal("queue")
            self.give_focus("queue")

    def pane_of_focus(self) -> str:
        """The pane in which the focus lies."""
        node = self.focused
        for ancestor in node.ancestors_with_self if node is not None else ():
            if ancestor.id in (*TOPS, *TABS):
                return str(ancestor.id)
        return self.query_one(Body).view.top

    def give_focus(self, pane: str) -> None:
        """Let a pane that is shown have the focus at once: the next key may have been typed already."""
        widget = self.query_one(f"#{pane}")
        if widget.can_focus:
            self.set_focus(widget)
        else:
            widget.focus()

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        pane = self.pane_of_focus()
        body = self.query_one(Body)
        zoom = None if body.view.zoom is None else pane
        self.see(dataclasses.replace(body.view, zoom=zoom, alone=pane))

    @on(Body.Resized)
    def _resized(self, event: Body.Resized) -> None:
        event.stop()
        self.show_titles()
        self.remember()

    def reveal(self, pane: str) -> None:
        """Bring a pane into sight."""
        self.see(self.query_one(Body).view.showing(pane))

    def see(self, view: View) -> None:
        """Show what is chosen there."""
        self.query_one(Body).view = view
        self.show_titles()
        self.remember()

    def show_titles(self) -> None:
        """Let the frames say what is in them."""
        queue, body = self.query_one(QueueTable), self.query_one(Body)
        entitle(queue, queue.title)
        configs = self.query_one(ConfigsTree)
        entitle(configs, configs.title)
        item = queue.view_of(queue.cursor_key) if queue.cursor_key is not None else None
        name = f"{item.run.id.rpartition('_')[2]} {one_line(item.run.name, 30)}" if item is not None else ""
        tabs = side_tabs(body.size.width, body.size.height)
        if sum(body.is_shown(tab) for tab in tabs) > 1:
            tabs = ()
        for tab in TABS:
            title = self._tabs(tab, tabs) if tab in tabs else self._title_of(tab)
            # The chart is of the marked runs, if there are any.
            names_run = name and (
                tab == TABS[0] or (body.view.zoom == tab and not (tab == "chart" and queue.marks))
            )
            words = f"{name}  {title}" if names_run else title
            entitle(self.query_one(f"#{tab}"), words)

    def _tabs(self, tab: str, tabs: tuple[str, ...]) -> str:
        # Of a tab that is not seen its first words are enough.
        others = {one: self._title_of(one).partition("  ")[0] for one in tabs}
        return "  ".join(f"[{self._title_of(one)}]" if one == tab else others[one] for one in tabs)

    def _title_of(self, tab: str) -> str:
        if tab == "log":
            log = self.query_one(LogView)
            return f"Log  {log_words(log.status)}" if log.sources is not None else "Log"
        if tab == "checklist":
            return self.query_one(Checklist).title
        if tab == "chart":
            marks = self.query_one(QueueTable).marks
            whose = f"  of {marks[0].rpartition('_')[2]}" if len(marks) == 1 else ""
            return f"{self.query_one(MetricChart).title}{whose}"
        return "Info"
