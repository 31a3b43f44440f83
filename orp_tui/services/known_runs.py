"""A run folder → the row that it would have: where the run stands, by its files and the kernel's locks.

Of 100,000 folders nearly all are of runs that have ended: of these the names are listed once, and
two files are read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import stat
from collections.abc import Iterator
from typing import Any

import msgspec

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.needs import Dependency, Needs
from orp_tui.core.request import RunRequest
from orp_tui.core.run import REFROZEN, Json, Run
from orp_tui.core.states import Reason, RunState
from orp_tui.engine import facts, results
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import read_json
from orp_tui.files.locks import LockState
from orp_tui.store.imports import BEFORE_ALL
from orp_tui.store.replacement import KnownRun
from orp_tui.store.runs import NewRun

MOST_BYTES = 64 << 20
"""A larger request.json was not written by ORP."""

_REGULAR = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


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
    with _opened(folder) as files:
        new = _quick_request(files, run_id) or NewRun.of(_request(folder))
        result = files.result()
    held = "supervisor.lock" in files.names and locks.ask(folder.supervisor_lock) is LockState.HELD
    is_foreign = folder.imported.name in files.names
    state, attempt = _state(folder, files.names, result, held=held)
    if is_foreign and not state.is_final:
        state = RunState.LOST  # its result is damaged; it must never be started here
    values: Json = {"started_at": None, "ended_at": None, "exit_code": None, "signal": None}
    values |= {"reason": None, "detail": None, "artifacts": "none", "deliverables_valid": None}
    values |= _end(folder, state, result)
    cancel = facts.read_cancel(folder) if "cancel.json" in files.names else None
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
        position=BEFORE_ALL if is_foreign else 0.0,
        **new.columns(),
        **values,
    )
    host = _host(folder, attempt) if state.is_active and not held else None
    # The key of a run of another machine was used there, and says nothing here.
    return FolderRun(KnownRun(run, None if is_foreign else new.idempotency_key), host)


class _Files:
    """What lies in a folder that is open."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.names = frozenset(os.listdir(descriptor))

    def read(self, name: str) -> bytes | None:
        """The bytes of a regular file of no more than MOST_BYTES; None for anything else."""
        if name not in self.names:
            return None
        try:
            descriptor = os.open(name, _REGULAR, dir_fd=self._descriptor)
        except OSError:
            return None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
                return None
            return os.read(descriptor, found.st_size)
        finally:
            os.close(descriptor)

    def result(self) -> object:
        """What result.json holds; None if there is none, an error if it is damaged."""
        data = self.read("result.json")
        if data is None:
            return None if "result.json" not in self.names else OSError("is no file that can be read")
        try:
            return msgspec.json.decode(data)
        except (ValueError, RecursionError):
            pass
        try:
            return json.loads(data)  # NaN, which a metric may be, is no JSON to others
        except (ValueError, RecursionError) as error:
            return error


@contextlib.contextmanager
def _opened(folder: RunPaths) -> Iterator[_Files]:
    descriptor = os.open(folder.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield _Files(descriptor)
    finally:
        os.close(descriptor)


class _Quick(msgspec.Struct):
    """What a row repeats of a request, and what else no request lacks."""

    id: str
    name: str
    submitted_at: float
    submitted_by: str
    project: str
    workspace: str
    priority: int
    config_sha256: str
    deliverables: list[msgspec.Raw]
    stop: msgspec.Raw
    artifacts: msgspec.Raw
    argv: msgspec.Raw
    config: msgspec.Raw
    key: str | None = None
    retry_of: str | None = None
    group: str = "default"
    needs: dict[str, Any] = {}  # Any: as `Needs.from_json` takes them
    locks: tuple[str, ...] = ()
    after: tuple[dict[str, Any], ...] = ()  # Any: as `Dependency.from_json` takes them
    starts_at: float | None = None
    batch: str | None = None
    seed: int | None = None
    retry: int = 0
    experiment_file: str | None = None


_decode_quick = msgspec.json.Decoder(_Quick).decode


def _quick_request(files: _Files, run_id: str) -> NewRun | None:
    """A request as ORP writes it, in a tenth of the time; None for one that has to be looked at closely."""
    data = files.read("request.json")
    try:
        found = _decode_quick(data or b"")
    except (ValueError, RecursionError):
        return None
    if found.id != run_id:
        return None
    return NewRun(
        id=run_id,
        name=found.name,
        submitted_at=found.submitted_at,
        actor=found.submitted_by,
        priority=found.priority,
        workspace=found.workspace,
        project=found.project,
        retry_of=found.retry_of,
        deliverables_total=len(found.deliverables),
        config_sha256=found.config_sha256,
        idempotency_key=found.key,
        group=found.group,
        starts_at=found.starts_at,
        needs=Needs.from_json(found.needs),
        locks=found.locks,
        after=tuple(Dependency.from_json(item) for item in found.after),
        batch=found.batch,
        seed=found.seed,
        retry=found.retry,
        experiment_file=found.experiment_file,
    )


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


def _newest_attempt(names: frozenset[str]) -> int:
    attempt = 0
    while f"attempt-{attempt + 1}.json" in names or f"exit-{attempt + 1}.json" in names:
        attempt += 1
    return attempt


def _state(folder: RunPaths, names: frozenset[str], result: object, *, held: bool) -> tuple[RunState, int]:
    """Where the run stands, and its newest attempt."""
    attempt = _newest_attempt(names)
    end = _end_state(result, attempt)
    if end is not None:
        state, attempt = end
        return (RunState.FINISHING if held else state), attempt
    if attempt > 0 and f"exit-{attempt}.json" in names:
        return RunState.FINISHING, attempt
    claim = facts.read_claim(folder, attempt) if attempt else None
    if claim is not None and not claim.is_fence:
        has_started = f"started-{attempt}.json" in names
        return (RunState.RUNNING if has_started else RunState.STARTING), attempt
    if held:
        # A supervisor that is about to claim; if it never does, the next attempt was never made.
        return RunState.STARTING, attempt + 1
    return (RunState.CANCELLED if "cancel.json" in names else RunState.QUEUED), attempt


def _end_state(result: object, attempt: int) -> tuple[RunState, int] | None:
    """The end that the result of this attempt names, and the attempt; None without one, or if it is damaged.

    A folder that came in a zip has the result and no attempts.
    """
    if not isinstance(result, dict):
        return None
    try:
        state, number = RunState(result["status"]), result["attempt"]
    except (ValueError, KeyError, TypeError):
        return None
    if not state.is_final or not isinstance(number, int) or number != (attempt or number):
        return None
    return state, number


def _end(folder: RunPaths, state: RunState, result: object) -> Json:
    """What a row holds of an end."""
    if not state.is_final:
        return {}
    if state is RunState.CANCELLED and result is None:
        cancel = facts.read_cancel(folder)
        by = f" by {cancel.by}" if cancel else ""
        new = cancel.refrozen_as if cancel else None
        return {
            "reason": Reason.CANCELLED.value,
            "detail": f"{REFROZEN}{new}" if new else f"cancelled{by} before it started",
            "ended_at": cancel.at if cancel else None,
        }
    try:
        if isinstance(result, Exception):
            raise result
        return results.row_values(result or {})  # type: ignore[arg-type]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return {"detail": f"result.json is damaged: {type(error).__name__}: {error}"}


def _host(folder: RunPaths, attempt: int) -> str | None:
    try:
        name = (read_json(folder.attempt(attempt)) or {}).get("host")
    except (OSError, ValueError, AttributeError):
        return None
    return name if isinstance(name, str) else None
