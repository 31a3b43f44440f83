"""Two runs to fifty side by side: what differs, curves over each other, code, environment, and step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from orp_tui.charts.lines import RunSeries
from orp_tui.services.comparison.sheet import Sheet, sheet_of
from orp_tui.services.comparison.values import FEWEST, MOST, OF_ENVIRONMENT, SECTIONS, Comparison
from orp_tui.tui.bindings import bindings
from orp_tui.tui.feeds import ChartFeed
from orp_tui.tui.feeds_compare import (
    CodeCompared,
    Compared,
    CompareDetailFeed,
    CompareFeed,
    ComparisonChanged,
    StepsAligned,
)
from orp_tui.tui.messages import ChartChanged, FeedFailed
from orp_tui.tui.screens.compare_panes import ComparePanes
from orp_tui.tui.screens.compare_verbs import SIDE, TABS
from orp_tui.tui.titles import screens
from orp_tui.tui.widgets.compare_table import CompareTable
from orp_tui.tui.widgets.header_line import HeaderLine, Heading
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.page_view import PageView, line
from orp_tui.tui.widgets.prompt_line import PromptLine

if TYPE_CHECKING:
    from orp_tui.services.chart_lines import ChartLook

_HOW = (
    "Nothing is compared yet.",
    "",
    "Go to the runs (2), mark some with Space and press c; d there compares a run with its parent.",
    "From a shell: orp compare RUN RUN",
)
_OF_TABLE = tuple(section for section in SECTIONS if section not in OF_ENVIRONMENT)
_STYLES = {
    "heading": "heading",
    "added": "good",
    "removed": "bad",
    "place": "label",
    "quiet": "quiet",
    "text": "text",
}


class CompareScreen(ComparePanes):
    """Hands on what its feeds find; reads nothing itself."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("compare")

    def __init__(
        self,
        run_ids: Sequence[str] = (),
        *,
        baseline: str | None = None,
        tab: str = "table",
        fold_seeds: bool = False,
        **options: Any,
    ) -> None:
        """`run_ids`: two to fifty, of more the first; none: how a comparison is made is said.

        `tab`: one of TABS. `options`: as Screen takes them.
        """
        super().__init__(**options)
        every = tuple(dict.fromkeys(run_ids))
        self.wanted = Compared(every[:MOST], baseline if baseline in every[:MOST] else None, fold_seeds)
        self._left_out = len(every) - len(self.wanted.run_ids)
        self.tab = tab if tab in TABS else "table"
        self.side = self.tab if self.tab in SIDE else self.side

    def compose(self) -> ComposeResult:
        manners = self.orp.manners
        looking = ("looking at the runs",)
        yield HeaderLine(self._heading())
        with Horizontal(id="compare-panes"):
            yield CompareTable(
                id="table", empty=looking if self.wanted.run_ids else _HOW, ascii_only=manners.ascii
            )
            yield MetricChart(id="chart", ascii_only=manners.ascii, period_s=manners.chart_period_s)
            yield PageView(id="code")
            yield CompareTable(id="environment", empty=looking, ascii_only=manners.ascii)
            yield CompareTable(id="steps", empty=looking, ascii_only=manners.ascii)
        yield PromptLine()
        yield KeyLine()

    def on_mount(self) -> None:
        context = self.orp.context
        self._feed = CompareFeed(context, self.post_message)
        self._detail = CompareDetailFeed(context, self.post_message)
        self._chart_feed = ChartFeed(context, self.post_message)
        for feed in (self._feed, self._detail, self._chart_feed):
            feed.start()
        self.ask()
        self.place_panes()
        self.set_focus(self.query_one(f"#{self.tab}"))
        if self._left_out:
            self.orp.say(
                f"{MOST} runs are compared at most; {self._left_out} are left out", severity="warning"
            )

    def on_unmount(self) -> None:
        for feed in (self._feed, self._detail, self._chart_feed):
            feed.end()

    @on(FeedFailed)
    def _feed_failed(self, event: FeedFailed) -> None:
        self.app.post_message(dataclasses.replace(event))

    # What is asked for

    def ask(self, *, again: bool = False) -> None:
        """Let the feeds look at what is wanted now; `again`: though it may be the same."""
        if len(self.wanted.run_ids) >= FEWEST:
            self.orp.compared = self.wanted
        self._feed.select(self.wanted)
        if again:
            self._feed.poke()
            self._detail.read_again()
        self.ask_for_details()

    def ask_for_details(self) -> None:
        """Read what the panes in sight need, and no more."""
        seen = self.seen
        self._chart_feed.select(self._charted() if "chart" in seen else ())
        if self.comparison is not None:
            steps = self.steps if "steps" in seen else None
            self._detail.select(self.wanted, self.comparison, code="code" in seen, steps=steps)

    def _charted(self) -> tuple[str, ...]:
        """The baseline, then the runs from the cursor's on: a chart tells few lines apart."""
        if self.comparison is None:
            return ()
        columns = list(self.comparison.columns)
        base = columns.pop(self.comparison.baseline)
        here = self.query_one("#table", CompareTable).column
        place = columns.index(here) if here in columns else 0
        return tuple(
            run_id for column in (base, *columns[place:], *columns[:place]) for run_id in column.run_ids
        )

    # News

    @on(ComparisonChanged)
    def _changed(self, event: ComparisonChanged) -> None:
        event.stop()
        if event.wanted == self.wanted:
            self.show(event.comparison)

    def show(self, comparison: Comparison) -> None:
        """Show this comparison, all rows included."""
        is_first, self.comparison = self.comparison is None, comparison
        self.check_steps()
        self.query_one(MetricChart).apart = not self.wanted.fold_seeds
        self.show_rows()
        self.ask_for_details()
        self.query_one(HeaderLine).show(self._heading())
        if is_first:
            self.refresh_bindings()

    def show_rows(self) -> None:
        """The rows that are chosen to be seen."""
        if self.comparison is None:
            return
        for name, sections in (("table", _OF_TABLE), ("environment", OF_ENVIRONMENT)):
            sheet = self.sheet(sections)
            self.query_one(f"#{name}", CompareTable).show(sheet, empty=(_nothing(sheet, self.is_whole),))
        self.show_titles()

    def sheet(self, sections: Sequence[str] | None = None) -> Sheet:
        """These sections as they are shown; there is a comparison."""
        assert self.comparison is not None
        found = self.comparison.of_sections(*(sections or SECTIONS))
        return sheet_of(found if self.is_whole else found.only_differing())

    @on(ChartChanged)
    def _metrics(self, event: ChartChanged) -> None:
        event.stop()
        look = event.look
        self.query_one(MetricChart).show(
            self._called(look), look.primary, guides=look.guides, said=look.trouble, complete=look.complete
        )
        self.show_titles()

    def _called(self, look: ChartLook) -> list[RunSeries]:
        """The runs by the headings of their columns: those stay readable where the legend is short."""
        columns = self.comparison.columns if self.comparison is not None else ()
        headings = {run_id: column.heading for column in columns for run_id in column.run_ids}
        return [
            dataclasses.replace(
                run,
                name=f"{run_id.rpartition('_')[2]} {run.name}".strip(),
                group_name=f"{headings.get(run_id, '')} {run.group_name}".strip(),
            )
            for run_id, run in zip(look.run_ids, look.runs, strict=False)
        ]

    @on(MetricChart.TitleChanged)
    def _chart_title(self, event: MetricChart.TitleChanged) -> None:
        event.stop()
        self.show_titles()

    @on(CodeCompared)
    def _code(self, event: CodeCompared) -> None:
        event.stop()
        if event.wanted == self.wanted:
            self.code = event.found
            lines = [line(each.text, _STYLES[each.kind]) for each in event.lines]
            self.query_one("#code", PageView).put_lines(lines, width=event.width)

    @on(StepsAligned)
    def _steps(self, event: StepsAligned) -> None:
        event.stop()
        if (event.wanted, event.steps) != (self.wanted, self.steps):
            return
        self.aligned = event.aligned
        self.show_steps(event.trouble)

    @on(CompareTable.ColumnChanged)
    def _column_changed(self, event: CompareTable.ColumnChanged) -> None:
        event.stop()
        if event.run_id is not None:
            for table in self.query(CompareTable):
                if table is not event.widget:
                    table.go_to_run(event.run_id)
        self.ask_for_details()

    def _heading(self) -> Heading:
        count = len(self.wanted.run_ids)
        return Heading(
            f"{count} runs compared" if count else "nothing compared", screens("compare"), " Esc back"
        )


def _nothing(sheet: Sheet, is_whole: bool) -> str:
    if sheet.rows:
        return ""
    return "there is nothing to compare here" if is_whole else "there is no difference here; a shows all rows"
