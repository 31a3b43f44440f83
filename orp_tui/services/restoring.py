"""Put back what the trash has of a run: what was cleaned of it, and the whole run if it was removed.

The row comes first, then the folder, then what was taken out of it before: killed at any moment, what is
not back yet is still listed in the trash, and the same again finishes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.files import locks
from orp_tui.files.atomic import read_json, sync_folder
from orp_tui.files.failpoint import hit
from orp_tui.services.cleaning import Piece, place_of, why_busy
from orp_tui.services.context import Context
from orp_tui.services.trash import Done, say_so
from orp_tui.services.trash_index import BARE, RUN, Entry, entries, removed_run, tidy
from orp_tui.services.trash_lock import alone_in_trash
from orp_tui.store import removed, runs
from orp_tui.store.database import transaction
from orp_tui.store.removed import RemovedRow

_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def restore(context: Context, connection: sqlite3.Connection, run_id: str, *, by: str) -> Done:
    """Put back what the trash has of a run, its frozen tree too.

    Raises UsageError if nothing of it is in the trash, or its folder is gone for good.
    """
    with alone_in_trash(context.paths):
        whole = removed_run(context.paths, run_id)
        back = [] if whole is None else [_restore_run(context, connection, whole, by)]
        if back and back[0].why_kept is not None:
            return Done(None, (), tuple(back))
        return _restore_rest(context, connection, run_id, back, by)


def _restore_run(context: Context, connection: sqlite3.Connection, entry: Entry, by: str) -> Piece:
    """Row and folder of a removed run; as it is if that was done, else with the reason."""
    paths, piece = context.paths, entry.piece
    target = place_of(paths, piece)
    is_bare = _is_placeholder(entry)
    if not is_bare and os.path.lexists(target):
        return dataclasses.replace(piece, why_kept=f"there is a {target.name} in its place already")
    row = _row_of(entry)
    now = time.time()
    if row is not None:
        with transaction(connection):
            removed.put_back(connection, row, at=now, actor=by)
    hit("restore.row")
    try:
        if is_bare:
            os.unlink(entry.place / BARE)
            os.rmdir(entry.place)
        else:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.rename(entry.place, target)
            sync_folder(target.parent)
    except OSError as error:
        return dataclasses.replace(piece, why_kept=f"cannot be put back: {error.strerror}")
    hit("restore.folder")
    if row is None:
        why = _put_back_from_folder(context, connection, piece.run_id, by)
        return piece if why is None else dataclasses.replace(piece, why_kept=why)
    with transaction(connection):
        # Whoever has listed it between the row's return and the folder's reads it again.
        runs.touch(connection, piece.run_id, at=now, actor=by, kind=None, detail=None)
    return piece


def _is_placeholder(entry: Entry) -> bool:
    """Whether the run had no folder when it was removed: one of ours stands for it."""
    return entry.line.get("bare") is True and entry.place.is_dir() and os.listdir(entry.place) == [BARE]


def _row_of(entry: Entry) -> RemovedRow | None:
    """What the database held of it; None if its line does not tell."""
    try:
        row = RemovedRow.from_json(entry.line)
    except _DAMAGED:
        return None
    return row if row.run.id == entry.piece.run_id and row.run.state.is_final else None


def _put_back_from_folder(
    context: Context, connection: sqlite3.Connection, run_id: str, by: str
) -> str | None:
    """Make the row from the folder, which is in its place; None, or why that can't be."""
    from orp_tui.services.known_runs import read_folder

    try:
        known = read_folder(context.paths, run_id).known
    except _DAMAGED as error:
        return f"its folder is back; its row can't be made: {type(error).__name__}: {error}"
    row = RemovedRow(known.run, () if known.key is None else (known.key,))
    with transaction(connection):
        removed.put_back(connection, row, at=time.time(), actor=by)
    return None


def _restore_rest(
    context: Context, connection: sqlite3.Connection, run_id: str, back: list[Piece], by: str
) -> Done:
    """What was taken of the run's folder, its zip, and the frozen tree that it needs."""
    paths = context.paths
    folder = paths.run(run_id)
    needed = _tree_of(paths, run_id)
    found = [
        item
        for item in entries(paths, (run_id, needed or run_id))
        if item.piece.kind != RUN
        and (item.piece.run_id == run_id or (item.piece.kind == "sources" and item.piece.path == needed))
    ]
    run = runs.get(connection, run_id)
    if not found and not back:
        raise UsageError(f"{run_id}: nothing of it is in the trash")
    if not back and (run is None or not folder.folder.is_dir()):
        raise UsageError(f"{run_id}: its folder is gone; what the trash has of it is in {paths.trash}")
    moved = list(back)
    left: list[Piece] = []
    said: list[Piece] = []
    """What the run's records say is gone; a removal of the whole run changes none of them."""
    with _locked(paths, run_id) if folder.folder.is_dir() else contextlib.nullcontext():
        # A workspace first, then what was taken out of it before.
        for item in sorted(found, key=lambda item: item.piece.path.count("/")):
            piece = _put_back(paths, item.piece, item.place)
            (moved if piece.why_kept is None else left).append(piece)
            if piece.why_kept is None and piece.run_id and not item.line.get("whole"):
                said.append(piece)
            hit("restore.piece")
        if run is not None and folder.folder.is_dir():
            say_so(context, connection, run, "restored", said, by, "")
    _tidy(paths)
    return Done(None, tuple(moved), tuple(left))


@contextlib.contextmanager
def _locked(paths: BasePaths, run_id: str) -> Iterator[None]:
    folder = paths.run(run_id)
    lock = locks.take(folder.supervisor_lock)
    if lock is None:
        raise UsageError(f"{run_id}: {why_busy(folder) or 'somebody is at work on it'}; try again")
    try:
        yield
    finally:
        os.close(lock)


def _tidy(paths: BasePaths) -> None:
    with contextlib.suppress(OSError):
        for folder in sorted(paths.trash.iterdir()):
            if not folder.name.startswith("."):
                tidy(paths, folder)


def _put_back(paths: BasePaths, piece: Piece, place: Path) -> Piece:
    target = place_of(paths, piece)
    if os.path.lexists(target):
        return dataclasses.replace(piece, why_kept=f"there is a {target.name} in its place already")
    if piece.kind == "checkpoints" and not paths.run(piece.run_id).workspace.is_dir():
        return dataclasses.replace(piece, why_kept="its workspace is not there")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.rename(place, target)
        sync_folder(target.parent)
    except OSError as error:
        return dataclasses.replace(piece, why_kept=f"cannot be put back: {error.strerror}")
    return piece


def _tree_of(paths: BasePaths, run_id: str) -> str | None:
    try:
        data = read_json(paths.run(run_id).request)
        tree = data["tree"] if data else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return tree if isinstance(tree, str) else None
