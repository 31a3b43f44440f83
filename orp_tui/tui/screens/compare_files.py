"""What is compared into a file, or onto the clipboard."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import work

from orp_tui.core.errors import OrpError
from orp_tui.services.comparison.code import CodeComparison
from orp_tui.services.comparison.code_lines import code_text
from orp_tui.services.comparison.export import checked_format, exported, write_text
from orp_tui.services.comparison.sheet import Sheet
from orp_tui.services.comparison.values import OF_ENVIRONMENT, SECTIONS, RunColumn
from orp_tui.tui.screens.chart_verbs import here
from orp_tui.tui.screens.compare_steps import CompareSteps
from orp_tui.tui.screens.dialogs import AskLine
from orp_tui.tui.screens.outside import short_path


class CompareFiles(CompareSteps):
    """A screen whose panes can be written and copied."""

    code: CodeComparison | None = None

    def sheet(self, sections: Sequence[str] | None = None) -> Sheet:
        """These sections as they are shown; there is a comparison."""
        raise NotImplementedError

    def pane_of_focus_id(self) -> str:
        """The pane in which the focus lies, by its tab."""
        raise NotImplementedError

    @property
    def column(self) -> RunColumn | None:
        """That of the cursor; None if there is none."""
        raise NotImplementedError

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        """The run of the column, and what is seen as it would be written to a file."""
        choices: dict[str, tuple[str, str]] = {}
        if (column := self.column) is not None:
            folder = self.orp.context.paths.run(column.run_id).folder
            choices = {"id": ("i", "\n".join(column.run_ids)), "path of the run folder": ("p", str(folder))}
        make = self._maker(self.pane_of_focus_id())
        if make is not None:
            choices["what is seen as Markdown"] = ("m", make("md"))
        return choices | super().copy_choices()

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
