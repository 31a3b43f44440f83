"""The first screen: experiment files, the queue, and everything about the selected run."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from orp_tui.tui.feeds import ChartFeed, SelectedFeed
from orp_tui.tui.messages import (
    BoardChanged,
    ChartChanged,
    ConfigsChanged,
    FeedFailed,
    LogsFound,
    MachineChanged,
    SelectedChanged,
)
from orp_tui.tui.place import Place
from orp_tui.tui.placing import TABS, TOPS, View
from orp_tui.tui.rows import why_no_log
from orp_tui.tui.screens.chart_verbs import ChartVerbs
from orp_tui.tui.screens.outside import command_of, short_path
from orp_tui.tui.screens.panes import Panes
from orp_tui.tui.titles import heading
from orp_tui.tui.widgets.body import Body
from orp_tui.tui.widgets.checklist import Checklist
from orp_tui.tui.widgets.configs_tree import ConfigsTree
from orp_tui.tui.widgets.filtered import FilteredList
from orp_tui.tui.widgets.header_line import HeaderLine
from orp_tui.tui.widgets.info_panel import InfoPanel
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.log_view import LogSources, LogView
from orp_tui.tui.widgets.meters import MachineStrip
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.prompt_line import PromptLine
from orp_tui.tui.widgets.queue_table import QueueTable

if TYPE_CHECKING:
    from orp_tui.services.board import Board
    from orp_tui.services.selected import SelectedRun
    from orp_tui.services.watch import RunView


_STALE_S = 0.15
"""So long the facts of one run may stand while those of the next are looked for: no blink at each step."""
_PATIENCE = 3
"""Looks in which a run that was just made has to turn up."""


class DashboardScreen(ChartVerbs, Panes):
    """Hears what the feeds tell and hands it to the panes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_panel(1)", "Next panel", show=False, id="app.next"),
        Binding("shift+tab", "next_panel(-1)", "Previous panel", show=False, id="app.previous"),
    ]

    def compose(self) -> ComposeResult:
        manners = self.orp.manners
        yield HeaderLine(heading(short_path(self.orp.context.project), self.orp.board))
        yield MachineStrip(ascii_only=manners.ascii)
        yield Body(
            ConfigsTree(ascii_only=manners.ascii, id="configs"),
            QueueTable(ascii_only=manners.ascii, tick_s=manners.elapsed_period_s, id="queue"),
            LogView(ticks_per_s=manners.log_ticks_per_s, id="log"),
            Checklist(id="checklist"),
            MetricChart(ascii_only=manners.ascii, period_s=manners.chart_period_s, id="chart"),
            InfoPanel(id="info"),
        )
        yield PromptLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self._feed = SelectedFeed(self.orp.context, self.post_message)
        self._chart_feed = ChartFeed(self.orp.context, self.post_message)
        self._charted: tuple[str, ...] = ()
        self._wanted_step: MetricChart.LogWanted | None = None
        """What the log is to go to, once it is that of the run under the cursor."""
        self._selected: str | None = None
        self._shown: SelectedRun | None = None
        self._wanted_run, self._wanted_config = self.orp.place.run_id, self.orp.place.config
        self._wanted_looks = 0
        self._feed.start()
        self._chart_feed.start()
        self._return_to(self.orp.place)
        if self.orp.board is not None:
            self._show_board(self.orp.board)

    def on_unmount(self) -> None:
        self._feed.end()
        self._chart_feed.end()

    @on(FeedFailed)
    def _feed_failed(self, event: FeedFailed) -> None:
        self.app.post_message(dataclasses.replace(event))

    def on_screen_resume(self) -> None:
        self.orp.place = dataclasses.replace(self.orp.place, screen="")

    # News

    @on(BoardChanged)
    def _board(self, event: BoardChanged) -> None:
        event.stop()
        self._show_board(event.board)

    @on(LogsFound)
    def _logs(self, event: LogsFound) -> None:
        event.stop()
        places = event.places
        self.query_one(LogView).show(LogSources(places.run_id, places.stdout, places.stderr))

    @on(SelectedChanged)
    def _selection(self, event: SelectedChanged) -> None:
        event.stop()
        if event.selected.run_id != self._selected:
            return
        from_top = self._shown is None or self._shown.run_id != event.selected.run_id
        self._shown = event.selected
        self._to_wanted_step()
        page = event.selected.page
        self.query_one(Checklist).show(page.checklist)
        from orp_tui.tui.run_sections import page_sections

        sections = page_sections(page, now=time.time(), ascii_only=self.orp.manners.ascii)
        self.query_one(InfoPanel).show(sections, from_top=from_top)

    @on(ChartChanged)
    def _metrics(self, event: ChartChanged) -> None:
        event.stop()
        found = event.look
        if found.run_ids == self._charted:
            self.query_one(MetricChart).show(
                found.runs,
                found.primary,
                guides=found.guides,
                said=found.trouble,
                complete=found.complete,
            )

    @on(MetricChart.LogWanted)
    def _log_of_step(self, event: MetricChart.LogWanted) -> None:
        """Go to the step in the log of the run under the cursor, if it is drawn; else in that of the first that is."""
        event.stop()
        self._wanted_step = event
        if self._selected not in self._charted and self._charted:
            self.query_one(QueueTable).go_to(self._charted[0])
        elif self._shown is not None and self._shown.run_id == self._selected:
            self._to_wanted_step()
        self.reveal("log")
        self.give_focus("log")

    def _to_wanted_step(self) -> None:
        if self._wanted_step is not None:
            self.query_one(LogView).go_to_step(self._wanted_step.step, self._wanted_step.epoch)
            self._wanted_step = None

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

    @on(FilteredList.TitleChanged)
    def _marks_changed(self) -> None:
        self._chart_runs()

    @on(FilteredList.TitleChanged)
    @on(Checklist.TitleChanged)
    @on(MetricChart.TitleChanged)
    @on(LogView.StatusChanged)
    def _titles_changed(self) -> None:
        self.show_titles()
        self.remember()

    def action_filter_queue(self) -> None:
        queue = self.query_one(QueueTable)
        self.query_one(PromptLine).ask(
            "filter:", queue.filter_words, lambda words: setattr(queue, "filter_words", words)
        )

    def action_filter_configs(self) -> None:
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
        self._wanted_run, self._wanted_looks = run_id, 0

    def action_focus_configs(self) -> None:
        self.reveal("configs")
        self.give_focus("configs")

    def log_place(self) -> str | None:
        return self.query_one(LogView).log_reference

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        choices = super().copy_choices()
        page = self._shown.page if self._shown is not None and self._shown.run_id == self._selected else None
        if page is not None and (command := command_of(page)) is not None:
            choices["command of the run under the cursor"] = ("c", command)
        if self.pane_of_focus() == "log":
            choices["line"] = ("l", self.query_one(LogView).current_line())
        file = self.query_one(ConfigsTree).cursor_file
        if self.pane_of_focus() == "configs" and file is not None:
            choices["path of the experiment file"] = ("f", str(file.path))
        return choices

    # Where one was

    def _return_to(self, place: Place) -> None:
        """See what was seen at that place; its run and file are found once they are there."""
        queue = self.query_one(QueueTable)
        queue.filter_words = place.filter
        queue.order = place.sort, place.reverse
        panel = place.panel if place.panel in (*TOPS, *TABS) else "queue"
        tab = place.tab if place.tab in TABS else TABS[0]
        top = panel if panel in TOPS else TOPS[0]
        self.see(View(tab, top, panel if place.zoomed else None, panel))
        self.query_one(f"#{panel}").focus()

    def remember(self) -> None:
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

    def chosen_runs(self) -> list[RunView]:
        queue = self.query_one(QueueTable)
        views = (queue.view_of(run_id) for run_id in queue.chosen)
        return [item for item in views if item is not None]

    # Showing

    def _show_board(self, board: Board) -> None:
        queue = self.query_one(QueueTable)
        queue.trouble = board.problem or board.making
        queue.show(board.rows, metrics=board.metrics, sparks=board.sparks, kill_at=board.kill_at)
        self.query_one(HeaderLine).show(heading(short_path(self.orp.context.project), board))
        self._go_to_wanted(queue)
        self._select(queue.cursor_key)
        self.show_titles()

    def _go_to_wanted(self, queue: QueueTable) -> None:
        """Put the cursor on the run that is wanted, if it is there; after some looks it is given up."""
        if self._wanted_run is None:
            return
        self._wanted_looks += 1
        if queue.go_to(self._wanted_run) or self._wanted_looks > _PATIENCE:
            self._wanted_run, self._wanted_looks = None, 0

    def _select(self, run_id: str | None) -> None:
        item = self.query_one(QueueTable).view_of(run_id) if run_id is not None else None
        if run_id != self._selected:
            self._selected = run_id
            self.set_timer(_STALE_S, self._drop_stale)
            self.query_one(Checklist).show(item.checklist if item is not None else None)
            self.show_titles()
        self.query_one(LogView).explain(why_no_log(item) if item is not None else "")
        self.query_one(KeyLine).take()
        self._feed.select(run_id, is_final=item is not None and item.state.is_final)
        self._chart_runs()
        self.remember()

    def _drop_stale(self) -> None:
        """Take away what is still said of the run before: how that ended is no news of this one."""
        if self._shown is None or self._shown.run_id != self._selected:
            self.query_one(InfoPanel).show((), from_top=True)

    def _chart_runs(self) -> None:
        """Let the chart show the marked runs, else the one under the cursor."""
        wanted = self.query_one(QueueTable).chosen
        if wanted != self._charted:
            self._charted = wanted
            self.query_one(MetricChart).show(None)
            self._chart_feed.select(wanted)
