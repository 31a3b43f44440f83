"""A run of a run: retry, resume and clone.

A retry and a resume take over the frozen code and the environment of their predecessor; a
clone is submitted from the project as it is now. Each is a new run that names where it
comes from; nothing of the old one changes, but that a resume takes its workspace.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

from orp_tui.core.errors import SubmitRefused, UsageError
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine.checkpoints import last_checkpoint
from orp_tui.services.context import Context
from orp_tui.services.imported import refuse_imported
from orp_tui.services.parents import with_parent
from orp_tui.services.predecessor import request_of, same_wishes, source_of
from orp_tui.services.submission import Source, SubmitOptions
from orp_tui.services.submit import submit


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
    request = request_of(context, run)
    source = _related(context, connection, source_of(context, request, overrides), request)
    options = SubmitOptions(
        wishes=dataclasses.replace(same_wishes(request), start=start),
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
    refuse_imported(context.paths.run(run.id), "resumed")
    request = request_of(context, run)
    if run.state is RunState.SUCCEEDED:
        raise UsageError(f"{run.id}: has succeeded; `orp clone` makes a new run of it")
    workspace = context.paths.run(run.id).workspace
    if request.workspace == "isolated" and (workspace.is_symlink() or not workspace.is_dir()):
        raise SubmitRefused(f"{run.id}: its workspace is gone, or was taken over by a later run")
    source = _related(context, connection, source_of(context, request, overrides), request)
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
        wishes=same_wishes(request), resume_of=run.id, batch=run.batch, key=f"resume:{run.id}:{run.attempt}"
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
    request = request_of(context, run)
    source = source_of(context, request, overrides)
    child = dataclasses.replace(source, frozen=None, plan=dataclasses.replace(source.plan, parent=run.id))
    return submit(context, connection, child, SubmitOptions(wishes=same_wishes(request)))


def clone_edited(context: Context, connection: sqlite3.Connection, run: Run, path: Path) -> list[str]:
    """The ids of the children that an edited copy of the run's experiment file describes, on the code of now.

    Raises ConfigError with everything that is wrong with the copy, and what a submit raises.
    """
    from orp_tui.config.loader import load_experiment_file
    from orp_tui.config.plan import plan_runs

    old = source_of(context, request_of(context, run), ())
    loaded = load_experiment_file(path)
    made = []
    for plan in plan_runs(loaded):
        child = dataclasses.replace(plan, parent=run.id)
        source = Source(child, loaded.data, loaded.sha256, old.project, old.cwd)
        made.append(submit(context, connection, source))
    return made


def _related(context: Context, connection: sqlite3.Connection, source: Source, request: RunRequest) -> Source:
    """The source with its parent's id; that of the request is one, whether or not it is still there."""
    if source.plan.parent == request.parent:
        return source
    return with_parent(connection, context.paths, source)


def _require_ended(run: Run) -> None:
    if not run.state.is_final:
        raise UsageError(f"{run.id}: is {run.state.value}; it has to end first")
