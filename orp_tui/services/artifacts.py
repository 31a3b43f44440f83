"""Finish the zip of a run that has ended without one, or with one that could not be written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable

from orp_tui.core.artifact import ArtifactState
from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.run import Json, Run
from orp_tui.engine.finaliser import locate_zip, pack
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import read_json, write_json
from orp_tui.services.context import Context
from orp_tui.services.imported import refuse_imported
from orp_tui.store import runs

WELL = ("succeeded", "incomplete")


def bundle_again(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    progress: Callable[[int, int], None] | None = None,
) -> ArtifactState:
    """Write the zip of an ended run, in place of one that is there; result and row then name it.

    Raises UsageError while the run has not ended or if its folder holds no result, OSError
    if the folder can't be written. A zip that can't be written is in the answer.
    """
    folder = context.paths.run(run.id)
    if not folder.folder.is_dir():
        raise UsageError(f"{run.id}: its folder is gone")
    refuse_imported(folder, "bundled")
    lock = locks.take(folder.supervisor_lock)
    if lock is None:
        raise UsageError(f"{run.id}: has not ended yet; its zip is written when it does")
    try:
        data = read_json(folder.result)
        if data is None:
            raise UsageError(f"{run.id}: has no result; a run that never started has nothing to bundle")
        report = _report(context, run)
        locate_zip(data, str(context.paths.artifact(run.id)))
        whole = {name: value for name, value in data.items() if name != "artifact"}
        state = pack(
            context.paths,
            read_request(folder),
            whole,
            report,
            ended_well=data["status"] in WELL,
            progress=progress,
        )
        _write(context, data, state)
    except (KeyError, ValueError, TypeError) as error:
        raise OrpError(f"{run.id}: its records are damaged: {error}") from error
    finally:
        os.close(lock)
    fresh = runs.get(connection, run.id)
    if fresh is not None:
        runs.note(connection, fresh, artifacts=state.for_row())
    return state


def _report(context: Context, run: Run) -> ChecklistReport | None:
    data = read_json(context.paths.run(run.id).deliverables)
    return None if data is None else ChecklistReport.from_json(data)


def _write(context: Context, data: Json, state: ArtifactState) -> None:
    data["artifact"] = state.to_json()
    if state.state != "ok":
        locate_zip(data, None)
    write_json(context.paths.run(data["experiment_id"]).result, data)
