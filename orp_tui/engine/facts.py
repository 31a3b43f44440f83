"""Look at a run's folder and at the kernel's locks, and say what is so. Reads only."""

from __future__ import annotations

import os
from pathlib import Path

from orp_tui.core.decide import ClaimKind, Facts, Lock, Tree
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.run import CancelRequest, Claim, ExitRecord, Run, Started
from orp_tui.core.states import Mark, RunState
from orp_tui.engine import host
from orp_tui.files import locks
from orp_tui.files.atomic import read_json
from orp_tui.files.locks import LockState

MARKER = "ORP_RUN_ID"
"""The variable by which a run's processes are known when they hold no lock."""


def gather(paths: BasePaths, run: Run, *, mine: bool = False) -> Facts:
    """The facts about the run's newest attempt; `mine` says that the caller holds the run's lock."""
    folder = paths.run(run.id)
    if not folder.folder.is_dir():
        return _without_folder(paths, run)
    if run.state is RunState.QUEUED:
        return Facts(newest_attempt=_newest_attempt(folder, run.attempt), cancel=folder.cancel.exists())
    claim = read_claim(folder, run.attempt)
    by_supervisor = claim is not None and not claim.is_fence
    supervisor_alive = (
        claim is not None and by_supervisor and _lives(claim.pid, claim.start_ticks, claim.boot_id)
    )
    has_exit = folder.exit(run.attempt).exists()
    lock = Lock.MINE if mine else _lock(folder, claim, alive=supervisor_alive)
    same_boot = claim is None or claim.boot_id == host.boot_id()
    started = folder.started(run.attempt).exists()
    return Facts(
        lock=lock,
        tree=_tree(
            folder,
            run,
            began=started or has_exit or _may_have_begun(folder, same_boot=same_boot),
            unattended=by_supervisor and lock is not Lock.HELD and not has_exit,
        ),
        claim=_claim_kind(claim),
        started=started,
        exit=has_exit,
        result=read_result_state(folder, run.attempt),
        cancel=folder.cancel.exists(),
        same_boot=same_boot,
        same_namespace=claim is None or claim.pid_namespace == host.pid_namespace(),
        newest_attempt=_newest_attempt(folder, run.attempt if claim is not None else run.attempt - 1),
        supervisor_alive=supervisor_alive,
    )


def _without_folder(paths: BasePaths, run: Run) -> Facts:
    alive = bool(host.processes_with(MARKER, run.id)) if run.state.is_active else False
    return Facts(folder=False, supervisor_alive=alive, orphan=orphan(paths, run.id).exists())


def orphan(paths: BasePaths, run_id: str) -> Path:
    """Where a supervisor leaves its exit record when the run's folder is gone."""
    return paths.orphans / f"{run_id}.json"


def _newest_attempt(folder: RunPaths, known: int) -> int:
    while folder.attempt(known + 1).exists():
        known += 1
    return known


def _lives(pid: int, ticks: int, boot: str) -> bool:
    return host.is_alive(pid, ticks, boot)


def _claim_kind(claim: Claim | None) -> ClaimKind:
    if claim is None:
        return ClaimKind.NONE
    return ClaimKind.FENCE if claim.is_fence else ClaimKind.SUPERVISOR


def _lock(folder: RunPaths, claim: Claim | None, *, alive: bool) -> Lock:
    state = locks.ask(folder.supervisor_lock)
    if state is LockState.HELD:
        return Lock.HELD
    if claim is not None and claim.lock and alive and _inode(folder.supervisor_lock) != claim.lock:
        return Lock.HELD  # the lock file was deleted or replaced under a living supervisor
    return Lock.FREE


def _inode(path: Path) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def _may_have_begun(folder: RunPaths, *, same_boot: bool) -> bool:
    """Whether a log was made, the last thing before the command is started.

    After a reboot the lock file has to tell: it was flushed before that, and a log may have got lost.
    """
    if not same_boot:
        return folder.tree_lock.exists()
    return folder.stdout.exists() or folder.stderr.exists()


def _tree(folder: RunPaths, run: Run, *, began: bool, unattended: bool) -> Tree:
    if locks.ask(folder.tree_lock) is LockState.HELD:
        return Tree.ALIVE
    if not began:
        return Tree.NEVER
    if unattended and host.processes_with(MARKER, run.id):
        return Tree.ALIVE  # it has closed its descriptors, or somebody has deleted the lock file
    return Tree.GONE


def read_claim(folder: RunPaths, attempt: int) -> Claim | None:
    """Who made the attempt's file; None if nobody has. A damaged one counts as a supervisor's."""
    try:
        data = read_json(folder.attempt(attempt))
        return None if data is None else Claim.from_json(data)
    except (OSError, ValueError, KeyError, TypeError):
        return Claim("supervisor", 0, 0, "", "", "")


def read_started(folder: RunPaths, attempt: int) -> Started | None:
    """The training's main process; None if it was not started, or its record can't be read."""
    try:
        data = read_json(folder.started(attempt))
        return None if data is None else Started.from_json(data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_exit(path: Path) -> ExitRecord | None:
    """An exit record; None if there is none, or it can't be read."""
    try:
        data = read_json(path)
        return None if data is None else ExitRecord.from_json(data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_cancel(folder: RunPaths) -> CancelRequest | None:
    """Who asked for the end; None if nobody has."""
    try:
        data = read_json(folder.cancel)
        return None if data is None else CancelRequest.from_json(data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_result_state(folder: RunPaths, attempt: int) -> RunState | None:
    """The end that the result of this attempt names; None without one, or if it is damaged."""
    try:
        data = read_json(folder.result)
        if data is None or data["attempt"] != attempt:
            return None
        state = RunState(data["status"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if state.is_final else None


def read_attention(folder: RunPaths) -> Mark | None:
    """What a supervisor says about a run that it can't bring to its end."""
    try:
        data = read_json(folder.attention)
        return None if data is None else Mark(data["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
