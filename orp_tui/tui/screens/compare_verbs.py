"""What a person does with a comparison: choose rows, baseline and runs, go through tabs, write it to a file."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from textual import work

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted
from orp_tui.services.comparison.axis import AXES
from orp_tui.services.comparison.code import CodeComparison
from orp_tui.services.comparison.code_lines import code_text
from orp_tui.services.comparison.export import checked_format, exported, write_text
from orp_tui.services.comparison.sheet import Sheet
from orp_tui.services.comparison.steps import Aligned, metric_names
from orp_tui.services.comparison.values import FEWEST, OF_ENVIRONMENT, SECTIONS, Comparison, RunColumn
from orp_tui.services.watch import RunView
from orp_tui.tui.feeds_compare import Compared, Steps
from orp_tui.tui.screens.chart_verbs import ChartVerbs, here
from orp_tui.tui.screens.dialogs import AskLine
from orp_tui.tui.screens.outside import short_path
from orp_tui.tui.widgets.compare_table import CompareTable
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.prompt_line import PromptLine

TABS = ("table", "chart", "code", "environment", "steps")
SIDE = ("chart", "code", "environment", "steps")
"""Those that stand beside the table where there is room."""
_ROWS = (5, 1000)
_OF_ROWS = ("all_rows", "filter_rows", "fold_section")
_OF_ALL = (*_OF_ROWS, "baseline", "drop_column", "fold_seeds", "write_comparison", "next_metric", "next_axis")
_OF_STEPS = ("relative", "more_rows", "next_axis")


class CompareVerbs(ChartVerbs):
    """A screen with the five panes of a comparison."""

    wanted: Compared
    comparison: Comparison | None = None
    """All rows included; None before the first look."""
    aligned: Aligned | None = None
    code: CodeComparison | None = None
    steps: Steps | None = None
    """None: no run has a metric."""
    tab: str = "table"
    side: str = "chart"
    is_whole: bool = False
    """Whether rows that are the same everywhere are shown too."""
    is_relative: bool = False
    is_zoomed: bool = False
    _dropped: tuple[Compared, ...] = ()
    """What was compared before each run was taken out."""

    def ask(self, *, again: bool = False) -> None:
        raise NotImplementedError

    def place_panes(self) -> None:
        raise NotImplementedError

    def show_rows(self) -> None:
        raise NotImplementedError

    def show_titles(self) -> None:
        raise NotImplementedError

    def ask_for_details(self) -> None:
        raise NotImplementedError

    def sheet(self, sections: tuple[str, ...] | None = None) -> Sheet:
        raise NotImplementedError

    def pane_of_focus_id(self) -> str:
        raise NotImplementedError

    @property
    def seen(self) -> tuple[str, ...]:
        raise NotImplementedError

    @property
    def is_wide(self) -> bool:
        raise NotImplementedError

    def chosen_runs(self) -> list[RunView]:
        return []

    def log_place(self) -> str | None:
        return None

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        """The run of the column, and what is seen as it would be written to a file."""
        choices: dict[str, tuple[str, str]] = {}
        if (column := self._column) is not None:
            folder = self.orp.context.paths.run(column.run_id).folder
            choices = {"id": ("i", "\n".join(column.run_ids)), "path of the run folder": ("p", str(folder))}
        make = self._maker(self.pane_of_focus_id())
        if make is not None:
            choices["what is seen as Markdown"] = ("m", make("md"))
        return choices | super().copy_choices()

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

    # Rows and columns

    @property
    def _table(self) -> CompareTable:
        """The table with the focus, else the one of all."""
        name = self.pane_of_focus_id()
        return self.query_one(f"#{name if name in ('environment', 'steps') else 'table'}", CompareTable)

    @property
    def _column(self) -> RunColumn | None:
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

        column = self._column
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
        if (column := self._column) is not None:
            self._compare(dataclasses.replace(self.wanted, baseline=column.run_id))
            self.orp.say(f"compared with {column.heading} {one_line(column.name, 30)}")

    def action_drop_column(self) -> None:
        column = self._column
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

    # Step by step

    def _check_steps(self) -> None:
        """A metric to show step by step, if some run has one: the primary first."""
        assert self.comparison is not None
        names = metric_names(self.comparison)
        if self.steps is None or self.steps.metric not in names:
            self.steps = Steps(names[0]) if names else None
        if not names:
            self.query_one("#steps", CompareTable).show(None, empty=("no run has logged a metric",))

    def _want_steps(self, steps: Steps) -> None:
        self.steps, self.aligned = steps, None
        self.ask_for_details()
        self.show_titles()

    def action_next_metric(self, by: int) -> None:
        if "steps" not in self.seen:
            if "chart" in self.seen:
                self.query_one(MetricChart).action_next_metric(by)
            return
        if self.comparison is None or self.steps is None:
            return
        names = metric_names(self.comparison)
        place = (names.index(self.steps.metric) + by) % len(names)
        self._want_steps(dataclasses.replace(self.steps, metric=names[place]))

    def action_next_axis(self) -> None:
        if self.steps is not None:
            along = AXES[(AXES.index(self.steps.along) + 1) % len(AXES)]
            self._want_steps(dataclasses.replace(self.steps, along=along))

    def action_more_rows(self, factor: float) -> None:
        if self.steps is not None:
            rows = min(max(round(self.steps.rows * factor), _ROWS[0]), _ROWS[1])
            self._want_steps(dataclasses.replace(self.steps, rows=rows))

    def action_relative(self) -> None:
        self.is_relative = not self.is_relative
        self.show_steps()

    def show_steps(self, trouble: str = "") -> None:
        """What was found step by step, or what is wrong."""
        table, found = self.query_one("#steps", CompareTable), self.aligned
        if found is None:
            table.show(None, empty=(one_line(trouble, 300) or "reading the histories",))
        else:
            along = "" if found.along == "step" else f" along {found.along}"
            table.show(
                found.sheet(relative=self.is_relative),
                empty=(f"no run has {one_line(found.metric, 60)}{along}",),
            )
        self.show_titles()

    @property
    def steps_title(self) -> str:
        """`Steps loss by epoch, 50 rows, less the baseline`."""
        if self.steps is None:
            return "Steps"
        by = {"step": "", "epoch": " by epoch", "since": " by time since the start"}[self.steps.along]
        words = f"Steps {one_line(self.steps.metric, 40)}{by}"
        if self.aligned is not None:
            words += f", {counted(len(self.aligned.places), 'row')}"
        return words + (", less the baseline" if self.is_relative else "")

    def offers(self, action: str) -> bool:
        """What the footer shows: the keys of the pane with the focus."""
        verb = action.removeprefix("screen.").partition("(")[0]
        pane = self.pane_of_focus_id()
        if self.comparison is None:
            return verb not in _OF_ALL
        if verb in _OF_ROWS:
            return pane in ("table", "environment")
        return pane == "steps" if verb in ("next_metric", "next_axis") else True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the steps do something only there."""
        if action in _OF_STEPS and self.is_mounted and "steps" not in self.seen:
            return False
        return super().check_action(action, parameters)

    # Into a file

    def action_write_comparison(self) -> None:
        name = self.pane_of_focus_id()
        if name == "chart":
            self.action_write_chart()
            return
        make = self._maker(name)
        if make is None:
            self.orp.say("there is nothing to write yet", severity="warning")
            return
        folder = here()

        def answered(typed: str | None) -> None:
            if typed and typed.strip():
                self._write(make, folder / Path(typed.strip()).expanduser())

        hint = f".md, .csv, .tex, .json or .txt says the format; into {short_path(folder)}"
        title = "Write the comparison to a file"
        self.app.push_screen(AskLine(title, value=_free_name(folder, name), hint=hint), answered)

    def _maker(self, pane: str) -> Callable[[str], str] | None:
        """What makes the text of a pane in a format; None if there is nothing yet."""
        if pane == "code":
            code = self.code
            return None if code is None else lambda kind: code_text(code, kind)
        if pane == "steps":
            found = self.aligned.sheet(relative=self.is_relative) if self.aligned is not None else None
        elif self.comparison is None:
            found = None
        else:
            found = self.sheet(OF_ENVIRONMENT if pane == "environment" else SECTIONS)
        return None if found is None else lambda kind: exported(found, kind)

    @work(thread=True, exit_on_error=False, group="write", description="write the comparison")
    def _write(self, make: Callable[[str], str], path: Path) -> None:
        try:
            said = f"wrote {write_text(make(checked_format(str(path))), str(path), over=False)}"
        except OrpError as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
        else:
            self.app.call_from_thread(self.orp.say, said)


def _free_name(folder: Path, pane: str) -> str:
    """`comparison.md`, `steps-2.md`: a name that no file of the folder has."""
    stem = "comparison" if pane == "table" else pane
    names = (f"{stem}{f'-{number}' if number > 1 else ''}.md" for number in range(1, 10_000))
    return next((name for name in names if not os.path.lexists(folder / name)), f"{stem}.md")
