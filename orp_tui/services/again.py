"""A run of a run: retry, resume, clone and refreeze.

A retry and a resume take over the frozen code and the environment of their predecessor; a
clone is submitted from the project as it is now. Each is a new run that names where it
comes from; nothing of the old one changes, but that a resume takes its workspace.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orp_tui.core.errors import SubmitRefused, UsageError
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine.checkpoints import last_checkpoint
from orp_tui.engine.facts import MARKER
from orp_tui.engine.request_file import read_request
from orp_tui.files.atomic import read_json
from orp_tui.services.context import Context
from orp_tui.services.prepare import Frozen, Source, SubmitOptions
from orp_tui.services.submit import submit
from orp_tui.services.wishes import Wishes
from orp_tui.workspace import private_environment
from orp_tui.workspace.environment import SHIM, FixedEnvironment
from orp_tui.workspace.thaw import thaw

if TYPE_CHECKING:
    from orp_tui.config.plan import RunPlan

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
) -> str:
    """The id of a new run of the same frozen code, config and environment.

    `overrides` are as `--set`. An automatic retry of a run happens once, however often it is asked for.

    Raises UsageError while the run has not ended, SubmitRefused if its code is gone.
    """
    _require_ended(run)
    request = _request(context, run)
    source = _source(context, request, overrides)
    options = SubmitOptions(
        wishes=_same_wishes(request),
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
    return Source(plan, data, request.experiment_sha256, project, project / frozen.freeze.cwd, frozen)


def _without_run(path: str, folder: str) -> str:
    """PYTHONPATH less what ORP had put there for that run; it is put there anew."""
    entries = path.split(os.pathsep) if path else []
    return os.pathsep.join(
        entry for entry in entries if entry != str(SHIM) and not entry.startswith(folder + "/")
    )


def _plan(request: RunRequest, data: bytes, path: Path, overrides: tuple[str, ...]) -> RunPlan:
    """The plan of that one run of a file that may describe several."""
    from orp_tui.config.loader import load_experiment_bytes
    from orp_tui.config.plan import experiment_hash, plan_runs

    loaded = load_experiment_bytes(data, path)
    plans = plan_runs(loaded, seed=request.seed, overrides=overrides, name=request.name)
    for plan in plans:
        if experiment_hash(plan) == request.config_sha256:
            return plan
    return plans[0]
