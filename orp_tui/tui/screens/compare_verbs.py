"""What a person does with a comparison: choose rows, baseline and runs, go through tabs, open a run."""

from __future__ import annotations

import dataclasses

from orp_tui.core.sanitise import one_line
from orp_tui.services.comparison.values import FEWEST, RunColumn
from orp_tui.services.watch import RunView
from orp_tui.tui.feeds_compare import Compared
from orp_tui.tui.screens.compare_files import CompareFiles
from orp_tui.tui.widgets.compare_table import CompareTable
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.prompt_line import PromptLine

TABS = ("table", "chart", "code", "environment", "steps")
SIDE = ("chart", "code", "environment", "steps")
"""Those that stand beside the table where there is room."""
_OF_ROWS = ("all_rows", "filter_rows", "fold_section")
_OF_ALL = (
    *_OF_ROWS,
    "baseline",
    "drop_column",
    "fold_seeds",
    "write_comparison",
    "next_metric",
    "next_axis",
)


class CompareVerbs(CompareFiles):
    """A screen with the five panes of a comparison."""

    wanted: Compared
    tab: str = "table"
    side: str = "chart"
    is_whole: bool = False
    """Whether rows that are the same everywhere are shown too."""
    is_zoomed: bool = False
    _dropped: tuple[Compared, ...] = ()
    """What was compared before each run was taken out."""

    def ask(self, *, again: bool = False) -> None:
        raise NotImplementedError

    def place_panes(self) -> None:
        raise NotImplementedError

    def show_rows(self) -> None:
        raise NotImplementedError

    @property
    def is_wide(self) -> bool:
        raise NotImplementedError

    def chosen_runs(self) -> list[RunView]:
        return []

    def log_place(self) -> str | None:
        return None

    # Tabs

    def go_to_tab(self, tab: str) -> None:
        """Show a pane and let it have the focus."""
        self.tab = tab
        if tab != "table":
            self.side = tab
        pane = self.query_one(f"#{tab}")
        pane.display = True
        self.set_focus(pane)
        self.place_panes()

    def action_turn_tab(self, by: int) -> None:
        tabs = SIDE if self.is_wide and not self.is_zoomed else TABS
        now = self.side if self.is_wide and not self.is_zoomed else self.tab
        tab = tabs[(tabs.index(now) + by) % len(tabs)]
        if self.is_wide and not self.is_zoomed and self.pane_of_focus_id() == "table":
            self.side = tab
            self.place_panes()
        else:
            self.go_to_tab(tab)

    def action_zoom(self) -> None:
        if self.is_wide:
            self.tab = self.pane_of_focus_id()
            self.is_zoomed = not self.is_zoomed
            self.place_panes()

    def action_back(self) -> None:
        table = self._table
        if self.pane_of_focus_id() == "chart" and self.query_one(MetricChart).leave():
            return
        if table.filter_words:
            table.filter_words = ""
            self.show_titles()
        elif self.is_zoomed and self.is_wide:
            self.action_zoom()
        else:
            self.app.pop_screen()

    def offers(self, action: str) -> bool:
        """What the footer shows: the keys of the pane with the focus."""
        verb = action.removeprefix("screen.").partition("(")[0]
        pane = self.pane_of_focus_id()
        if self.comparison is None:
            return verb not in _OF_ALL
        if verb in _OF_ROWS:
            return pane in ("table", "environment")
        return pane == "steps" if verb in ("next_metric", "next_axis") else True

    # Rows and columns

    @property
    def _table(self) -> CompareTable:
        """The table with the focus, else the one of all."""
        name = self.pane_of_focus_id()
        return self.query_one(f"#{name if name in ('environment', 'steps') else 'table'}", CompareTable)

    @property
    def column(self) -> RunColumn | None:
        return self._table.column or self.query_one("#table", CompareTable).column

    def action_column(self, by: int) -> None:
        self._table.move_column(by)

    def action_all_rows(self) -> None:
        self.is_whole = not self.is_whole
        self.show_rows()

    def action_fold_section(self) -> None:
        self._table.fold()

    def action_filter_rows(self) -> None:
        table = self._table

        def changed(words: str) -> None:
            table.filter_words = words
            self.show_titles()

        self.query_one(PromptLine).ask("rows:", table.filter_words, changed)

    def action_open_column(self) -> None:
        from orp_tui.tui.screens.run_detail import RunDetailScreen

        column = self.column
        if column is None:
            self.orp.say("there is no run here", severity="warning")
        elif not column.name and column.state is None:
            self.orp.say(f"{column.run_id}: {column.problem}", severity="warning")
        else:
            self.app.push_screen(RunDetailScreen(column.run_id))

    # What is compared

    def _compare(self, wanted: Compared) -> None:
        self.wanted = wanted
        self.aligned = self.code = None
        self.ask()

    def action_baseline(self) -> None:
        if (column := self.column) is not None:
            self._compare(dataclasses.replace(self.wanted, baseline=column.run_id))
            self.orp.say(f"compared with {column.heading} {one_line(column.name, 30)}")

    def action_drop_column(self) -> None:
        column = self.column
        if column is None:
            return
        left = tuple(run_id for run_id in self.wanted.run_ids if run_id not in column.run_ids)
        if len(left) < FEWEST:
            self.orp.say("a comparison takes two runs; Esc leaves it", severity="warning")
            return
        self._dropped = (*self._dropped, self.wanted)
        baseline = None if self.wanted.baseline in column.run_ids else self.wanted.baseline
        self._compare(dataclasses.replace(self.wanted, run_ids=left, baseline=baseline))
        self.orp.say(f"took {column.heading} out of the comparison; u puts it back")

    def action_undo_drop(self) -> None:
        if not self._dropped:
            self.orp.say("no run was taken out", severity="warning")
            return
        *before, last = self._dropped
        self._dropped = tuple(before)
        self._compare(dataclasses.replace(last, fold_seeds=self.wanted.fold_seeds))

    def action_fold_seeds(self) -> None:
        self._compare(dataclasses.replace(self.wanted, fold_seeds=not self.wanted.fold_seeds))
        self.orp.say("runs that differ by their seed alone are one column" if self.wanted.fold_seeds else "each run has its column")  # fmt: skip

    def action_look_again(self) -> None:
        self.ask(again=True)
