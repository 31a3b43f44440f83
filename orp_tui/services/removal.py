"""Remove whole runs: folder and zip go to the trash, the row goes with them, and all of it can be put back.

In this order: a line about the run, with its row, into the index of the trash; the zip, then the
folder, by rename; the row out of the database. Killed at any moment, a run is whole or in the trash, and
the same again finishes. Frozen code stays: `orp clean` frees what no run needs, those in the trash included.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.files import json_lines, locks
from orp_tui.files.atomic import sync_folder
from orp_tui.files.failpoint import hit
from orp_tui.files.usage import usage
from orp_tui.services.cleaning import Piece, part_of, place_of
from orp_tui.services.context import Context
from orp_tui.services.removal_reasons import Reasons
from orp_tui.services.sharing import shared_runs, unshare
from orp_tui.services.trash import named, new_folder, target_of
from orp_tui.services.trash_index import BARE, INDEX, RUN, Json, removed_run, tidy
from orp_tui.services.trash_lock import alone_in_trash
from orp_tui.store import removed, runs
from orp_tui.store.database import transaction

Progress = Callable[[int, int], object]

_AT_ONCE = 100
"""Runs between two waits for the disk."""


@dataclasses.dataclass(frozen=True)
class RunToRemove:
    """A run that goes, or stays."""

    run: Run
    bytes: int
    """Of folder and zip, on the disk; links not followed."""
    has_folder: bool
    """False: the row is all there is, or its folder lies in the trash since a removal that was stopped."""
    why_kept: str | None = None
    """Why it stays; None if it goes."""

    @property
    def run_id(self) -> str:
        return self.run.id


@dataclasses.dataclass(frozen=True)
class Removal:
    """What a removal would do."""

    going: tuple[RunToRemove, ...]
    refused: tuple[RunToRemove, ...]

    @property
    def bytes(self) -> int:
        return sum(item.bytes for item in self.going)


@dataclasses.dataclass(frozen=True)
class Removed:
    """What it did."""

    folder: Path | None
    """Of the trash; None if nothing was moved there."""
    removed: tuple[RunToRemove, ...]
    left: tuple[RunToRemove, ...]
    """What could not be removed after all, and why."""

    @property
    def bytes(self) -> int:
        return sum(item.bytes for item in self.removed)


def plan_removal(
    context: Context, connection: sqlite3.Connection, run_ids: Sequence[str], progress: Progress | None = None
) -> Removal:
    """The runs that may go, with their sizes, and those that may not, with the reason; each once.

    `progress` is called with runs looked at and runs in all. Raises UsageError if the folder of all runs
    is not there, as when its disk is not mounted.
    """
    paths = context.paths
    ids = list(dict.fromkeys(run_ids))
    if ids and not paths.runs.is_dir():
        raise UsageError(f"{paths.runs}: is not there, and so are no runs; is its disk mounted?")
    reasons = Reasons(paths, connection, set(ids))
    going: list[RunToRemove] = []
    refused: list[RunToRemove] = []
    for number, run_id in enumerate(ids):
        if progress is not None:
            progress(number, len(ids))
        run = runs.get(connection, run_id)
        if run is None:
            continue
        item = _look(paths, run, reasons.why_kept(run))
        (refused if item.why_kept is not None else going).append(item)
    return Removal(tuple(going), tuple(refused))


def _look(paths: BasePaths, run: Run, why: str | None) -> RunToRemove:
    folder = paths.run(run.id).folder
    if why is not None:
        return RunToRemove(run, 0, folder.is_dir(), why)
    has_folder = os.path.lexists(folder)
    earlier = None if has_folder else removed_run(paths, run.id)
    size = usage(folder) if earlier is None else earlier.piece.bytes
    return RunToRemove(run, size + usage(paths.artifact(run.id)), has_folder)


def remove(
    context: Context,
    connection: sqlite3.Connection,
    removal: Removal,
    *,
    by: str,
    progress: Progress | None = None,
) -> Removed:
    """Remove what a plan says; what has come into use since stays.

    `progress` is called with runs done and runs in all. Raises OrpError or OSError if nothing
    can be moved to the trash at all, StoreError if the rows can't be taken out; the same again finishes.
    """
    if not removal.going:
        return Removed(None, (), ())
    # The newest first: what went on from another run is never left without it.
    going = sorted(removal.going, key=lambda item: item.run.seq, reverse=True)
    done: list[RunToRemove] = []
    stay: set[str] = set()
    for start in range(0, len(going), _AT_ONCE):
        if progress is not None:
            progress(start, len(going))
        with alone_in_trash(context.paths):
            if start == 0:
                folder = new_folder(context.paths)
            batch = _Batch(context, connection, folder, by, [item.run_id for item in going])
            done += batch.remove(going[start : start + _AT_ONCE], stay)
            stay |= {item.run_id for item in done if item.why_kept is not None}
    with alone_in_trash(context.paths):
        tidy(context.paths, folder)
    moved = tuple(item for item in done if item.why_kept is None)
    left = tuple(item for item in done if item.why_kept is not None)
    return Removed(folder if folder.is_dir() else None, moved, left)


class _Batch:
    """Some runs, removed with one wait for the disk at each step."""

    def __init__(
        self,
        context: Context,
        connection: sqlite3.Connection,
        folder: Path,
        by: str,
        going: Collection[str],
    ) -> None:
        self._context = context
        self._paths = context.paths
        self._connection = connection
        self._folder = folder
        self._by = by
        self._now = time.time()
        self._reasons = Reasons(self._paths, connection, set(going))
        self._changed: set[Path] = set()
        """Folders in which names came or went."""

    def remove(self, items: Sequence[RunToRemove], stay: Collection[str]) -> list[RunToRemove]:
        """The runs as they went or, with the reason, as they stay; `stay` are those that could not go before."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it may have been emptied meanwhile
        with contextlib.ExitStack() as held:
            seen = [self._locked(item, held) for item in items]
            lines = [line for item in seen if item.why_kept is None for line in self._lines(item)]
            json_lines.append(self._folder / INDEX, *lines)
            hit("remove.noted")
            moved: list[RunToRemove] = []
            for item in seen:
                stays = {*stay, *(other.run_id for other in moved if other.why_kept is not None)}
                why = item.why_kept or self._reasons.why_later(item.run, stays)
                moved.append(self._moved(item) if why is None else dataclasses.replace(item, why_kept=why))
            for folder in self._changed:
                sync_folder(folder)
            hit("remove.synced")
            self._take_rows([item for item in moved if item.why_kept is None])
            hit("remove.rows")
        for item in moved:
            if item.why_kept is None:
                self._forget(item.run_id)
        return moved

    def _locked(self, item: RunToRemove, held: contextlib.ExitStack) -> RunToRemove:
        """The run as it is now, its lock held."""
        run = runs.get(self._connection, item.run_id)
        folder = self._paths.run(item.run_id)
        if run is None:
            return dataclasses.replace(item, why_kept="somebody else has just removed it")
        why = self._reasons.why_kept(run)
        if why is None and folder.folder.is_dir() and not folder.folder.is_symlink():
            try:
                lock = locks.take(folder.supervisor_lock)
            except OSError as error:
                why = f"cannot be locked: {error.strerror}"
            else:
                why = "somebody is at work on it" if lock is None else None
                if lock is not None:
                    held.callback(os.close, lock)
        return dataclasses.replace(item, run=run, why_kept=why)

    def _lines(self, item: RunToRemove) -> Iterator[Json]:
        """What is noted of a run before anything is moved."""
        folder = self._paths.run(item.run_id).folder
        zip_path = self._paths.artifact(item.run_id)
        zip_bytes = usage(zip_path)
        row = removed.read(self._connection, item.run_id)
        assert row is not None, "the lock of the trash is held"
        piece = Piece(item.run_id, RUN, "runs", item.run_id, item.bytes - zip_bytes)
        earlier = None if os.path.lexists(folder) else removed_run(self._paths, item.run_id)
        if earlier is None:
            more = row.to_json() | {"bare": not os.path.lexists(folder)}
            yield self._line(piece, target_of(self._paths, self._folder, piece)) | more
        if os.path.lexists(zip_path):
            piece = Piece(item.run_id, "artifacts", "artifacts", zip_path.name, zip_bytes)
            yield self._line(piece, target_of(self._paths, self._folder, piece)) | {"whole": True}

    def _line(self, piece: Piece, target: Path) -> Json:
        return {
            "at": self._now, "by": self._by, "run": piece.run_id, "kind": piece.kind, "bytes": piece.bytes,
            "part": piece.part, "path": piece.path, "to": named(self._paths, target),
        }  # fmt: skip

    def _moved(self, item: RunToRemove) -> RunToRemove:
        """Zip and folder in the trash; the run with the reason if one can't be moved."""
        zip_path = self._paths.artifact(item.run_id)
        try:
            if item.run_id in shared_runs(self._paths):
                unshare(self._context, item.run)
            if os.path.lexists(zip_path):
                self._move(Piece(item.run_id, "artifacts", "artifacts", zip_path.name, 0))
            hit("remove.zip")
            piece = Piece(item.run_id, RUN, "runs", item.run_id, 0)
            if os.path.lexists(place_of(self._paths, piece)):
                self._move(piece)
            elif removed_run(self._paths, item.run_id) is None:
                self._stand_in(piece)
            hit("remove.folder")
        except OSError as error:
            self._take_back(zip_path)
            return dataclasses.replace(item, why_kept=f"cannot be moved: {error.strerror}")
        return item

    def _move(self, piece: Piece) -> None:
        source, target = place_of(self._paths, piece), target_of(self._paths, self._folder, piece)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.rename(source, target)
        self._changed |= {part_of(self._paths, piece.part), target.parent}

    def _take_back(self, zip_path: Path) -> None:
        """The zip of a run whose folder can't be moved."""
        piece = Piece("", "artifacts", "artifacts", zip_path.name, 0)
        with contextlib.suppress(OSError):
            if not os.path.lexists(zip_path):
                os.rename(target_of(self._paths, self._folder, piece), zip_path)

    def _stand_in(self, piece: Piece) -> None:
        """A folder in the trash for a run that has none."""
        target = target_of(self._paths, self._folder, piece)
        target.mkdir(mode=0o700, parents=True)
        (target / BARE).touch(mode=0o600)
        self._changed |= {target, target.parent}

    def _take_rows(self, items: Sequence[RunToRemove]) -> None:
        """Take the rows out; one that has changed since it was noted is noted once more."""
        with transaction(self._connection):
            for item in items:
                row = removed.read(self._connection, item.run_id)
                if row is not None and row.run.version != item.run.version:
                    self._note_again(item.run_id, row)
                removed.take_out(self._connection, item.run_id, at=self._now, actor=self._by)

    def _note_again(self, run_id: str, row: removed.RemovedRow) -> None:
        entry = removed_run(self._paths, run_id)
        if entry is not None:
            json_lines.append(self._paths.trash / entry.stamp / INDEX, entry.line | row.to_json())

    def _forget(self, run_id: str) -> None:
        """Remove what lies of it in `state/`; the cached metrics go when the observer next starts."""
        paths = self._paths
        for path in (
            paths.live / f"{run_id}.json",
            paths.alert_state(run_id),
            paths.orphans / f"{run_id}.json",
        ):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
