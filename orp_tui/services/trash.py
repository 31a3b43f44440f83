"""Move what was planned into the trash; `services.restoring` puts it back.

Everything is moved by rename, after a line about it is on disk in the `index.jsonl` of the
trash's folder: killed at any moment, it is either where it was or can be put back.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.artifact import ArtifactState
from orp_tui.core.errors import OrpError
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.engine.finaliser import locate_zip
from orp_tui.files import json_lines, locks
from orp_tui.files.atomic import read_json, sync_folder, write_json
from orp_tui.files.failpoint import hit
from orp_tui.services.cleaning import CleanPlan, Piece, in_use_by_chains, part_of, place_of
from orp_tui.services.context import Context
from orp_tui.services.needed_trees import needed_trees
from orp_tui.services.trash_index import ELSEWHERE, INDEX, tidy
from orp_tui.services.trash_lock import alone_in_trash
from orp_tui.store import runs


@dataclasses.dataclass(frozen=True)
class Done:
    """What a cleaning did."""

    folder: Path | None
    """Of the trash; None if nothing was moved."""
    moved: tuple[Piece, ...]
    left: tuple[Piece, ...]
    """What could not be moved after all, and why."""


def carry_out(context: Context, connection: sqlite3.Connection, plan: CleanPlan, *, by: str) -> Done:
    """Move what a plan says into the trash; what has come into use since stays."""
    if not plan.going:
        return Done(None, (), ())
    with alone_in_trash(context.paths):
        return _carry_out(context, connection, plan, by)


def _carry_out(context: Context, connection: sqlite3.Connection, plan: CleanPlan, by: str) -> Done:
    folder = new_folder(context.paths)
    moved: list[Piece] = []
    left: list[Piece] = []
    by_run: dict[str, list[Piece]] = {}
    for piece in plan.going:
        by_run.setdefault(piece.run_id, []).append(piece)
    for run_id, pieces in by_run.items():
        if run_id:
            done = _clean_run(context, connection, folder, run_id, pieces, by)
        else:
            done = _clean_sources(context.paths, folder, pieces, by)
        for piece in done:
            (moved if piece.why_kept is None else left).append(piece)
    if not moved:
        tidy(context.paths, folder)
    return Done(folder if moved else None, tuple(moved), tuple(left))


def new_folder(paths: BasePaths) -> Path:
    """A new folder of the trash, named by the time."""
    stamp = time.strftime("%Y%m%d_%H%M%S")
    paths.trash.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = paths.trash / (stamp if number == 1 else f"{stamp}_{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder
    raise OrpError(f"{paths.trash}: no name is left for a new folder")


def _clean_run(
    context: Context,
    connection: sqlite3.Connection,
    folder: Path,
    run_id: str,
    pieces: Sequence[Piece],
    by: str,
) -> list[Piece]:
    """The pieces as moved or, with the reason, as left; the run's lock is held meanwhile."""
    paths = context.paths
    try:
        lock = locks.take(paths.run(run_id).supervisor_lock)
    except OSError as error:
        return _all_left(pieces, f"cannot be locked: {error.strerror}")
    if lock is None:
        return _all_left(pieces, "somebody is at work on it")
    try:
        run = runs.get(connection, run_id)
        if run is None or not run.state.is_final:
            return _all_left(pieces, "it has not ended")
        chains = in_use_by_chains(paths, connection)
        done = []
        for piece in pieces:
            why = f"{chains[run_id]} goes on in it" if run_id in chains and _of_workspace(piece) else None
            done.append(
                _put(paths, folder, piece, by) if why is None else dataclasses.replace(piece, why_kept=why)
            )
        moved = [piece for piece in done if piece.why_kept is None]
        hit("clean.moved")
        say_so(context, connection, run, "cleaned", moved, by, folder.name)
        return done
    finally:
        os.close(lock)


def _of_workspace(piece: Piece) -> bool:
    return piece.kind in ("workspace", "checkpoints")


def _clean_sources(paths: BasePaths, folder: Path, pieces: Sequence[Piece], by: str) -> list[Piece]:
    """Move trees away, and back at once if a submit has begun to use one meanwhile.

    A submit that finds the tree gone in between fails or writes it anew; none is published without it.
    """
    done = []
    for piece in pieces:
        needed, unsure = needed_trees(paths)
        if unsure is not None or piece.path in needed:
            done.append(dataclasses.replace(piece, why_kept=unsure or "a new run needs it"))
            continue
        put = _put(paths, folder, piece, by)
        needed, unsure = needed_trees(paths)
        if put.why_kept is None and (unsure is not None or piece.path in needed):
            with contextlib.suppress(OSError):
                os.rename(target_of(paths, folder, piece), place_of(paths, piece))
            put = dataclasses.replace(piece, why_kept=unsure or "a new run needs it")
        done.append(put)
    return done


def _all_left(pieces: Sequence[Piece], why: str) -> list[Piece]:
    return [dataclasses.replace(piece, why_kept=why) for piece in pieces]


def _put(paths: BasePaths, folder: Path, piece: Piece, by: str) -> Piece:
    """Move a piece; as it is if that was done, else with the reason."""
    source, target = place_of(paths, piece), target_of(paths, folder, piece)
    line = {
        "at": time.time(), "by": by, "run": piece.run_id, "kind": piece.kind, "bytes": piece.bytes,
        "part": piece.part, "path": piece.path, "to": named(paths, target),
    }  # fmt: skip
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        json_lines.append(folder / INDEX, line)
        hit("clean.noted")
        os.rename(source, target)
        sync_folder(source.parent)
        sync_folder(target.parent)
    except OSError as error:
        return dataclasses.replace(piece, why_kept=f"cannot be moved: {error.strerror}")
    return piece


def target_of(paths: BasePaths, folder: Path, piece: Piece) -> Path:
    """Where in the trash; on the same file system, because nothing is ever copied."""
    part = part_of(paths, piece.part)
    if os.stat(part).st_dev != os.stat(folder).st_dev:
        return part / ELSEWHERE / folder.name / piece.part / piece.path
    return folder / piece.part / piece.path


def named(paths: BasePaths, target: Path) -> str:
    """Relative to the base directory where it lies in it, so that all of it may be moved."""
    return str(target.relative_to(paths.base)) if target.is_relative_to(paths.base) else str(target)


def say_so(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    what: str,
    pieces: Sequence[Piece],
    by: str,
    stamp: str,
) -> None:
    """Have the run's records say what is gone, or back."""
    if not pieces:
        return
    sizes: dict[str, int] = {}
    for piece in pieces:
        sizes[piece.kind] = sizes.get(piece.kind, 0) + piece.bytes
    folder = context.paths.run(run.id)
    with contextlib.suppress(OSError):  # a full disk must not keep space from being freed
        line = {"at": time.time(), "by": by, "kind": what, "what": sizes, "trash": stamp}
        json_lines.append(folder.notes, line)
    if "artifacts" in sizes:
        when = time.strftime("%Y-%m-%d")
        _say_of_zip(context, connection, run, None if what == "restored" else f"on {when} by {by}")


def _say_of_zip(context: Context, connection: sqlite3.Connection, run: Run, cleaned: str | None) -> None:
    """Result and row name the zip, or say when it was cleaned."""
    path = context.paths.run(run.id).result
    try:
        data = read_json(path)
        assert isinstance(data, dict)
        before = ArtifactState.from_json(data.get("artifact"))
        state = ArtifactState("cleaned" if cleaned else "ok", before.bytes, before.sha256, cleaned)
        data["artifact"] = state.to_json()
        locate_zip(data, None if cleaned else str(context.paths.artifact(run.id)))
        write_json(path, data)
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        state = ArtifactState("cleaned" if cleaned else "ok", why=cleaned)  # the row can still say it
    fresh = runs.get(connection, run.id)
    if fresh is not None:
        runs.note(connection, fresh, artifacts=state.for_row())
