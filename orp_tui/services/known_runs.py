"""A run folder → the row that it would have: where the run stands, by its files and the kernel's locks."""

from __future__ import annotations

import dataclasses
import math
import os
import stat

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import REFROZEN, Json, Run
from orp_tui.core.states import Reason, RunState
from orp_tui.engine import facts, results
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import read_json
from orp_tui.files.locks import LockState
from orp_tui.store.replacement import KnownRun
from orp_tui.store.runs import NewRun

MOST_BYTES = 64 << 20
"""A larger request.json was not written by ORP."""


@dataclasses.dataclass(frozen=True)
class FolderRun:
    """A run as its folder tells it."""

    known: KnownRun
    """Its run's `seq` is 0: the order is the reader's business."""
    host: str | None
    """The machine on which it may be alive though no lock is held here; None if it is not active."""


def read_folder(paths: BasePaths, run_id: str) -> FolderRun:
    """The run in a folder.

    Raises OSError, ValueError, KeyError, TypeError or AttributeError if its request can't be
    read or is no run's of that id.
    """
    folder = paths.run(run_id)
    request = _request(folder)
    attempt = _newest_attempt(folder)
    held = locks.ask(folder.supervisor_lock) is LockState.HELD
    state, attempt = _state(folder, attempt, held=held)
    values: Json = {"started_at": None, "ended_at": None, "exit_code": None, "signal": None}
    values |= {"reason": None, "detail": None, "artifacts": "none", "deliverables_valid": None}
    values |= _end(folder, state)
    cancel = facts.read_cancel(folder)
    started = facts.read_started(folder, attempt) if state.is_active else None
    if started is not None:
        values["started_at"] = started.at
    run = Run(
        seq=0,
        state=state,
        attempt=attempt,
        cancel_requested_at=cancel.at if cancel else None,
        cancel_by=cancel.by if cancel else None,
        finaliser_tries=0,
        not_before=None,
        version=0,
        **NewRun.of(request).columns(),
        **values,
    )
    host = _host(folder, attempt) if state.is_active and not held else None
    return FolderRun(KnownRun(run, request.key), host)


def _request(folder: RunPaths) -> RunRequest:
    for path in (folder.folder, folder.request):
        found = os.lstat(path)
        if not (stat.S_ISDIR if path is folder.folder else stat.S_ISREG)(found.st_mode):
            raise ValueError(f"{path.name} is a link or something else that ORP does not make")
        if path is folder.request and found.st_size > MOST_BYTES:
            raise ValueError(f"{found.st_size} bytes are too many")
    request = read_request(folder)
    if request.id != folder.run_id:
        raise ValueError(f"it is the request of {request.id}: the folder is a copy")
    texts = (request.name, request.workspace, request.project, request.config_sha256)
    numbers = (request.submitted_at, request.priority)
    if not all(isinstance(value, str) for value in texts) or not all(map(_is_number, numbers)):
        raise ValueError("a value is of the wrong kind")
    return request


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _newest_attempt(folder: RunPaths) -> int:
    attempt = 0
    while folder.attempt(attempt + 1).exists() or folder.exit(attempt + 1).exists():
        attempt += 1
    return attempt


def _state(folder: RunPaths, attempt: int, *, held: bool) -> tuple[RunState, int]:
    """Where the run stands, and its newest attempt."""
    claim = facts.read_claim(folder, attempt) if attempt else None
    has_exit = attempt > 0 and folder.exit(attempt).exists()
    result = facts.read_result_state(folder, attempt) if attempt else None
    if result is not None:
        return (RunState.FINISHING if held else result), attempt
    if has_exit:
        return RunState.FINISHING, attempt
    if claim is not None and not claim.is_fence:
        return (RunState.RUNNING if folder.started(attempt).exists() else RunState.STARTING), attempt
    if held:
        # A supervisor that is about to claim; if it never does, the next attempt was never made.
        return RunState.STARTING, attempt + 1
    return (RunState.CANCELLED if folder.cancel.exists() else RunState.QUEUED), attempt


def _end(folder: RunPaths, state: RunState) -> Json:
    """What a row holds of an end."""
    if not state.is_final:
        return {}
    if state is RunState.CANCELLED and not folder.result.exists():
        cancel = facts.read_cancel(folder)
        by = f" by {cancel.by}" if cancel else ""
        new = cancel.refrozen_as if cancel else None
        return {
            "reason": Reason.CANCELLED.value,
            "detail": f"{REFROZEN}{new}" if new else f"cancelled{by} before it started",
            "ended_at": cancel.at if cancel else None,
        }
    try:
        return results.row_values(read_json(folder.result) or {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return {"detail": f"result.json is damaged: {type(error).__name__}: {error}"}


def _host(folder: RunPaths, attempt: int) -> str | None:
    try:
        name = (read_json(folder.attempt(attempt)) or {}).get("host")
    except (OSError, ValueError, AttributeError):
        return None
    return name if isinstance(name, str) else None
