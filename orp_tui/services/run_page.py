"""Everything about one run for a screen of its own, looked at again and again while it is shown."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.errors import OrpError
from orp_tui.core.past_run import PastRun
from orp_tui.services.context import Context
from orp_tui.services.death_certificate import DeathCertificate, certificate, read_last_words
from orp_tui.services.detail import RunDetail, detail
from orp_tui.services.imported import is_imported
from orp_tui.services.preview import Place
from orp_tui.services.run_files import FilesReader, Note, RunFiles, read_notes

MOST_MADE = 50
_CATCH_UP_S = 0.5
CHANGES_EVERY_S = 30.0
"""Going through a project may take seconds."""


@dataclasses.dataclass(frozen=True)
class RunPage:
    """A run with all that is known of it."""

    run_id: str
    detail: RunDetail | None
    """None if the run is not in the store, or that can't be read."""
    problem: str
    """Why there is no detail; empty if there is."""
    certificate: DeathCertificate | None = None
    """How it ended; None while it has not."""
    checklist: ChecklistReport | None = None
    """The newest; what is declared if nobody has looked yet."""
    files: RunFiles = dataclasses.field(default_factory=RunFiles)
    notes: tuple[Note, ...] = ()
    workspace: Place | None = None
    """Where its deliverables are; None if nobody knows."""
    made: tuple[PastRun, ...] = ()
    """The runs that were made from it, the oldest first: children, retries, a resume; at most MOST_MADE."""


class RunPageReader:
    """Looks at one run from one thread."""

    def __init__(self, context: Context, run_id: str) -> None:
        self._context = context
        self._run_id = run_id
        self._files = FilesReader()
        self._made: tuple[PastRun, ...] = ()
        self._changed: str | None = None
        self._changed_at = float("-inf")

    def look(self, *, changes: bool = False) -> RunPage:
        """The run as it is now; what can't be read is said in `problem`.

        `changes`: also whether its project has changed since, for which all of that is gone
        through, twice a minute at most; without, what was last found.
        """
        from orp_tui.services.watch import declared

        try:
            with self._context.store() as connection:
                is_due = changes and time.monotonic() - self._changed_at > CHANGES_EVERY_S
                found = detail(self._context, connection, self._run_id, changes=is_due)
        except AssertionError:
            return RunPage(self._run_id, None, f"{self._run_id} is not in this queue any more")
        except (OrpError, OSError) as error:
            return RunPage(self._run_id, None, str(error))
        if is_due:
            self._changed, self._changed_at = found.changed, time.monotonic()
        found = dataclasses.replace(found, changed=self._changed)
        paths = self._context.paths
        workspace = workspace_of(found)
        archive = paths.artifact(self._run_id)
        return RunPage(
            run_id=self._run_id,
            detail=found,
            problem="",
            certificate=certificate(found, read_last_words(found)),
            checklist=found.checklist or declared(paths, found.view.run),
            files=self._files.look(found.folder, archive, workspace),
            notes=read_notes(found.folder),
            workspace=_place_of(workspace, archive),
            made=self._made_from() if changes else self._made,
        )

    def _made_from(self) -> tuple[PastRun, ...]:
        """As the index knows; what was last found where that can't be asked."""
        from orp_tui.services.catalog import Catalog

        with contextlib.suppress(OrpError, OSError), contextlib.closing(Catalog(self._context)) as catalog:
            catalog.catch_up(limit_s=_CATCH_UP_S)
            self._made = tuple(catalog.children_of([self._run_id], MOST_MADE))
        return self._made


def workspace_of(found: RunDetail) -> Path | None:
    """The folder that a run's deliverables are relative to; None if its request can't be read, or it is another machine's."""
    if is_imported(found.folder):
        return None
    cwd = (found.request or {}).get("cwd")
    return Path(cwd) if isinstance(cwd, str) and cwd.startswith("/") else None


def _place_of(workspace: Path | None, archive: Path) -> Place | None:
    if workspace is not None and workspace.is_dir():
        return Place(workspace)
    return Place(archive, in_zip=True) if archive.is_file() else None


def verify_zip(path: Path, workspace: Path | None, progress: Callable[[int, int], None] | None = None) -> str:
    """`sound: 48 files, 1.4 MiB`, or the first things that are wrong with a zip. Reads all of it."""
    from orp_tui.artifacts.verify import verify
    from orp_tui.core.words import counted, size

    try:
        report = verify(path, workspace=workspace, progress=progress)
    except OrpError as error:
        return f"DAMAGED: {str(error).removeprefix(f'{path}: ')}"
    if report.ok:
        return f"sound: {counted(report.members, 'file')}, {size(report.bytes)}"
    first = "; ".join(map(str, report.findings[:3]))
    more = len(report.findings) - 3
    return f"DAMAGED: {first}" + (f"; {more:,} more findings" if more > 0 else "")
