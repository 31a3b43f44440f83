"""File → spec → queued run: frozen, written, flushed, renamed into place, and only then in the queue.

When `submit` returns an id, the run survives a kill and a power cut. Killed before that,
it has left either nothing (`.new-*` folders are swept after an hour) or a queued run.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orp_tui.config.settings import find_project
from orp_tui.core import ids
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.files.atomic import sync_folder
from orp_tui.files.failpoint import hit
from orp_tui.services.context import Context, current_folder, writing_to
from orp_tui.services.prepare import prepare
from orp_tui.services.run_record import request_of, write_run
from orp_tui.services.submission import Prepared, Source, SubmitOptions
from orp_tui.services.wishes import place_of
from orp_tui.store import runs
from orp_tui.workspace import editable, filling, sources

if TYPE_CHECKING:
    from orp_tui.config.loader import LoadedExperiment


def sources_of_file(
    context: Context,
    path: Path,
    *,
    seed: int | Sequence[int] | None = None,
    overrides: tuple[str, ...] = (),
    name: str | None = None,
    loaded: LoadedExperiment | None = None,
) -> list[Source]:
    """The runs that an experiment file describes; `loaded` if it has been read already.

    The code is that of the project the file belongs to; the training starts in the folder
    that corresponds to the current one, or in the project if one stands elsewhere.

    Raises ConfigError with everything that is wrong with the file.
    """
    from orp_tui.config.loader import load_experiment_file
    from orp_tui.config.plan import plan_runs

    loaded = loaded or load_experiment_file(path)
    project, cwd = project_of(context, path.absolute().parent)
    return [
        Source(plan, loaded.data, loaded.sha256, project, cwd, file=known_as(path))
        for plan in plan_runs(loaded, seed=seed, overrides=overrides, name=name)
    ]


def known_as(path: Path) -> str | None:
    """The absolute name by which runs remember an experiment file; None if it is no UTF-8, which no row holds.

    Links among its folders are followed, so that it is the same from wherever it is named; one that
    is itself a link stays what it is called.
    """
    name = os.path.join(os.path.realpath(path.parent), path.name)
    return None if any("\ud800" <= char <= "\udfff" for char in name) else name


def project_of(context: Context, folder: Path) -> tuple[Path, Path]:
    """Project and working directory for a file in `folder`."""
    here = current_folder()
    own = find_project(folder)
    if own != context.project and not here.is_relative_to(own):
        return own, own
    if here.is_relative_to(context.project):
        return context.project, here
    return context.project, context.project


def source_of_command(
    context: Context, argv: tuple[str, ...], *, name: str | None, gpus: int | None
) -> Source:
    """The run that a command line describes; it keeps the experiment file that would do the same."""
    import hashlib

    from orp_tui.config.command import as_yaml, plan_from_command

    plan = plan_from_command(argv, name=name, gpus=gpus)
    data = as_yaml(plan)
    here = current_folder()
    return Source(plan, data, hashlib.sha256(data).hexdigest(), context.project, here)


def submit(
    context: Context, connection: sqlite3.Connection, source: Source, options: SubmitOptions | None = None
) -> str:
    """The id of the queued run, on disk.

    Raises NotYet, SubmitRefused, OrpError for a base directory that takes nothing more, OSError;
    then nothing was queued.
    """
    options = options or SubmitOptions()
    if options.key is not None:
        known = runs.find_by_key(connection, options.key)
        if known is not None:
            return known
    with writing_to(context.paths):
        run_id, building = new_folder(context.paths)
        try:
            prepared = prepare(context, source, run_id, options)
            return carry_out(context, connection, prepared, building)
        except BaseException:
            tidy(context, connection, run_id, building)
            raise


def tidy(context: Context, connection: sqlite3.Connection, run_id: str, building: RunPaths) -> None:
    """Remove what a submit has left of a run that is not in the queue.

    It stays where the queue can't be asked; a rebuild would then find a run that waits.
    """
    with contextlib.suppress(OSError):
        sources.remove_tree(building.folder)
    with contextlib.suppress(OSError, sqlite3.Error):
        if runs.get(connection, run_id) is None:
            sources.remove_tree(context.paths.run(run_id).folder)


def new_folder(paths: BasePaths) -> tuple[str, RunPaths]:
    """A run id that is nobody else's, and the folder in which its run is built."""
    paths.runs.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        run_id = ids.run_id(datetime.datetime.now(datetime.UTC), secrets.randbits(20))
        building = paths.runs / f".new-{run_id}"
        if (paths.runs / run_id).exists():
            continue
        try:
            building.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return run_id, RunPaths(building)


def carry_out(
    context: Context, connection: sqlite3.Connection, prepared: Prepared, building: RunPaths
) -> str:
    """Write the run, put it in its place and queue it; returns the id in the queue."""
    paths = context.paths
    final = paths.run(prepared.run_id)
    tree = None
    if prepared.isolated:
        tree = sources.store_tree(prepared.freeze, paths.sources, prepared.cache)
        if prepared.options.resume_of is None:
            filling.fill(tree, building.workspace, prepared.freeze)
            _check_live_code(prepared, final, building)
    elif prepared.makes_output_dir:
        prepared.output_dir(final).mkdir(exist_ok=True)
    hit("submit.filled")
    now = time.time()
    place = place_of(connection, prepared.source.plan, prepared.options.wishes, paths, now=now)
    request = request_of(prepared, final, tree, place, now=now)
    write_run(building, final, prepared, request, tree)
    hit("submit.written")
    filling.sync_workspaces(building.folder)
    hit("submit.synced")
    os.rename(building.folder, final.folder)
    hit("submit.renamed")
    sync_folder(paths.runs)
    sync_folder(paths.base)
    hit("submit.published")
    queued = runs.insert(connection, runs.NewRun.of(request, held=place.held))
    hit("submit.queued")
    if queued != prepared.run_id:  # somebody was first with the same key
        shutil.rmtree(final.folder, ignore_errors=True)
    return queued


def _check_live_code(prepared: Prepared, final: RunPaths, building: RunPaths) -> None:
    if prepared.live is None or prepared.python is None or prepared.options.allow_live_code:
        return
    editable.verify(
        prepared.live,
        prepared.python.path,
        prepared.variables(final, at=building),
        workspace=building.workspace,
        cwd=prepared.cwd_in(building),
        project=prepared.freeze.project,
        options=prepared.command.python_options,
    )
