"""All runs there ever were: a list, a filter, an order, groups, and the run under the cursor beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.timer import Timer
from textual.widget import Widget

from orp_tui.core.columns import OF_METRICS, Column
from orp_tui.core.errors import OrpError
from orp_tui.core.filters.expression import EVERYTHING, Expression
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted
from orp_tui.tui.feeds_preview import PreviewFeed, PreviewRead
from orp_tui.tui.feeds_runs import CatalogueFeed, RunsFeed, WordsFeed
from orp_tui.tui.messages import BoardChanged, FeedFailed
from orp_tui.tui.run_cells import sort_sign
from orp_tui.tui.run_listing import (
    CatalogueRead,
    GroupPath,
    MembersFound,
    NumbersFound,
    Question,
    RowsRead,
    RunsListed,
    VocabularyRead,
)
from orp_tui.tui.runs_place import RunsPlace
from orp_tui.tui.screens.outside import short_path
from orp_tui.tui.screens.runs_choice import RunsChoice
from orp_tui.tui.titles import entitle, heading
from orp_tui.tui.widgets.filter_prompt import FilterPrompt
from orp_tui.tui.widgets.header_line import HeaderLine
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.paged_list import PagedList
from orp_tui.tui.widgets.run_preview import RunPreviewPane
from orp_tui.tui.widgets.runs_table import RunsTable

BESIDE = 120
"""From so many columns the preview stands at the right."""
BELOW = 22
"""From so many rows it stands below, where it can't stand at the right."""
_BARE = (60, 15)
_PREVIEW_S = 0.08
"""So long the cursor has to rest for the preview to follow it."""


class RunsScreen(RunsChoice):
    """Hears what its threads tell and hands it to the table and the preview."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, **options: Any) -> None:  # Any: as Screen takes them
        super().__init__(**options)
        self._here = RunsPlace()
        self._expression: Expression = EVERYTHING
        self._wrong_filter = ""
        self._opened: frozenset[GroupPath] = frozenset()
        self._asked: Question | None = None
        self._to_top = False
        self._wanted_run = ""
        self._catalogue = CatalogueRead(0, 0)
        self._has_caught_up = False
        self._preview_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        manners = self.orp.manners
        yield HeaderLine(self._heading())
        with Container(id="runs-body"):
            yield RunsTable(ascii_only=manners.ascii, id="runs")
            yield RunPreviewPane(ascii_only=manners.ascii, id="run-preview")
        yield FilterPrompt()
        yield KeyLine()

    def on_mount(self) -> None:
        context = self.orp.context
        self._here = RunsPlace.of(self.orp.place)
        self.query_one(FilterPrompt).history = list(self._here.history)
        self._wanted_run = self._here.run_id
        self._feed = RunsFeed(context, self.post_message)
        self._reading = CatalogueFeed(context, self.post_message)
        self._words = WordsFeed(context, self.post_message)
        self._preview_feed = PreviewFeed(context, self.post_message)
        self.table.columns = self._here.columns
        self.table.focus()
        self._take_filter(self._here.filter)
        self._list()
        self._feed.start()
        # After it: what is known already is shown before more is read.
        self.call_after_refresh(self._reading.start)
        self._preview_feed.start()
        self._words.start()
        self.read_views()
        self._show_titles()

    def on_unmount(self) -> None:
        for feed in (self._feed, self._reading, self._preview_feed, self._words):
            feed.end()

    def on_screen_resume(self) -> None:
        self.remember()
        if self.is_mounted and hasattr(self, "_feed"):
            self._reading.poke()

    @property
    def table(self) -> RunsTable:
        """The list."""
        return self.query_one(RunsTable)

    @property
    def here(self) -> RunsPlace:
        """Filter, columns, order and groups as they are now."""
        return self._here

    @property
    def is_listed(self) -> bool:
        listing, table = self.table.listing, self.table
        if listing is None or listing.question != self._asked:
            return False
        return table.cursor_key is None or table.group is not None or table.has_row(table.cursor_key)

    # News

    @on(BoardChanged)
    def _board(self, event: BoardChanged) -> None:
        event.stop()
        self.query_one(HeaderLine).show(self._heading())

    @on(FeedFailed)
    def _feed_failed(self, event: FeedFailed) -> None:
        self.app.post_message(dataclasses.replace(event))

    @on(RunsListed)
    def _listed(self, event: RunsListed) -> None:
        event.stop()
        listing = event.listing
        self.table.empty_words = tuple(self._why_empty(listing.found, listing.total, listing.trouble))
        is_answer = listing.question == self._asked
        self.table.show(listing, event.first, to_top=self._to_top and is_answer)
        prompt = self.query_one(FilterPrompt)
        if is_answer:
            self._to_top = False
            prompt.tell(listing.found, listing.total)
        if self._wanted_run and listing.found:
            self._feed.find_numbers((self._wanted_run,))
        self._show_titles()
        self._select()

    @on(RowsRead)
    def _rows(self, event: RowsRead) -> None:
        event.stop()
        self.table.put_rows(event.rows, are_fresh=event.listing is self.table.listing)
        self._select()

    @on(NumbersFound)
    def _numbers(self, event: NumbersFound) -> None:
        event.stop()
        self._wanted_run = ""
        for number in event.numbers:
            self.table.go_to(number)

    @on(MembersFound)
    def _members(self, event: MembersFound) -> None:
        event.stop()
        members = set(event.numbers)
        marks = self.table.marks
        self.table.marks = marks - members if members <= marks else marks | members

    @on(VocabularyRead)
    def _vocabulary(self, event: VocabularyRead) -> None:
        event.stop()
        self.take_vocabulary(event.vocabulary)

    @on(CatalogueRead)
    def _catalogue_read(self, event: CatalogueRead) -> None:
        event.stop()
        if event.trouble and event.trouble != self._catalogue.trouble:
            self.orp.say(event.trouble, severity="error")
        self._catalogue = event
        self._has_caught_up |= not (event.left or event.is_busy)
        self._feed.poke()
        listing = self.table.listing
        if listing is not None and not listing.found:
            self.table.empty_words = tuple(self._why_empty(listing.found, listing.total, listing.trouble))
            self.table.refresh()
        self._show_titles()

    @on(PreviewRead)
    def _preview_read(self, event: PreviewRead) -> None:
        event.stop()
        self.query_one(RunPreviewPane).add(event.preview)

    @on(PagedList.RowsWanted)
    def _rows_wanted(self, event: PagedList.RowsWanted) -> None:
        event.stop()
        self._feed.read_rows(event.keys)

    @on(PagedList.Highlighted)
    def _highlighted(self, event: PagedList.Highlighted) -> None:
        event.stop()
        self._select()

    @on(PagedList.MarksChanged)
    def _marks_changed(self, event: PagedList.MarksChanged) -> None:
        event.stop()
        self._show_titles()
        self.query_one(KeyLine).take()

    @on(RunsTable.GroupToggled)
    def _group_toggled(self, event: RunsTable.GroupToggled) -> None:
        event.stop()
        self._opened ^= {event.group.path}
        self._list()

    @on(RunsTable.GroupMarked)
    def _group_marked(self, event: RunsTable.GroupMarked) -> None:
        event.stop()
        self._feed.find_members(event.group.group.filter)

    @on(RunsTable.RunOpened)
    def _run_opened(self, event: RunsTable.RunOpened) -> None:
        event.stop()
        self.when_listed(self._open_run)

    def _open_run(self) -> None:
        from orp_tui.tui.screens.run_detail import RunDetailScreen

        if (run := self.run_or_say()) is not None:
            self.app.push_screen(RunDetailScreen(run.id))

    # What is asked

    def change(self, here: RunsPlace, *, to_top: bool = False) -> None:
        """List this from now on; `to_top` puts the cursor on the first row."""
        before, self._here = self._here, here
        if here.columns != before.columns:
            self.table.columns = here.columns
        if here.group_by != before.group_by:
            self._opened = frozenset()
        if here.filter != before.filter:
            self._take_filter(here.filter)
        self._to_top = self._to_top or to_top
        self._list()
        self._show_titles()
        self.remember()

    def _take_filter(self, text: str) -> None:
        """Read the filter; one that makes no sense finds what the one before found, and is told of."""
        from orp_tui.core.filters.parse import parse

        try:
            self._expression, self._wrong_filter = parse(text), ""
        except OrpError as error:
            self._wrong_filter = str(error)

    def _list(self) -> None:
        here = self._here
        question = Question(self._expression, here.sort, here.group_by, self._metrics(), self._opened)
        if question != self._asked:
            self._asked = question
            self._feed.ask(question)

    def _metrics(self) -> tuple[Column, ...]:
        """Whose means groups show: the metrics among the columns, else those of the order, else what the run under the cursor is judged by."""
        if not self._here.group_by:
            return ()
        sorted_by = tuple(key.column for key in self._here.sort)
        found = tuple(column for column in self._here.columns if column.kind in OF_METRICS)
        found = found or tuple(column for column in sorted_by if column.kind in OF_METRICS)
        if found:
            return found
        if self._asked is not None and self._asked.group_by:
            return self._asked.metrics
        run = self.table.run
        return (Column("metric", run.primary),) if run is not None and run.primary else ()

    @on(FilterPrompt.Typed)
    def _filter_typed(self, event: FilterPrompt.Typed) -> None:
        event.stop()
        # One who is at the top wants the best hit; one who is at a run wants to stay there.
        at_top = self.table.cursor_place == 0
        self._expression = event.expression
        self._wrong_filter = ""
        self.change(dataclasses.replace(self._here, filter=event.text), to_top=at_top)

    @on(FilterPrompt.Closed)
    def _filter_closed(self, event: FilterPrompt.Closed) -> None:
        event.stop()
        self._here = dataclasses.replace(self._here, history=tuple(event.prompt.history))
        self.remember()
        self._show_titles()

    # What is shown

    def _select(self) -> None:
        """Let the preview be that of the run under the cursor, in a moment: the cursor itself comes first."""
        run = self.table.run
        self._preview_feed.select(run if self._has_preview else None)
        if run is not None and run.id != self._here.run_id and not self._wanted_run:
            self._here = dataclasses.replace(self._here, run_id=run.id)
            self.remember()
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.set_timer(_PREVIEW_S, self._show_preview)
        self.do_later()

    def _show_preview(self) -> None:
        pane, table = self.query_one(RunPreviewPane), self.table
        if self._has_preview and table.group is not None:
            pane.show_group(table.group)
        elif self._has_preview and (table.run is not None or table.cursor_key is None):
            pane.show(table.run)
        entitle(pane, pane.title)
        self.query_one(KeyLine).take()

    @property
    def _has_preview(self) -> bool:
        return bool(self.query_one(RunPreviewPane).display)

    def remember(self) -> None:
        """Keep the place for the next time; the app writes it when it is left."""
        self.orp.place = self._here.kept_in(self.orp.place)

    def _show_titles(self) -> None:
        entitle(self.table, "  ".join(self._title_words()))
        self.query_one(HeaderLine).show(self._heading())

    def _title_words(self) -> Iterator[str]:
        listing, table = self.table.listing, self.table
        if listing is None:
            yield "Runs  looking"
        elif listing.found == listing.total:
            yield f"Runs  {listing.total:,}"
        else:
            yield f"Runs  {listing.found:,} of {listing.total:,}"
        if self._catalogue.left:
            yield self._progress_words()
        if marked := len(table.marks):
            yield f"{marked:,} marked" + self._out_of_sight(marked)
        if self._wrong_filter:
            yield "filter: not understood"
        elif self._here.filter:
            yield f"filter: {one_line(self._here.filter, 40)}"
        if self._here.group_by:
            yield f"by {', '.join(one_line(each.heading, 20) for each in self._here.group_by)}"
        if self._here.sort:
            yield f"sort: {', '.join(self._sort_words())}"

    def _progress_words(self) -> str:
        done, left = self._catalogue.read, self._catalogue.left
        if self._catalogue.is_busy:
            return "another process reads the runs"
        words = f"{done:,} of {done + left:,}"
        return f"indexed {words}, ^r goes on" if self._reading.is_stopped else f"indexing {words}"

    def _out_of_sight(self, marked: int) -> str:
        hidden = marked - self.table.count_marks_shown
        return f", {hidden:,} out of sight" if hidden else ""

    def _sort_words(self) -> Iterator[str]:
        for key in self._here.sort:
            arrow = sort_sign(0, 1, key.descending, self.orp.manners.ascii)
            yield f"{one_line(key.column.heading.lower(), 20)} {arrow}"

    def _why_empty(self, found: int, total: int, trouble: str) -> Iterator[str]:
        if trouble:
            yield f"the runs can't be read: {one_line(trouble, 400)}"
            yield "^r  looks again; `orp doctor` says more"
        elif found:
            return
        elif self._here.filter:
            yield f"no run answers to this filter, which hides {counted(total, 'run')}"
            yield "Esc  shows all, / changes the filter"
            if "archived" not in self._here.filter:
                yield "`is:archived` in a filter finds those that were put out of sight too"
        elif total:
            yield f"all {counted(total, 'run')} are archived"
            yield "/  and `is:archived` shows them, E there brings them back"
        elif self._has_caught_up:
            yield "nothing was run here yet"
            yield "1  goes to the dashboard; a there queues an experiment"
            yield "`orp import zip FILE` brings runs of another machine"
        else:
            yield "looking for runs"

    def _heading(self) -> Any:
        return heading(short_path(self.orp.context.project), self.orp.board, here="runs")

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int, height: int) -> None:
        pane = self.query_one(RunPreviewPane)
        wanted = self._here.has_preview
        self.set_class(width >= BESIDE, "-beside")
        self.set_class(width < _BARE[0] or height < _BARE[1], "-bare")
        pane.display = wanted and (width >= BESIDE or height >= BELOW)
        self.call_after_refresh(self._select)

    # Keys of the screen itself

    def action_toggle_preview(self) -> None:
        wanted = not self._has_preview
        self._here = dataclasses.replace(self._here, has_preview=wanted)
        self._arrange(self.size.width, self.size.height)
        if wanted and not self._has_preview:
            self.orp.say("the window is too small for a preview", severity="warning")
        if not self._has_preview:
            self.table.focus()
        self.remember()

    def action_look_again(self) -> None:
        self._reading.poke()
        self._feed.poke()

    def action_back(self) -> None:
        if self.focused is not self.table and self.focused is not None:
            self.table.focus()
        elif self._catalogue.left and not self._catalogue.is_busy and not self._reading.is_stopped:
            self._reading.stop_reading()
            self._show_titles()
        elif self.table.clear_marks():
            return
        elif self._here.filter:
            self.change(dataclasses.replace(self._here, filter=""))
        elif self._here.group_by:
            self.change(dataclasses.replace(self._here, group_by=()))
        else:
            self.app.pop_screen()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "page" if self.focused is not None and self.focused.id == "run-preview" else "runs"

    def place_widget(self, place: str) -> Widget | None:
        """The pane of a place of `bindings`."""
        if place == "runs":
            return self.table
        return self.query_one(RunPreviewPane) if place == "page" and self._has_preview else None
