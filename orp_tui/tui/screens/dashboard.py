"""The first screen: experiment files, the queue, and everything about the selected run."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.tui.feeds import SelectedFeed
from orp_tui.tui.messages import (
    BoardChanged,
    ConfigsChanged,
    MachineChanged,
    MetricsChanged,
    SelectedChanged,
)
from orp_tui.tui.place import Place
from orp_tui.tui.placing import TABS, TOPS, View, side_tabs
from orp_tui.tui.screens.config_verbs import ConfigVerbs
from orp_tui.tui.screens.outside import short_path
from orp_tui.tui.widgets.body import Body
from orp_tui.tui.widgets.checklist import Checklist
from orp_tui.tui.widgets.configs_tree import ConfigsTree
from orp_tui.tui.widgets.header_line import HeaderLine, Heading
from orp_tui.tui.widgets.info_panel import InfoPanel
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.meters import MachineStrip
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.prompt_line import PromptLine
from orp_tui.tui.widgets.queue_table import QueueTable

if TYPE_CHECKING:
    from orp_tui.services.board import Board
    from orp_tui.services.selected import SelectedRun
    from orp_tui.services.watch import RunView

_TITLES = {"log": "Log", "info": "Info"}


class _Later(Static, can_focus=True):
    """Stands where a pane comes."""


class DashboardScreen(ConfigVerbs):
    """Hears what the feeds tell and hands it to the panes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_panel(1)", "Next panel", show=False, id="app.next"),
        Binding("shift+tab", "next_panel(-1)", "Previous panel", show=False, id="app.previous"),
    ]

    def compose(self) -> ComposeResult:
        manners = self.orp.manners
        yield HeaderLine(self._heading(self.orp.board))
        yield MachineStrip(ascii_only=manners.ascii)
        yield Body(
            ConfigsTree(ascii_only=manners.ascii, id="configs"),
            QueueTable(ascii_only=manners.ascii, tick_s=manners.elapsed_period_s, id="queue"),
            _Later("log", id="log"),
            Checklist(id="checklist"),
            MetricChart(ascii_only=manners.ascii, period_s=manners.chart_period_s, id="chart"),
            InfoPanel(id="info"),
        )
        yield PromptLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self._feed = SelectedFeed(self.orp.context, self.post_message)
        self._selected: str | None = None
        self._shown: SelectedRun | None = None
        self._wanted_run, self._wanted_config = self.orp.place.run_id, self.orp.place.config
        self._watch()
        self._return_to(self.orp.place)
        if self.orp.board is not None:
            self._show_board(self.orp.board)

    def on_unmount(self) -> None:
        self._feed.end()

    @work(thread=True, exit_on_error=False, group="selected")
    def _watch(self) -> None:
        self._feed.run()

    # News

    @on(BoardChanged)
    def _board(self, event: BoardChanged) -> None:
        event.stop()
        self._show_board(event.board)

    @on(SelectedChanged)
    def _selection(self, event: SelectedChanged) -> None:
        event.stop()
        if event.selected.run_id != self._selected:
            return
        from_top = self._shown is None or self._shown.run_id != event.selected.run_id
        self._shown = event.selected
        page = event.selected.page
        self.query_one(Checklist).show(page.checklist)
        from orp_tui.tui.run_sections import page_sections

        sections = page_sections(page, now=time.time(), ascii_only=self.orp.manners.ascii)
        self.query_one(InfoPanel).show(sections, from_top=from_top)

    @on(MetricsChanged)
    def _metrics(self, event: MetricsChanged) -> None:
        event.stop()
        if event.run_id == self._selected:
            found = event.metrics
            self.query_one(MetricChart).show(found.series, found.primary, said=found.trouble)

    @on(ConfigsChanged)
    def _configs(self, event: ConfigsChanged) -> None:
        tree = self.query_one(ConfigsTree)
        tree.show(event.view)
        if self._wanted_config is not None and tree.reveal(self._wanted_config):
            self._wanted_config = None

    @on(MachineChanged)
    def _machine(self, event: MachineChanged) -> None:
        event.stop()
        self.query_one(MachineStrip).show(event.look.machine)

    @on(QueueTable.Highlighted)
    def _highlighted(self, event: QueueTable.Highlighted) -> None:
        event.stop()
        if event.widget is self.query_one(QueueTable):
            self._select(event.key)

    @on(QueueTable.TitleChanged)
    @on(ConfigsTree.TitleChanged)
    @on(Checklist.TitleChanged)
    @on(MetricChart.TitleChanged)
    def _titles_changed(self) -> None:
        self._show_titles()
        self._remember()

    @on(QueueTable.FilterRequested)
    def _filter_queue(self) -> None:
        queue = self.query_one(QueueTable)
        self.query_one(PromptLine).ask(
            "filter:", queue.filter_words, lambda words: setattr(queue, "filter_words", words)
        )

    @on(ConfigsTree.FilterRequested)
    def _filter_configs(self) -> None:
        tree = self.query_one(ConfigsTree)
        self.query_one(PromptLine).ask(
            "filter:", tree.filter_words, lambda words: setattr(tree, "filter_words", words)
        )

    @on(Checklist.OpenRequested)
    def _open_deliverable(self, event: Checklist.OpenRequested) -> None:
        event.stop()
        place = self._shown.page.workspace if self._shown is not None else None
        if place is None:
            self.orp.say("there is neither a workspace nor a zip to look into", severity="warning")
        else:
            from orp_tui.tui.screens.preview import PreviewScreen

            self.app.push_screen(PreviewScreen(place, event.item))

    def action_open_run(self) -> None:
        from orp_tui.tui.screens.run_detail import RunDetailScreen

        run_id = self.query_one(QueueTable).cursor_key
        if run_id is not None:
            self.app.push_screen(RunDetailScreen(run_id))

    def want_run(self, run_id: str) -> None:
        """Put the cursor on a run that was just made, once the board shows it."""
        self._wanted_run = run_id

    def action_focus_configs(self) -> None:
        self._reveal("configs")
        self.query_one(ConfigsTree).focus()

    def log_place(self) -> str | None:
        return self._shown.stdout if self._shown is not None else None

    # Where one was

    def _return_to(self, place: Place) -> None:
        """See what was seen at that place; its run and file are found once they are there."""
        queue = self.query_one(QueueTable)
        queue.filter_words = place.filter
        queue.order = place.sort, place.reverse
        panel = place.panel if place.panel in (*TOPS, *TABS) else "queue"
        tab = place.tab if place.tab in TABS else TABS[0]
        top = panel if panel in TOPS else TOPS[0]
        self._see(View(tab, top, panel if place.zoomed else None))
        self.query_one(f"#{panel}").focus()

    def _remember(self) -> None:
        """Keep the place for the next time; the app writes it when it is left."""
        queue, view = self.query_one(QueueTable), self.query_one(Body).view
        file = self.query_one(ConfigsTree).cursor_file
        self.orp.place = dataclasses.replace(
            self.orp.place,
            run_id=self._wanted_run or self._selected,
            config=file.name if file is not None else self._wanted_config,
            tab=view.tab,
            panel=self.pane_of_focus(),
            zoomed=view.zoom is not None,
            filter=queue.filter_words,
            sort=queue.order[0],
            reverse=queue.order[1],
        )

    # What is seen

    def chosen_runs(self) -> list[RunView]:
        queue = self.query_one(QueueTable)
        views = (queue.view_of(run_id) for run_id in queue.chosen)
        return [item for item in views if item is not None]

    def place_widget(self, place: str) -> Widget | None:
        """The pane of a place of `bindings`, brought into sight."""
        if place not in (*TOPS, *TABS):
            return None
        self._reveal(place)
        return self.query_one(f"#{place}")

    def action_next_panel(self, by: int) -> None:
        body = self.query_one(Body)
        panes = [pane for pane in ("configs", "queue", *TABS) if pane in TOPS or body.is_shown(pane)]
        here = self.pane_of_focus()
        place = (panes.index(here) + by) % len(panes) if here in panes else 0
        self._reveal(panes[place])
        self.query_one(f"#{panes[place]}").focus()

    def action_turn_tab(self, by: int) -> None:
        body = self.query_one(Body)
        tabs = side_tabs(body.size.width, body.size.height)
        if not tabs:
            return
        now = body.view.tab if body.view.tab in tabs else tabs[0]
        tab = tabs[(tabs.index(now) + by) % len(tabs)]
        follows = self.pane_of_focus() in tabs
        self._see(dataclasses.replace(body.view, tab=tab))
        if follows:
            self.query_one(f"#{tab}").focus()

    def action_zoom(self) -> None:
        view = self.query_one(Body).view
        zoom = self.pane_of_focus() if view.zoom is None else None
        self._see(dataclasses.replace(view, zoom=zoom))

    def action_back(self) -> None:
        body = self.query_one(Body)
        table: ConfigsTree | QueueTable
        table = (
            self.query_one(ConfigsTree) if self.pane_of_focus() == "configs" else self.query_one(QueueTable)
        )
        if table.clear_marks():
            return
        if table.filter_words:
            table.filter_words = ""
        elif body.view.zoom is not None:
            self._see(dataclasses.replace(body.view, zoom=None))

    def pane_of_focus(self) -> str:
        """The pane in which the focus lies."""
        node = self.focused
        for ancestor in node.ancestors_with_self if node is not None else ():
            if ancestor.id in (*TOPS, *TABS):
                return str(ancestor.id)
        return self.query_one(Body).view.top

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        pane = self.pane_of_focus()
        body = self.query_one(Body)
        if body.view.zoom not in (None, pane):
            self._see(dataclasses.replace(body.view, zoom=pane))
        self._remember()

    def _reveal(self, pane: str) -> None:
        view = self.query_one(Body).view
        zoom = None if view.zoom is None else pane
        tab, top = (view.tab, pane) if pane in TOPS else (pane, view.top)
        self._see(View(tab, top, zoom))

    def _see(self, view: View) -> None:
        self.query_one(Body).view = view
        self._show_titles()
        self._remember()

    # Showing

    def _show_board(self, board: Board) -> None:
        queue = self.query_one(QueueTable)
        queue.show(board.rows, metrics=board.metrics, kill_at=board.kill_at)
        self.query_one(HeaderLine).show(self._heading(board))
        if self._wanted_run is not None and (queue.go_to(self._wanted_run) or board.seen is not None):
            self._wanted_run = None
        self._select(queue.cursor_key)
        self._show_titles()

    def _select(self, run_id: str | None) -> None:
        item = self.query_one(QueueTable).view_of(run_id) if run_id is not None else None
        if run_id != self._selected:
            self._selected = run_id
            self.query_one(Checklist).show(item.checklist if item is not None else None)
            self.query_one(MetricChart).show(None if item is None else {})
            self._show_titles()
        self._feed.select(run_id, is_final=item is not None and item.state.is_final)
        self._remember()

    def _show_titles(self) -> None:
        queue, body = self.query_one(QueueTable), self.query_one(Body)
        queue.border_title = Content(queue.title)
        configs = self.query_one(ConfigsTree)
        configs.border_title = Content(configs.title)
        item = queue.view_of(self._selected) if self._selected is not None else None
        name = (
            f"{self._selected.rpartition('_')[2]} {one_line(item.run.name, 30)}"
            if item and self._selected
            else ""
        )
        tabs = side_tabs(body.size.width, body.size.height)
        if sum(body.is_shown(tab) for tab in tabs) > 1:
            tabs = ()
        for tab in TABS:
            title = self._tabs(tab, tabs) if tab in tabs else self._title_of(tab)
            words = f"{name}  {title}" if tab == TABS[0] else title
            self.query_one(f"#{tab}").border_title = Content(words)

    def _tabs(self, tab: str, tabs: tuple[str, ...]) -> str:
        return "  ".join(f"[{self._title_of(one)}]" if one == tab else self._title_of(one) for one in tabs)

    def _title_of(self, tab: str) -> str:
        if tab == "checklist":
            return self.query_one(Checklist).title
        return self.query_one(MetricChart).title if tab == "chart" else _TITLES[tab]

    def _heading(self, board: Board | None) -> Heading:
        context = self.orp.context
        counts = board.seen.counts if board is not None and board.seen is not None else {}
        words = [
            f"{number} {word}"
            for word, states in (
                ("run", (RunState.STARTING, RunState.RUNNING, RunState.FINISHING)),
                ("wait", (RunState.QUEUED,)),
            )
            if (number := sum(counts.get(state, 0) for state in states))
        ]
        return Heading(
            place=f"{os.uname().nodename}  {short_path(context.project)}",
            screens="[1]Dashboard 5 System",
            counts="  ".join(words) or ("nothing runs" if board is not None else "looking"),
            warning=_warning(board) if board is not None else "",
        )


def _warning(board: Board) -> str:
    if board.problem is not None:
        return board.problem
    if board.seen is not None and board.seen.paused is not None:
        return f"queue paused: {board.seen.paused}"
    if board.is_read_only:
        return "read only: nothing can be changed from here"
    if board.unstarted_without_leader:
        return "nothing starts: no queue processor"
    return ""
