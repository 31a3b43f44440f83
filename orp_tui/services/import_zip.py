"""The zip of a run that another machine made → a run of this base directory, to be looked at and compared.

The zip is copied aside and verified there, the run's folder is made aside from what the zip holds, and only
then all of it takes its place: killed before that, nothing is listed, and a second import begins anew.
Nothing of the run ever goes on here, so no part of it is asked for by its old paths.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import time
from pathlib import Path

from orp_tui.artifacts import space
from orp_tui.core.errors import DiskFull, UsageError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.states import RunState
from orp_tui.engine.finaliser import NO_ROOM
from orp_tui.files.atomic import read_json
from orp_tui.logs.zip_member import ZipArchive
from orp_tui.services.context import Context, actor
from orp_tui.services.import_making import Making, Overtaken, Progress, Steps, digest_of, is_kept
from orp_tui.services.imported import Imported, is_imported, read_imported
from orp_tui.services.known_runs import read_folder
from orp_tui.services.zip_records import ZipRecords, read_records
from orp_tui.store import runs
from orp_tui.store.database import transaction
from orp_tui.store.imports import insert_imported

_PER_FILE = 8 << 10


@dataclasses.dataclass(frozen=True)
class ImportedRun:
    """What came of one zip."""

    run_id: str
    name: str
    state: RunState
    from_host: str
    bytes: int
    """Of the zip."""
    is_new: bool = True
    """False: the same run with the same zip was here already, and nothing was done."""
    elsewhere: int = 0
    """Files that the zip only refers to: they stayed on the other machine."""


def import_zip(
    context: Context, connection: sqlite3.Connection, file: Path, progress: Progress | None = None
) -> ImportedRun:
    """Make the run in `file` one of this base directory; the file itself is left as it is.

    Raises UsageError if there is no such file, or another run or zip of that id is here; ArchiveError for what
    is damaged, hostile, of a newer ORP, or no run's; DiskFull. Then nothing is left behind.
    """
    try:
        with ZipArchive(file) as archive:
            records = read_records(archive)
            known = _known(context.paths, connection, records, file)
            if known is not None:
                return known
            wanted = [entry for entry in archive.entries if is_kept(entry.name)]
            folder_bytes = sum(entry.size + _PER_FILE for entry in wanted)
            _require_room(context.paths, archive.size, folder_bytes)
            total = archive.size + sum(entry.size for entry in archive.entries) + folder_bytes
            with Making(context.paths, records, Steps(progress, total)) as making, making.called(file):
                sha256 = making.copy(archive)
                report = making.verify()
                record = _record(records, file, sha256, archive.size)
                making.fill(record)
                try:
                    run = making.publish(connection, record)
                except Overtaken:
                    known = _known(context.paths, connection, records, file)
                    if known is None:
                        raise
                    return known
    except OSError as error:
        if error.errno in NO_ROOM:
            free = space.free_bytes(context.paths.base)
            raise DiskFull(str(context.paths.base), os.stat(file).st_size, free) from error
        raise UsageError(f"{error.filename or file}: {(error.strerror or str(error)).lower()}") from error
    return ImportedRun(
        run.id, run.name, run.state, record.from_host, record.bytes, elsewhere=report.referenced
    )


def _record(records: ZipRecords, file: Path, sha256: str, size: int) -> Imported:
    return Imported(records.host, time.time(), actor(), file.name, sha256, size)


def _known(
    paths: BasePaths, connection: sqlite3.Connection, records: ZipRecords, file: Path
) -> ImportedRun | None:
    """The run if it is here already, by this very zip; None if it is not here.

    Raises UsageError if it is here by another one, or is this base directory's own.
    """
    run = runs.get(connection, records.run_id)
    folder = paths.run(records.run_id)
    if run is None and not (os.path.lexists(folder.folder) and is_imported(folder)):
        if os.path.lexists(folder.folder):
            raise UsageError(
                f"{file}: {records.run_id} lies in {folder.folder} and is not in the queue; "
                "`orp doctor --rebuild` puts it back"
            )
        return None
    record = read_imported(folder)
    sha256 = record.sha256 if record is not None else _own_sha256(folder)
    digest = digest_of(file) if sha256 else ""
    if run is None:
        return _left_by_a_kill(paths, connection, records, file, is_same=digest == sha256)
    if sha256 and digest == sha256:
        host = record.from_host if record is not None else ""
        return ImportedRun(run.id, run.name, run.state, host, os.stat(file).st_size, is_new=False)
    what = "another zip of it was imported" if record is not None else "it is a run of this base directory"
    raise UsageError(f"{file}: {run.id} is here already and {what}; nothing was changed")


def _left_by_a_kill(
    paths: BasePaths, connection: sqlite3.Connection, records: ZipRecords, file: Path, *, is_same: bool
) -> ImportedRun:
    """Finish what was killed between taking its place and being listed."""
    folder, record = paths.run(records.run_id), read_imported(paths.run(records.run_id))
    assert record is not None
    if not is_same:
        raise UsageError(
            f"{file}: another zip of {records.run_id} was imported and is not in the queue; "
            "`orp doctor --rebuild` puts it back"
        )
    run = read_folder(paths, folder.run_id).known.run
    with transaction(connection):
        if runs.get(connection, run.id) is None:
            insert_imported(connection, run, at=record.at, by=record.by, detail=f"from {record.from_host}")
    return ImportedRun(run.id, run.name, run.state, record.from_host, record.bytes)


def _own_sha256(folder: RunPaths) -> str:
    """Of the zip of a run that ended here; empty if its result does not tell."""
    try:
        return str(((read_json(folder.result) or {}).get("artifact") or {}).get("sha256") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _require_room(paths: BasePaths, zip_bytes: int, folder_bytes: int) -> None:
    """Raises DiskFull before anything is written."""
    for folder in (paths.artifacts, paths.runs):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_one_disk = os.stat(paths.artifacts).st_dev == os.stat(paths.runs).st_dev
    needs = {paths.artifacts: zip_bytes + (folder_bytes if is_one_disk else 0), paths.runs: folder_bytes}
    for folder, needed in needs.items():
        free = space.free_bytes(folder)
        if needed > free:
            raise DiskFull(str(folder), needed, free)
