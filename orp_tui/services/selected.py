"""The one run that a dashboard shows in full: looked at again and again while it is selected."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.errors import OrpError
from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME
from orp_tui.services.context import Context
from orp_tui.services.detail import RunDetail, detail
from orp_tui.services.run_metrics import MetricsSnapshot, RunMetrics


@dataclasses.dataclass(frozen=True)
class SelectedRun:
    """What the panes of a run show."""

    run_id: str
    detail: RunDetail | None
    """None if the run has gone from the store, or that can't be read."""
    problem: str | None
    """Why there is no detail."""
    checklist: ChecklistReport | None
    """The newest; what is declared if nobody has looked yet; None if that can't be read."""
    stdout: str
    """Path of the log, or `path.zip::member` once only the zip has it."""
    stderr: str


class SelectedReader:
    """Looks at one run after the other, from one thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._metrics: RunMetrics | None = None

    def metrics(self, run_id: str) -> MetricsSnapshot | None:
        """What the run has logged; None if that is what it was at the last call."""
        if self._metrics is None or self._metrics.run_id != run_id:
            self._metrics = RunMetrics(self._context.paths.run(run_id))
        return self._metrics.look()

    def look(self, run_id: str) -> SelectedRun:
        """The run as it is now."""
        from orp_tui.services.watch import declared

        stdout, stderr = log_places(self._context, run_id)
        try:
            with self._context.store() as connection:
                found = detail(self._context, connection, run_id)
        except (OrpError, OSError, AssertionError) as error:
            return SelectedRun(
                run_id, None, str(error) or "is not in the store any more", None, stdout, stderr
            )
        report = found.checklist or declared(self._context.paths, found.view.run)
        return SelectedRun(run_id, found, None, report, stdout, stderr)


def log_places(context: Context, run_id: str) -> tuple[str, str]:
    """Where stdout and stderr of a run can be read: its folder, else its zip."""
    folder = context.paths.run(run_id).folder
    archive = context.paths.artifact(run_id)
    return _place(folder, archive, STDOUT_NAME), _place(folder, archive, STDERR_NAME)


def _place(folder: Path, archive: Path, name: str) -> str:
    path = folder / name
    return f"{archive}::{name}" if not path.exists() and archive.is_file() else str(path)
