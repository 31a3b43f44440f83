"""What an import builds aside, and how it takes its place: all of it, or nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.artifacts import space
from orp_tui.artifacts.names import FIXED, NUMBERED
from orp_tui.artifacts.verify import VerifyReport, verify
from orp_tui.core.errors import ArchiveError, UsageError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.run import Run
from orp_tui.engine.finaliser import locate_zip
from orp_tui.files.atomic import sync_folder, to_json
from orp_tui.files.failpoint import hit
from orp_tui.logs.zip_member import ZipArchive
from orp_tui.services.imported import Imported
from orp_tui.services.known_runs import read_folder
from orp_tui.services.zip_records import ZipRecords
from orp_tui.store import runs
from orp_tui.store.database import transaction
from orp_tui.store.imports import insert_imported

Progress = Callable[[int, int], object]
"""Bytes done, bytes to do."""

PIECE = 1 << 20


class Overtaken(UsageError):
    """Another import has put the run in its place meanwhile."""


def is_kept(name: str) -> bool:
    """Whether a member is a file of the run's folder."""
    return name in FIXED or NUMBERED.fullmatch(name) is not None


def digest_of(file: Path) -> str:
    import hashlib

    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


class Steps:
    """Bytes of one step after the other, as one count."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._before = progress, total, 0
        self._now = 0

    def at(self, done: int, _total: int = 0) -> None:
        self._now = done
        if self._progress is not None:
            self._progress(min(self._total, self._before + done), self._total)

    def next(self) -> None:
        self._before, self._now = self._before + self._now, 0


class Making:
    """What is built aside. A context manager: what has not taken its place by the end is removed."""

    def __init__(self, paths: BasePaths, records: ZipRecords, steps: Steps) -> None:
        self._paths, self._records, self._steps = paths, records, steps
        self._target = paths.artifact(records.run_id)
        space.sweep(self._target)
        token = secrets.token_hex(4)
        # What a kill leaves is swept: the zip by the next packer, the folder by the leader after an hour.
        self._zip = self._target.with_name(f".{token}.{self._target.name}.tmp-{os.getpid()}")
        self._aside = paths.runs / f".new-import-{token}-{records.run_id}"
        self._folder = RunPaths(self._aside / records.run_id)

    def __enter__(self) -> Making:
        return self

    def __exit__(self, *exc: object) -> None:
        self._zip.unlink(missing_ok=True)
        shutil.rmtree(self._aside, ignore_errors=True)

    @contextlib.contextmanager
    def called(self, file: Path) -> Iterator[None]:
        """What is wrong with the copy is said of the zip that somebody named."""
        try:
            yield
        except ArchiveError as error:
            raise ArchiveError(f"{file}: {str(error).removeprefix(f'{self._zip}: ')}") from error

    def copy(self, archive: ZipArchive) -> str:
        """The sha256 of the zip, which lies aside: what is verified is what will be kept."""
        import hashlib

        digest, position = hashlib.sha256(), 0
        with _new_file(self._zip) as target:
            while piece := os.pread(archive.fd, PIECE, position):
                _write_all(target, piece)
                digest.update(piece)
                position += len(piece)
                self._steps.at(position)
            os.fsync(target)
        hit("import.copied")
        self._steps.next()
        return digest.hexdigest()

    def verify(self) -> VerifyReport:
        """Raises ArchiveError unless the copy holds exactly what its manifest says."""
        report = verify(self._zip, progress=self._steps.at)
        if not report.ok:
            more = f"; {len(report.findings) - 1:,} more findings" if len(report.findings) > 1 else ""
            raise ArchiveError(f"damaged: {report.findings[0]}{more}")
        hit("import.verified")
        self._steps.next()
        return report

    def fill(self, record: Imported) -> None:
        """Make the folder, and have all of it on the disk."""
        self._folder.folder.mkdir(mode=0o700, parents=True)
        done = 0
        with ZipArchive(self._zip) as archive:
            for entry in archive.entries:
                if not is_kept(entry.name) or entry.name == self._folder.result.name:
                    continue
                with _new_file(self._folder.folder / entry.name) as target:
                    for piece in archive.chunks(entry):
                        _write_all(target, piece)
                        done += len(piece)
                        self._steps.at(done)
                    os.fsync(target)
        result = dict(self._records.result)
        locate_zip(result, str(self._target))
        result["artifact"] = {"state": "ok", "bytes": record.bytes, "sha256": record.sha256, "why": None}
        for path, value in (
            (self._folder.result, result),
            (self._folder.manifest, self._records.manifest),
            (self._folder.imported, record.to_json()),
        ):
            with _new_file(path) as target:
                _write_all(target, to_json(value))
                os.fsync(target)
        sync_folder(self._folder.folder)
        hit("import.filled")

    def publish(self, connection: sqlite3.Connection, record: Imported) -> Run:
        """The row, with zip and folder in their places."""
        aside = dataclasses.replace(self._paths, runs=self._aside)
        try:
            run = read_folder(aside, self._records.run_id).known.run
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ArchiveError(f"its records are damaged: {type(error).__name__}: {error}") from error
        final = self._paths.run(run.id).folder
        moved: list[Path] = []
        try:
            with transaction(connection):
                if runs.get(connection, run.id) is not None or os.path.lexists(final):
                    raise Overtaken(f"{run.id}: somebody else has just imported it")
                self._list(connection, run, record)
                hit("import.inserted")
                if not self._has_zip(record):
                    os.rename(self._zip, self._target)
                    moved.append(self._target)
                hit("import.zip")
                os.rename(self._folder.folder, final)
                moved.append(final)
                hit("import.renamed")
                sync_folder(self._paths.artifacts)
                sync_folder(self._paths.runs)
        except BaseException:
            for path in moved:
                path.unlink() if path == self._target else shutil.rmtree(path, ignore_errors=True)
            raise
        hit("import.done")
        return run

    def _has_zip(self, record: Imported) -> bool:
        """Whether this very zip lies at its place already, as after a kill.

        Raises UsageError if another one does: nobody knows whose it is.
        """
        if not os.path.lexists(self._target):
            return False
        if self._target.is_file() and digest_of(self._target) == record.sha256:
            return True
        raise UsageError(f"{self._target}: is there and another zip; move it away first")

    @staticmethod
    def _list(connection: sqlite3.Connection, run: Run, record: Imported) -> None:
        try:
            insert_imported(connection, run, at=record.at, by=record.by, detail=f"from {record.from_host}")
        except (sqlite3.InterfaceError, sqlite3.IntegrityError, OverflowError, ValueError) as error:
            raise ArchiveError(f"its records can't be stored: {error}") from error


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
