"""A resumed run takes its predecessor's workspace, by rename; a link stays in its old place.

Done by the queue processor when the run starts, so that a submit that is killed half-way moves
nothing. Both steps can be repeated.
"""

from __future__ import annotations

import os
import shutil

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.request import RunRequest
from orp_tui.files import locks
from orp_tui.files.atomic import sync_folder
from orp_tui.files.failpoint import hit


class InUse(Exception):
    """Somebody is at work on the predecessor, as `orp clean` or a bundling are for a moment; says who."""


def take_over(paths: BasePaths, request: RunRequest) -> str | None:
    """Have the run's workspace in its place; why that can't ever be, or None.

    The caller holds the run's lock. Raises InUse if it can't be now, OSError if a folder can't be changed.
    """
    if request.resume_of is None or request.workspace != "isolated":
        return None
    new, old = paths.run(request.id), paths.run(request.resume_of)
    if not new.workspace.is_dir():
        why = _move(old, new)
        if why is not None:
            return why
    hit("leader.taken_over")
    if not old.workspace.is_symlink() and not old.workspace.exists():
        os.symlink(os.path.join("..", request.id, "workspace"), old.workspace)
    if not new.baseline.exists() and old.baseline.exists():
        # What the predecessor has made counts as made by the chain.
        shutil.copyfile(old.baseline, new.baseline)
    sync_folder(new.folder)
    sync_folder(old.folder)
    return None


def _move(old: RunPaths, new: RunPaths) -> str | None:
    if old.workspace.is_symlink() or not old.workspace.is_dir():
        return f"the workspace of {old.run_id} is gone, or was taken over by another run"
    lock = locks.take(old.supervisor_lock)
    if lock is None:
        raise InUse(f"somebody is at work on {old.run_id}, whose workspace it goes on in")
    try:
        if old.workspace.is_symlink() or not old.workspace.is_dir():  # that somebody has just taken it away
            return f"the workspace of {old.run_id} is gone, or was taken over by another run"
        os.rename(old.workspace, new.workspace)
    finally:
        os.close(lock)
    return None
