"""The one run that a dashboard shows in full: looked at again and again while it is selected."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME
from orp_tui.services.context import Context
from orp_tui.services.run_page import RunPage, RunPageReader


@dataclasses.dataclass(frozen=True)
class SelectedRun:
    """What the panes of a run show."""

    run_id: str
    page: RunPage
    stdout: str
    """Path of the log, or `path.zip::member` once only the zip has it."""
    stderr: str


class SelectedReader:
    """Looks at one run after the other, from one thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run_id = ""
        self._page = RunPageReader(context, "")

    def look(self, run_id: str) -> SelectedRun:
        """The run as it is now."""
        self._take(run_id)
        stdout, stderr = log_places(self._context, run_id)
        return SelectedRun(run_id, self._page.look(), stdout, stderr)

    def _take(self, run_id: str) -> None:
        if run_id != self._run_id:
            self._run_id = run_id
            self._page = RunPageReader(self._context, run_id)


def log_places(context: Context, run_id: str) -> tuple[str, str]:
    """Where stdout and stderr of a run can be read: its folder, else its zip."""
    folder = context.paths.run(run_id).folder
    archive = context.paths.artifact(run_id)
    return _place(folder, archive, STDOUT_NAME), _place(folder, archive, STDERR_NAME)


def _place(folder: Path, archive: Path, name: str) -> str:
    path = folder / name
    return f"{archive}::{name}" if not path.exists() and archive.is_file() else str(path)
