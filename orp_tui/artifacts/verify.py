"""Whether a zip holds what its manifest says, without ORP's database or the run's folder."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.artifacts.manifest import MANIFEST_NAME, Manifest, ManifestEntry
from orp_tui.artifacts.reading import read_manifest, refuse_bombs
from orp_tui.core.errors import ArchiveError, UnsafePath, UsageError
from orp_tui.files.safe_open import Beneath
from orp_tui.logs.zip_directory import ZipEntry
from orp_tui.logs.zip_member import ZipArchive

Progress = Callable[[int, int], None]
_CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    member: str
    """Its name in the zip or in the manifest."""
    what: str
    """In words: `sha256 differs`, `not in the zip`."""

    def __str__(self) -> str:
        return f"{self.member}: {self.what}"


@dataclasses.dataclass(frozen=True)
class VerifyReport:
    """What was found; all is well if there are no findings."""

    path: str
    members: int
    """Files in the zip, its manifest included."""
    bytes: int
    """Of them, unpacked."""
    referenced: int
    """Files that the manifest refers to and the zip does not hold."""
    referenced_checked: bool
    """They were looked at in the workspace."""
    findings: tuple[Finding, ...]
    manifest: Manifest | None

    @property
    def ok(self) -> bool:
        return not self.findings


def verify(
    zip_path: Path, *, workspace: Path | None = None, progress: Progress | None = None
) -> VerifyReport:
    """Size, CRC and sha256 of every member against the manifest; missing and additional members.

    With `workspace` the files that are only referred to are checked too. Members are read
    in pieces; nothing is unpacked to disk.

    Raises UsageError if there is no such file, UnsafePath for what is no regular file,
    ArchiveError if it is no zip, its directory is damaged, or its numbers are those of a bomb.
    """
    try:
        with ZipArchive(zip_path) as archive:
            refuse_bombs(archive)
            return _Verification(archive, progress).run(workspace)
    except OSError as error:
        raise UsageError(f"{zip_path}: {(error.strerror or str(error)).lower()}") from error


class _Verification:
    def __init__(self, archive: ZipArchive, progress: Progress | None) -> None:
        self._archive = archive
        self._progress = progress
        self._total = sum(entry.size for entry in archive.entries)
        self._done = 0
        self._findings: list[Finding] = []

    def run(self, workspace: Path | None) -> VerifyReport:
        manifest = self._manifest()
        promised = {entry.path: entry for entry in manifest.packed} if manifest else {}
        seen: set[str] = set()
        for entry in self._archive.entries:
            if entry.name in seen:
                self._find(entry.name, "there more than once")
            seen.add(entry.name)
            if manifest and entry.name not in promised and entry.name != MANIFEST_NAME:
                self._find(entry.name, "not in the manifest")
            self._check(entry, promised.get(entry.name))
        for name in promised:
            if name not in seen:
                self._find(name, "not in the zip")
        referenced = manifest.referenced if manifest else ()
        if workspace is not None and referenced:
            self._findings.extend(_check_referenced(workspace, referenced))
        return VerifyReport(
            path=self._archive.path,
            members=len(self._archive.entries),
            bytes=self._total,
            referenced=len(referenced),
            referenced_checked=workspace is not None,
            findings=tuple(self._findings),
            manifest=manifest,
        )

    def _manifest(self) -> Manifest | None:
        try:
            manifest = read_manifest(self._archive)
        except ArchiveError as error:
            self._find(MANIFEST_NAME, self._words(error))
            return None
        if manifest is None:
            self._find(MANIFEST_NAME, "missing: sha256 can't be checked, only CRC")
        return manifest

    def _check(self, entry: ZipEntry, promised: ManifestEntry | None) -> None:
        digest = hashlib.sha256()
        try:
            for chunk in self._archive.chunks(entry):
                digest.update(chunk)
                self._advance(len(chunk))
        except ArchiveError as error:
            self._find(entry.name, self._words(error))
            return
        if promised is None:
            return
        if what := mismatch(entry.size, digest.hexdigest(), promised):
            self._find(entry.name, what)

    def _find(self, member: str, what: str) -> None:
        self._findings.append(Finding(member, what))

    def _words(self, error: ArchiveError) -> str:
        return str(error).removeprefix(f"{self._archive.path}: ")

    def _advance(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)


def mismatch(size: int, sha256: str, promised: ManifestEntry) -> str:
    """In what a member differs from its entry in the manifest; empty if in nothing."""
    if size != promised.size:
        return f"{size:,} bytes, the manifest says {promised.size:,}"
    return "" if sha256 == promised.sha256 else "sha256 differs"


def _check_referenced(workspace: Path, entries: tuple[ManifestEntry, ...]) -> Iterator[Finding]:
    try:
        folder = Beneath(workspace)
    except OSError as error:
        yield Finding(str(workspace), f"the workspace can't be read: {error.strerror}")
        return
    with folder:
        for entry in entries:
            try:
                with folder.open(entry.origin or entry.path) as file:
                    digest = hashlib.sha256()
                    size = 0
                    while chunk := file.read(_CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
            except UnsafePath as unsafe:
                yield Finding(entry.path, f"in the workspace: {unsafe.why}")
            except OSError as error:
                yield Finding(entry.path, f"in the workspace: {(error.strerror or str(error)).lower()}")
            else:
                if size != entry.size or digest.hexdigest() != entry.sha256:
                    yield Finding(entry.path, "in the workspace: changed since it was packed")
