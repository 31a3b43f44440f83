"""Unpacking a zip into a folder, and nowhere else."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from orp_tui.artifacts.manifest import MANIFEST_NAME, Manifest, ManifestEntry
from orp_tui.artifacts.reading import read_manifest, refuse_bombs
from orp_tui.artifacts.space import free_bytes
from orp_tui.artifacts.verify import Finding, mismatch
from orp_tui.core.errors import ArchiveError, DiskFull, UsageError
from orp_tui.logs.zip_directory import ZipEntry
from orp_tui.logs.zip_member import ZipArchive

Progress = Callable[[int, int], None]
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:[ .].*)?", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class ExtractReport:
    """What was written."""

    files: int
    bytes: int
    findings: tuple[Finding, ...] = ()
    """Where what was written, or was to be, is not what the manifest says."""
    referenced: tuple[ManifestEntry, ...] = ()
    """Of what was asked for, the files that the zip only refers to: they were not written."""


def extract(
    zip_path: Path,
    target: Path,
    *,
    members: Collection[str] | None = None,
    overwrite: bool = False,
    most: int | None = None,
    progress: Progress | None = None,
) -> ExtractReport:
    """Write members beneath `target`, which is made if it is not there.

    `members` is None for all; `most` limits the bytes written, None to what is free. Everything
    is looked at before the first byte is written: one bad name refuses the whole zip. Files get
    mode 0644 or 0755 less the umask. A file that is there is an error unless `overwrite`.

    What is written is held against the manifest meanwhile; what differs is written all the same
    and reported. So are the files that the zip only refers to.

    Raises UsageError if there is no such zip or a member is not in it, DiskFull, ArchiveError for
    everything else; files written before an error stay, a half-written one does not.
    """
    entries: list[ZipEntry] = []
    try:
        with ZipArchive(zip_path) as archive:
            refuse_bombs(archive)
            manifest, findings = _manifest(archive)
            referenced = manifest.referenced if manifest else ()
            entries = _chosen(archive, members, {entry.path for entry in referenced})
            refuse_unsafe(entries, archive.path)
            target.mkdir(parents=True, exist_ok=True)
            _refuse_too_much(entries, target, most)
            writer = _Writer(archive, target, overwrite, progress, manifest)
            writer.write(entries)
            if members is None and manifest is not None:
                here = {entry.name for entry in entries}
                absent = (entry.path for entry in manifest.packed if entry.path not in here)
                findings += [Finding(path, "not in the zip") for path in absent]
            return ExtractReport(
                writer.files,
                writer.done,
                (*findings, *writer.findings),
                tuple(entry for entry in referenced if members is None or entry.path in members),
            )
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(str(target), sum(entry.size for entry in entries), free_bytes(target)) from error
        raise UsageError(f"{error.filename or zip_path}: {(error.strerror or str(error)).lower()}") from error


def why_unsafe(name: str, mode: int = 0, *, windows: bool = os.name == "nt") -> str:
    """Why a member may not be written; empty if it may. `mode` is the Unix mode that the zip says."""
    kind = stat.S_IFMT(mode)
    parts = name.removesuffix("/").split("/")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a symlink" if kind == stat.S_IFLNK else "a device, FIFO or socket"
    if not name or "\0" in name:
        return "empty, or holds a NUL character"
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "absolute"
    if "\\" in name:
        return "holds a backslash"
    if any(part in ("", ".", "..") for part in parts):
        return "leaves its folder" if ".." in parts else "holds an empty part"
    if windows and any(_DEVICES.fullmatch(part) for part in parts):
        return "the name of a device"
    return ""


def refuse_unsafe(entries: Iterable[ZipEntry], path: str) -> None:
    """Raises ArchiveError for the first member that may not be written, or comes twice."""
    seen: set[str] = set()
    for entry in entries:
        why = why_unsafe(entry.name, entry.mode)
        if not why and entry.name in seen:
            why = "there more than once"
        if why:
            raise ArchiveError(f"{path}: refused: {entry.name!r}: {why}; nothing was written")
        seen.add(entry.name)


def _manifest(archive: ZipArchive) -> tuple[Manifest | None, list[Finding]]:
    """What the zip says it holds; a manifest that can't be read is a finding, none at all is not."""
    try:
        return read_manifest(archive), []
    except ArchiveError as error:
        return None, [Finding(MANIFEST_NAME, str(error).removeprefix(f"{archive.path}: "))]


def _chosen(
    archive: ZipArchive, members: Collection[str] | None, referenced: Collection[str]
) -> list[ZipEntry]:
    if members is None:
        return archive.entries
    missing = set(members) - {entry.name for entry in archive.entries} - set(referenced)
    if missing:
        raise UsageError(f"{archive.path}: holds no member {sorted(missing)[0]!r}")
    return [entry for entry in archive.entries if entry.name in members]


def _refuse_too_much(entries: list[ZipEntry], target: Path, most: int | None) -> None:
    needed = sum(entry.size for entry in entries)
    if most is not None and needed > most:
        raise ArchiveError(f"{target}: refused: {needed:,} bytes, the limit is {most:,}")
    free = free_bytes(target)
    if needed > free:
        raise DiskFull(str(target), needed, free)


class _Writer:
    """Opens every folder on the way without following links, so that nothing leads out."""

    def __init__(
        self,
        archive: ZipArchive,
        target: Path,
        overwrite: bool,
        progress: Progress | None,
        manifest: Manifest | None,
    ) -> None:
        self._archive = archive
        self._target = target
        self._overwrite = overwrite
        self._progress = progress
        self._manifest = manifest
        self._promised = {entry.path: entry for entry in manifest.packed} if manifest else {}
        self._total = 0
        self.files = self.done = 0
        """Files and bytes written so far."""
        self.findings: list[Finding] = []

    def write(self, entries: list[ZipEntry]) -> None:
        self._total = sum(entry.size for entry in entries)
        root = os.open(self._target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for entry in entries:
                self._one(root, entry)
        finally:
            os.close(root)

    def _one(self, root: int, entry: ZipEntry) -> None:
        *parents, name = entry.name.removesuffix("/").split("/")
        folder = self._folder(root, parents, entry.name)
        try:
            if entry.name.endswith("/"):
                os.close(self._folder(folder, [name], entry.name))
            else:
                self._file(folder, name, entry)
                self.files += 1
        finally:
            os.close(folder)

    def _folder(self, root: int, parts: list[str], member: str) -> int:
        here = os.dup(root)
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o777, dir_fd=here)
            try:
                inner = os.open(part, _FOLDER, dir_fd=here)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                raise ArchiveError(f"{self._target}/{member}: {part!r} is there and no folder") from error
            finally:
                os.close(here)
            here = inner
        return here

    def _file(self, folder: int, name: str, entry: ZipEntry) -> None:
        mode = 0o755 if entry.mode & 0o100 else 0o644
        beside = f".orp-extract.tmp-{os.getpid()}" if self._overwrite else name
        try:
            fd = os.open(beside, _NEW, mode, dir_fd=folder)
        except FileExistsError as error:
            raise ArchiveError(
                f"{self._target}/{entry.name}: there already; --overwrite replaces it"
            ) from error
        digest = hashlib.sha256()
        try:
            with os.fdopen(fd, "wb", buffering=0) as file:
                for chunk in self._archive.chunks(entry):
                    _write_all(file.fileno(), chunk)
                    digest.update(chunk)
                    self.done += len(chunk)
                    if self._progress is not None:
                        self._progress(self.done, self._total)
            if self._overwrite:
                os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(beside, dir_fd=folder)
            raise
        self._compare(entry, digest.hexdigest())

    def _compare(self, entry: ZipEntry, sha256: str) -> None:
        if self._manifest is None or entry.name == MANIFEST_NAME:
            return
        promised = self._promised.get(entry.name)
        what = mismatch(entry.size, sha256, promised) if promised else "not in the manifest"
        if what:
            self.findings.append(Finding(entry.name, what))


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
