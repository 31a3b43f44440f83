"""What of the ended runs may be taken away, how large it is, and why the rest stays.

Nothing is changed here; `services.trash` moves what a plan says. A run that waits, runs or is being
finished is never touched, nor anything outside the base directory.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.artifacts.manifest import IN_WORKSPACE, Manifest
from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME, BasePaths, RunPaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine.checkpoints import complete_checkpoints, to_prune
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import read_json
from orp_tui.files.locks import LockState
from orp_tui.files.usage import usage
from orp_tui.services.best import best_among
from orp_tui.services.context import Context
from orp_tui.services.judged import Standing
from orp_tui.services.needed_trees import is_tree_name, needed_trees
from orp_tui.store import runs

KINDS = ("workspace", "checkpoints", "logs", "artifacts", "sources")
USUAL_KINDS = ("workspace", "sources")
"""What else is in the zip, or needed by nobody."""
LOGS = (STDOUT_NAME, STDERR_NAME, "supervisor.log")

_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError)


@dataclasses.dataclass(frozen=True)
class Wish:
    """What somebody wants to have cleaned."""

    kinds: tuple[str, ...] = USUAL_KINDS
    run_ids: tuple[str, ...] | None = None
    """Only these; None for all."""
    older_than_s: float | None = None
    """Ended at least so long ago."""
    states: tuple[RunState, ...] = ()
    """Ended so; empty for any end."""
    keep_last: int = 0
    """The newest so many ended runs of each experiment stay as they are."""
    keep_best: int = 0
    """The best so many ended runs of each experiment, by its primary metric, stay as they are."""
    with_only_copies: bool = False
    """Also what is nowhere else."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """A file or folder to take away, or one that stays."""

    run_id: str
    """"" for a frozen tree that no run needs."""
    kind: str
    part: str
    """The part of the base directory it lies in: runs, artifacts or sources."""
    path: str
    """Relative to that part."""
    bytes: int
    """On the disk, links not followed."""
    why_kept: str | None = None
    """Why it stays; None if it goes."""


@dataclasses.dataclass(frozen=True)
class CleanPlan:
    """What goes, and what stays though it was asked for."""

    going: tuple[Piece, ...]
    kept: tuple[Piece, ...]
    best: tuple[tuple[Run, Standing], ...] = ()
    """Runs of which nothing is taken because they are the best ones."""

    @property
    def bytes(self) -> int:
        return sum(piece.bytes for piece in self.going)


def place_of(paths: BasePaths, piece: Piece) -> Path:
    """Where a piece lies."""
    return part_of(paths, piece.part) / piece.path


def part_of(paths: BasePaths, part: str) -> Path:
    """The folder of a part of the base directory."""
    return {"runs": paths.runs, "artifacts": paths.artifacts, "sources": paths.sources}[part]


def plan_cleaning(
    context: Context,
    connection: sqlite3.Connection,
    wish: Wish,
    progress: Callable[[int, int], None] | None = None,
) -> CleanPlan:
    """All that a wish means; `progress` is called with runs looked at and runs in all."""
    paths = context.paths
    chosen = choose(connection, wish)
    best = best_among(paths, connection, chosen, wish.keep_best)
    chosen = [run for run in chosen if run.id not in {run.id for run, _ in best}]
    busy = in_use_by_chains(paths, connection)
    found: list[Piece] = []
    for number, run in enumerate(chosen):
        if progress is not None:
            progress(number, len(chosen))
        found += _pieces(paths, run, wish, busy)
    if "sources" in wish.kinds and wish.run_ids is None:
        found += _sources(paths)
    going = tuple(piece for piece in found if piece.why_kept is None)
    return CleanPlan(going, tuple(piece for piece in found if piece.why_kept is not None), best)


def choose(connection: sqlite3.Connection, wish: Wish) -> list[Run]:
    """The ended runs that a wish is about, newest first."""
    ended = runs.newest(connection, -1, final_only=True)
    seen: dict[str, int] = {}
    chosen = []
    named = None if wish.run_ids is None else frozenset(wish.run_ids)
    for run in ended:
        seen[run.name] = seen.get(run.name, 0) + 1
        if seen[run.name] <= wish.keep_last:
            continue
        if named is not None and run.id not in named:
            continue
        if wish.states and run.state not in wish.states:
            continue
        ended_at = run.ended_at or run.submitted_at
        if wish.older_than_s is not None and time.time() - ended_at < wish.older_than_s:
            continue
        chosen.append(run)
    return chosen


def in_use_by_chains(paths: BasePaths, connection: sqlite3.Connection) -> dict[str, str]:
    """Run whose workspace an unfinished run goes on in, or will → that unfinished run."""
    found: dict[str, str] = {}
    for run in runs.unfinished(connection):
        before = _resumed(paths, run.id)
        while before is not None and before not in found:
            found[before] = run.id
            before = _resumed(paths, before)
    return found


def _resumed(paths: BasePaths, run_id: str) -> str | None:
    try:
        return read_request(paths.run(run_id)).resume_of
    except _DAMAGED:
        return None


def why_busy(folder: RunPaths) -> str | None:
    """Why nothing of a run may be moved now; None if it may."""
    try:
        if locks.ask(folder.supervisor_lock) is LockState.HELD:
            return "somebody is at work on it"
        if locks.ask(folder.tree_lock) is LockState.HELD:
            return "processes of it still live"
    except OSError as error:
        return f"its locks cannot be looked at: {error.strerror}"
    return None


def _pieces(paths: BasePaths, run: Run, wish: Wish, busy: dict[str, str]) -> Iterator[Piece]:
    folder = paths.run(run.id)
    if not folder.folder.is_dir():
        return
    look = _Look(paths, run, wish)
    at_work = why_busy(folder)
    goes_on = f"{busy[run.id]} goes on in it" if run.id in busy else None
    workspace_goes = False
    if "workspace" in wish.kinds and look.has_workspace:
        why = at_work or goes_on or look.why_workspace_stays()
        workspace_goes = why is None
        yield Piece(run.id, "workspace", "runs", f"{run.id}/workspace", usage(folder.workspace), why)
    if "checkpoints" in wish.kinds and look.has_workspace and not workspace_goes:
        for path in look.checkpoints():
            size = usage(folder.workspace / path)
            yield Piece(run.id, "checkpoints", "runs", f"{run.id}/workspace/{path}", size, at_work or goes_on)
    logs_go = False
    if "logs" in wish.kinds:
        why = at_work or (
            None if look.zip_there or wish.with_only_copies else "the zip that would hold them is not there"
        )
        for name in LOGS:
            size = usage(folder.folder / name)
            if size:
                logs_go = logs_go or why is None
                yield Piece(run.id, "logs", "runs", f"{run.id}/{name}", size, why)
    if "artifacts" in wish.kinds and look.zip.exists():
        why = at_work or look.why_zip_stays(workspace_goes=workspace_goes, logs_go=logs_go)
        yield Piece(run.id, "artifacts", "artifacts", look.zip.name, usage(look.zip), why)


class _Look:
    """What lies where of one run."""

    def __init__(self, paths: BasePaths, run: Run, wish: Wish) -> None:
        self._folder = paths.run(run.id)
        self._wish = wish
        self.zip = paths.artifact(run.id)
        self.zip_there = self.zip.is_file()
        self.has_workspace = _is_real_folder(self._folder.workspace)
        try:
            self._request: RunRequest | None = read_request(self._folder)
        except _DAMAGED:
            self._request = None

    def why_workspace_stays(self) -> str | None:
        """What in it is nowhere else, in words; None if nothing is, or that was said to be no matter."""
        if self._wish.with_only_copies:
            return None
        if self._request is None:
            return "its request cannot be read, so nobody knows what in it is worth keeping"
        only = [path for path in self._not_in_zip() if os.path.lexists(os.path.join(self._request.cwd, path))]
        if not only:
            return None
        more = f" and {len(only) - 1} more" if len(only) > 1 else ""
        return f"holds the only copy of {only[0]}{more} (--with-only-copies)"

    def _not_in_zip(self) -> list[str]:
        """Deliverables that no zip holds, relative to the training's folder."""
        if self.zip_there:
            try:
                manifest = Manifest.from_json(read_json(self._folder.manifest) or {})
                return [item.origin or item.path for item in manifest.entries if item.stored == IN_WORKSPACE]
            except _DAMAGED:
                pass  # nobody knows what the zip holds
        return self._deliverables()

    def _deliverables(self) -> list[str]:
        try:
            data = read_json(self._folder.deliverables)
            report = None if data is None else ChecklistReport.from_json(data)
        except _DAMAGED:
            return [item.path for item in self._request.deliverables] if self._request else []
        return [path for item in report.items for path in item.files] if report else []

    def checkpoints(self) -> list[str]:
        """All complete ones but the newest and what is a deliverable, relative to the workspace."""
        request = self._request
        if request is None or request.checkpoints is None or request.workspace != "isolated":
            return []
        never = [*self._not_in_zip(), *self._deliverables(), *(item.path for item in request.deliverables)]
        inside = os.path.relpath(request.cwd, self._folder.workspace)
        found = to_prune(complete_checkpoints(request.checkpoints, Path(request.cwd)), 1, never)
        paths = (os.path.normpath(os.path.join(inside, item.path)) for item in found)
        return [path for path in paths if self._is_own(path)]

    def _is_own(self, path: str) -> bool:
        """Whether it lies in the workspace itself and is not reached through a link."""
        whole = self._folder.workspace / path
        real = os.path.realpath(self._folder.workspace)
        return not path.startswith("..") and os.path.realpath(whole) == os.path.join(real, path)

    def why_zip_stays(self, *, workspace_goes: bool, logs_go: bool) -> str | None:
        if self._wish.with_only_copies:
            return None
        words = "holds the only copy of its {} (--with-only-copies)"
        if logs_go or not (self._folder.stdout.exists() and self._folder.stderr.exists()):
            return words.format("logs")
        if (workspace_goes or not self.has_workspace) and self._deliverables():
            return words.format("deliverables")
        return None


def _sources(paths: BasePaths) -> Iterator[Piece]:
    """Frozen trees that no run needs any more."""
    try:
        names = sorted(entry.name for entry in os.scandir(paths.sources) if _is_tree(entry))
    except OSError:
        return
    needed, unsure = needed_trees(paths)
    for name in names:
        if name not in needed:
            yield Piece("", "sources", "sources", name, usage(paths.sources / name), unsure)


def _is_tree(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and is_tree_name(entry.name)


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
