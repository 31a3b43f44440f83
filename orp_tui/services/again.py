"""A run of a run: retry, resume, clone and refreeze.

A retry and a resume take over the frozen code and the environment of their predecessor; a
clone is submitted from the project as it is now. Each is a new run that names where it
comes from; nothing of the old one changes, but that a resume takes its workspace.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orp_tui.core.errors import SubmitRefused, UsageError
from orp_tui.core.request import RunRequest
from orp_tui.core.run import CancelRequest, Run
from orp_tui.core.states import Reason, RunState
from orp_tui.engine.checkpoints import last_checkpoint
from orp_tui.engine.facts import MARKER
from orp_tui.engine.request_file import read_request
from orp_tui.files.atomic import create_once, read_json, to_json
from orp_tui.files.failpoint import hit
from orp_tui.services.batch import SharedFreeze, tidy
from orp_tui.services.context import Context
from orp_tui.services.control import cancel
from orp_tui.services.prepare import Frozen, Source, SubmitOptions
from orp_tui.services.submit import carry_out, new_folder, submit
from orp_tui.services.wishes import Wishes
from orp_tui.store import events, runs
from orp_tui.store.database import transaction
from orp_tui.workspace import private_environment
from orp_tui.workspace.environment import SHIM, FixedEnvironment
from orp_tui.workspace.sources import store_tree
from orp_tui.workspace.thaw import thaw

if TYPE_CHECKING:
    from orp_tui.config.plan import RunPlan

_REFROZEN = "refrozen as "
"""The detail of a run that another one has taken the place of begins so."""

_OF_THE_RUN = frozenset(
    {MARKER, "ORP_RUN_DIR", "ORP_OUTPUT_DIR", "ORP_CONFIG_FILE", "ORP_METRICS_FILE", "ORP_SEED", "PWD"}
)


def retry(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    *,
    overrides: tuple[str, ...] = (),
    automatic: bool = False,
    start: str | None = None,
) -> str:
    """The id of a new run of the same frozen code, config and environment.

    `overrides` are as `--set`, `start` as `queue.start`. An automatic retry of a run happens once, however often it is asked for.

    Raises UsageError while the run has not ended, SubmitRefused if its code is gone.
    """
    _require_ended(run)
    request = _request(context, run)
    source = _source(context, request, overrides)
    options = SubmitOptions(
        wishes=dataclasses.replace(_same_wishes(request), start=start),
        retry_of=run.id,
        retry=run.retry + 1 if automatic else 0,
        batch=run.batch,
        key=f"retry:{run.id}" if automatic else None,
    )
    return submit(context, connection, source, options)


def resume(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    *,
    overrides: tuple[str, ...] = (),
    current_code: bool = False,
) -> str:
    """The id of a run that goes on in the workspace of `run`, from its newest complete checkpoint.

    Asked for twice, it is the same one run. Raises UsageError while the run has not ended, if it
    succeeded, or if its experiment says nothing of resuming; SubmitRefused if code or workspace are gone.
    """
    _require_ended(run)
    request = _request(context, run)
    if run.state is RunState.SUCCEEDED:
        raise UsageError(f"{run.id}: has succeeded; `orp clone` makes a new run of it")
    workspace = context.paths.run(run.id).workspace
    if request.workspace == "isolated" and (workspace.is_symlink() or not workspace.is_dir()):
        raise SubmitRefused(f"{run.id}: its workspace is gone, or was taken over by a later run")
    source = _source(context, request, overrides)
    words = source.plan.resume
    if not words:
        raise UsageError(
            f"{run.id}: its experiment does not say how to resume; add training.resume, such as "
            '["--resume_from_checkpoint", "{last_checkpoint}"], and training.checkpoints'
        )
    if any("{last_checkpoint}" in word for word in words):
        _require_checkpoint(run, request)
    plan = dataclasses.replace(source.plan, argv=[*source.plan.argv, *words])
    if current_code:
        source = dataclasses.replace(source, frozen=None)
    options = SubmitOptions(
        wishes=_same_wishes(request), resume_of=run.id, batch=run.batch, key=f"resume:{run.id}:{run.version}"
    )
    return submit(context, connection, dataclasses.replace(source, plan=plan), options)


def _require_checkpoint(run: Run, request: RunRequest) -> None:
    rule = request.checkpoints
    if last_checkpoint(rule, Path(request.cwd)) is None:
        where = rule["path"] if rule else "training.checkpoints, which the experiment does not have"
        raise SubmitRefused(f"{run.id}: no complete checkpoint at {where}; `orp retry` begins anew")


def clone(
    context: Context, connection: sqlite3.Connection, run: Run, *, overrides: tuple[str, ...] = ()
) -> str:
    """The id of a child: the same experiment with `overrides`, on the project's code of now."""
    request = _request(context, run)
    source = _source(context, request, overrides)
    child = dataclasses.replace(source, frozen=None, plan=dataclasses.replace(source.plan, parent=run.id))
    return submit(context, connection, child, SubmitOptions(wishes=_same_wishes(request)))


def clone_edited(context: Context, connection: sqlite3.Connection, run: Run, path: Path) -> list[str]:
    """The ids of the children that an edited copy of the run's experiment file describes, on the code of now.

    Raises ConfigError with everything that is wrong with the copy, and what a submit raises.
    """
    from orp_tui.config.loader import load_experiment_file
    from orp_tui.config.plan import plan_runs

    old = _source(context, _request(context, run), ())
    loaded = load_experiment_file(path)
    made = []
    for plan in plan_runs(loaded):
        child = dataclasses.replace(plan, parent=run.id)
        source = Source(child, loaded.data, loaded.sha256, old.project, old.cwd)
        made.append(submit(context, connection, source))
    return made


def _require_ended(run: Run) -> None:
    if not run.state.is_final:
        raise UsageError(f"{run.id}: is {run.state.value}; it has to end first")


def _request(context: Context, run: Run) -> RunRequest:
    try:
        return read_request(context.paths.run(run.id))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SubmitRefused(f"{run.id}: its folder is gone or damaged: {error}") from error


def _same_wishes(request: RunRequest) -> Wishes:
    """Where it waits; what it waited for has been waited for."""
    return Wishes(priority=request.priority, group=request.group, fresh=True)


def _source(context: Context, request: RunRequest, overrides: tuple[str, ...]) -> Source:
    """The experiment of a request, with its code and environment as they were."""
    folder = context.paths.run(request.id)
    try:
        data = folder.experiment.read_bytes()
        record: dict[str, Any] = read_json(folder.source) or {}  # Any: JSON
        variables = private_environment.read_private(folder.environment_private)
    except (OSError, ValueError) as error:
        raise SubmitRefused(f"{request.id}: its folder is damaged: {error}") from error
    plan = _plan(request, data, folder.experiment, overrides)
    kept = {name: value for name, value in variables.items() if name not in _OF_THE_RUN}
    kept["PYTHONPATH"] = _without_run(kept.get("PYTHONPATH", ""), str(folder.folder))
    frozen = Frozen(
        thaw(record, context.paths.sources),
        FixedEnvironment(kept, request.secret_names),
        request.argv[0],
        folder,
    )
    project = Path(request.project)
    cwd = project / frozen.freeze.cwd
    file = request.experiment_file
    return Source(plan, data, request.experiment_sha256, project, cwd, frozen, file)


def _without_run(path: str, folder: str) -> str:
    """PYTHONPATH less what ORP had put there for that run; it is put there anew."""
    entries = path.split(os.pathsep) if path else []
    return os.pathsep.join(
        entry for entry in entries if entry != str(SHIM) and not entry.startswith(folder + "/")
    )


def _plan(request: RunRequest, data: bytes, path: Path, overrides: tuple[str, ...]) -> RunPlan:
    """The plan of that one run, with `overrides`: of a file that may describe several, or of the experiment
    as it was resolved, where the run was submitted with values that its file does not have."""
    from orp_tui.config.loader import load_experiment_bytes
    from orp_tui.config.plan import experiment_hash, plan_runs

    loaded = load_experiment_bytes(data, path)
    for place, plan in enumerate(plan_runs(loaded, seed=request.seed, name=request.name)):
        if experiment_hash(plan) == request.config_sha256 and not _is_changed(request, plan):
            return plan_runs(loaded, seed=request.seed, overrides=overrides, name=request.name)[place]
    resolved = load_experiment_bytes(_resolved(request), path)
    return plan_runs(resolved, seed=request.seed, overrides=overrides, name=request.name)[0]


def _is_changed(request: RunRequest, plan: RunPlan) -> bool:
    """Whether the run has limits, resources or the like that its file does not give it."""

    def compared(experiment: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        training = {**experiment.get("training", {}), "seeds": None}
        return {**experiment, "training": training}

    return compared(json.loads(json.dumps(plan.experiment))) != compared(request.experiment)


def _resolved(request: RunRequest) -> bytes:
    """An experiment file of that run alone; a seed is left to whoever reads it."""
    experiment = {name: value for name, value in request.experiment.items() if name != "sweep"}
    training = dict(experiment.get("training", {}))
    if request.seed is not None:
        training.pop("seeds", None)
        key = training.get("seed_key", "seed")
        training["config"] = _without(training.get("config", {}), key.split("."))
    return json.dumps({**experiment, "training": training}).encode()


def _without(config: dict[str, Any], parts: list[str]) -> dict[str, Any]:  # Any: JSON
    first, *rest = parts
    if rest and isinstance(config.get(first), dict):
        return {**config, first: _without(config[first], rest)}
    return {key: value for key, value in config.items() if rest or key != first}


@dataclasses.dataclass(frozen=True)
class Refrozen:
    """What came of a refreeze."""

    run_id: str
    """The run that waits now."""
    replaced: bool
    """It has taken the place of the one that was asked about, which is cancelled; else that one has the code of now."""


def refreeze(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    *,
    by: str,
    shared: SharedFreeze | None = None,
) -> Refrozen:
    """A new run with the code of now in the place of one that waits, which is cancelled.

    The new one is queued held; then one transaction cancels the old one and lets the new one have its
    place, its group, its hold and those who wait for it. So never both start, and asked for again after
    a kill it goes on where it was. `shared` saves looking at one project again for each of many runs.

    Raises UsageError if the run does not wait (any more) or has no frozen code, and what a submit raises.
    """
    if run.state is RunState.CANCELLED and (run.detail or "").startswith(_REFROZEN):
        _write_cancel(context, run, by=by, at=run.cancel_requested_at or time.time())
        return Refrozen((run.detail or "").removeprefix(_REFROZEN), replaced=True)
    _require_waiting(run)
    request = _request(context, run)
    if request.workspace != "isolated":
        raise UsageError(
            f"{run.id}: its workspace is {request.workspace}: it runs the code of its start anyway"
        )
    source = _source(context, request, ())
    plan = source.plan
    if request.resume_of is not None:
        plan = dataclasses.replace(plan, argv=[*plan.argv, *(plan.resume or ())])
    plan = dataclasses.replace(plan, parent=request.parent)
    options = SubmitOptions(
        wishes=dataclasses.replace(_same_wishes(request), held=True),
        batch=request.batch,
        retry_of=request.retry_of,
        retry=request.retry,
        resume_of=request.resume_of,
        allow_live_code=request.live_code,
    )
    shared = shared or SharedFreeze(context)
    run_id, building = new_folder(context.paths)
    try:
        prepared = shared.pinned(
            shared.prepare(dataclasses.replace(source, plan=plan, frozen=None), run_id, options)
        )
        tree = store_tree(prepared.freeze, context.paths.sources, prepared.cache)
        if tree.sha256 == request.tree:
            return Refrozen(run.id, replaced=False)
        key, new = _refreeze_key(connection, run, tree.sha256)
        if new is None:
            prepared = dataclasses.replace(prepared, options=dataclasses.replace(options, key=key))
            new = carry_out(context, connection, prepared, building)
    finally:
        tidy(context, connection, run_id, building)
    hit("refreeze.queued")
    _take_place(context, connection, run, new, by=by)
    return Refrozen(new, replaced=True)


def _refreeze_key(connection: sqlite3.Connection, run: Run, tree: str) -> tuple[str, str | None]:
    """An idempotency key, and the run that waits under it already; a key whose run has ended is used up."""
    for number in itertools.count(1):
        key = f"refreeze:{run.id}:{tree}" + (f"#{number}" if number > 1 else "")
        known = runs.find_by_key(connection, key)
        found = runs.get(connection, known) if known is not None else None
        if found is None or found.state is RunState.QUEUED:
            return key, found.id if found is not None else None
    raise AssertionError("counting has no end")


def _require_waiting(run: Run) -> None:
    if run.state is not RunState.QUEUED:
        raise UsageError(f"{run.id}: is {run.state.value}; only a run that waits can get the code of now")


def _take_place(context: Context, connection: sqlite3.Connection, old: Run, new_id: str, *, by: str) -> None:
    """Have a held run stand where another one waits, and cancel that, in one transaction.

    Raises UsageError, with the held run cancelled, if the other one has started meanwhile.
    """
    now = time.time()
    with transaction(connection):
        current, new = runs.get(connection, old.id), runs.get(connection, new_id)
        waits = current is not None and current.state is RunState.QUEUED
        if current is not None and new is not None and waits and new.state is RunState.QUEUED:
            _swap(connection, current, new, by=by, at=now)
    hit("refreeze.swapped")
    for stale in _left_by_a_kill(context, connection, old.id) - ({new_id} if waits else set()):
        _cancel(context, connection, stale, by=by)
    if not waits:
        _cancel(context, connection, new_id, by=by)
        state = "gone" if current is None else current.state.value
        raise UsageError(f"{old.id}: is {state} by now; it was left as it is")
    _write_cancel(context, old, by=by, at=now)


def _write_cancel(context: Context, run: Run, *, by: str, at: float) -> None:
    """A database that is made again must know that the run is not to start."""
    with contextlib.suppress(FileNotFoundError):
        create_once(context.paths.run(run.id).cancel, to_json(CancelRequest(by, at, None).to_json()))


def _swap(connection: sqlite3.Connection, old: Run, new: Run, *, by: str, at: float) -> None:
    """Inside a transaction: all that the old run has in the queue is the new one's."""
    kept = ("priority", "position", "group", "held", "starts_at", "not_before", "after")
    runs.set_values(connection, new, {name: getattr(old, name) for name in kept})
    events.append(connection, new.id, at, by, "refreeze", f"in the place of {old.id}")
    for other in runs.unfinished(connection):
        if any(item.run_id == old.id for item in other.after):
            after = tuple(
                dataclasses.replace(item, run_id=new.id) if item.run_id == old.id else item
                for item in other.after
            )
            runs.set_values(connection, other, {"after": after})
            events.append(connection, other.id, at, by, "after", f"{new.id} instead of {old.id}")
    values = {
        "state": RunState.CANCELLED.value, "reason": Reason.CANCELLED.value, "ended_at": at,
        "cancel_requested_at": at, "cancel_by": by, "detail": f"{_REFROZEN}{new.id}",
    }  # fmt: skip
    runs.set_values(connection, old, values)
    events.append(connection, old.id, at, by, "cancel", f"{_REFROZEN}{new.id}")


def _left_by_a_kill(context: Context, connection: sqlite3.Connection, run_id: str) -> set[str]:
    """Held runs that were to take the place of `run_id` with code that was changed once more since."""
    found = set()
    for run in runs.unfinished(connection):
        if run.state is RunState.QUEUED and run.held:
            with contextlib.suppress(SubmitRefused):
                if (_request(context, run).key or "").startswith(f"refreeze:{run_id}:"):
                    found.add(run.id)
    return found


def _cancel(context: Context, connection: sqlite3.Connection, run_id: str, *, by: str) -> None:
    run = runs.get(connection, run_id)
    if run is not None and run.state is RunState.QUEUED:
        cancel(context.paths, connection, run, by=by)
