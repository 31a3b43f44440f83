"""Files + manifest → one zip, whole under its name or not there at all.

Written beside, flushed, renamed. What happens to a file meanwhile (it grows, vanishes,
is swapped for a link) is noted in the manifest and spoils nothing; what happens to the
zip itself (disk full, damage) raises, and leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import orp_tui
from orp_tui.artifacts import space
from orp_tui.artifacts.manifest import IN_WORKSPACE, IN_ZIP, MANIFEST_NAME, LeftOut, Manifest, ManifestEntry
from orp_tui.artifacts.member_source import MemberSource
from orp_tui.artifacts.plan import Inline, Kind, Plan, PlanItem
from orp_tui.artifacts.zip_writer import ZipWriter
from orp_tui.core.errors import ArchiveError, DiskFull, UnsafePath
from orp_tui.files.atomic import sync_folder, to_json
from orp_tui.files.failpoint import hit
from orp_tui.files.safe_open import Beneath

Progress = Callable[[int, int], None]
"""Bytes read so far, bytes to read in all; called after each MiB or file."""

_IN_MEMORY = 4 << 20
_SMALL = 512 << 10
_WORTH_A_THREAD = 16 << 20


@dataclasses.dataclass(frozen=True)
class BundleResult:
    """A zip that is on disk under its name."""

    bytes: int
    sha256: str
    """Of the whole zip."""
    manifest: Manifest


def bundle(plan: Plan, target: Path, *, progress: Progress | None = None) -> BundleResult:
    """Pack `plan` into `target`; a zip that was there is replaced.

    Raises DiskFull before writing if the estimate does not fit, or later if it was wrong,
    ArchiveError if the zip cannot be written; neither leaves a file behind.
    """
    target = Path(os.path.abspath(target))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        space.sweep(target)
        needed = space.check(plan, target)
        return _write(plan, target, needed, progress)
    except OSError as error:
        raise ArchiveError(f"{target}: cannot be written: {error.strerror}") from error


def _write(plan: Plan, target: Path, needed: int, progress: Progress | None) -> BundleResult:
    beside = space.beside(target)
    fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        hit("bundle.opened")
        writer = ZipWriter(fd)
        manifest = _Packer(plan, target, os.fstat(fd), writer, progress).pack()
        hit("bundle.written")
        digest = _digest_while_syncing(fd)
        os.replace(beside, target)
    except OSError as error:
        written = os.fstat(fd).st_size
        beside.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            free = space.free_bytes(target.parent) + written  # the file goes with its last descriptor
            raise DiskFull(str(target), max(needed, written), free) from error
        raise
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    hit("bundle.renamed")
    sync_folder(target.parent)
    return BundleResult(writer.position, digest, manifest)


class _Packer:
    """One zip in the making."""

    def __init__(
        self,
        plan: Plan,
        target: Path,
        own: os.stat_result,
        writer: ZipWriter,
        progress: Progress | None,
    ) -> None:
        self._plan = plan
        self._writer = writer
        self._progress = progress
        self._total, self._done = plan.total_bytes, 0
        self._created = time.time()
        self._never = {_identity(own): "the zip itself"}
        for path, why in [
            (str(target), "an earlier zip of this run"),
            *((path, "private") for path in plan.never),
        ]:
            with contextlib.suppress(OSError):
                self._never[_identity(os.lstat(path))] = why
        self._entries: list[ManifestEntry] = []
        self._left_out = list(plan.left_out)
        self._names: set[str] = set()

    def pack(self) -> Manifest:
        for inline in self._plan.inline:
            self._add_inline(inline)
        with contextlib.ExitStack() as stack:
            folders: dict[str, Beneath | None] = {}
            for item in sorted(self._plan.items, key=lambda item: not item.packed):
                if item.root not in folders:
                    folders[item.root] = _folder(item.root, stack)
                self._add(folders[item.root], item)
        manifest = Manifest(
            run_id=self._plan.run_id,
            orp_version=orp_tui.__version__,
            created_at=time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(self._created)),
            entries=tuple(self._entries),
            left_out=tuple(self._left_out),
        )
        self._writer.add(MANIFEST_NAME, to_json(manifest.to_json()), mtime=self._created)
        self._writer.finish()
        return manifest

    def _add_inline(self, inline: Inline) -> None:
        self._claim(inline.name)
        self._writer.add(inline.name, inline.data, mtime=self._created)
        self._entries.append(
            ManifestEntry(inline.name, len(inline.data), hashlib.sha256(inline.data).hexdigest())
        )
        self._advance(len(inline.data))

    def _add(self, folder: Beneath | None, item: PlanItem) -> None:
        try:
            if folder is None:
                raise UnsafePath(item.path, "its folder vanished before it was packed")
            file = self._open(folder, item)
        except UnsafePath as unsafe:
            self._left_out.append(LeftOut(item.name, unsafe.why))
            return
        self._claim(item.name)
        with file:
            source = MemberSource(file, item, self._advance)
            if item.packed:
                self._pack(item, source)
            else:
                for _ in source.chunks():
                    pass
            note = source.note()
        self._entries.append(
            ManifestEntry(
                path=item.name,
                size=source.read,
                sha256=source.sha256,
                stored=IN_ZIP if item.packed else IN_WORKSPACE,
                note=note,
                origin=item.path if item.kind is Kind.WORKSPACE and item.path != item.name else None,
            )
        )
        hit("bundle.member")

    def _open(self, folder: Beneath, item: PlanItem) -> BinaryIO:
        """Raises UnsafePath with the reason for everything that keeps a file out of the zip."""
        try:
            file = folder.open(item.path)
        except OSError as error:
            gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
            why = "vanished before it was packed" if gone else (error.strerror or str(error)).lower()
            raise UnsafePath(item.path, why) from error
        why = self._never.get(_identity(os.fstat(file.fileno())), "")
        if why:
            file.close()
            raise UnsafePath(item.path, why)
        return file

    def _pack(self, item: PlanItem, source: MemberSource) -> None:
        mtime, mode = source.before.st_mtime, source.before.st_mode & 0o777
        deflate = source.size <= _SMALL or source.worth_deflating()
        if source.size <= _IN_MEMORY:
            data = b"".join(source.chunks())
            self._writer.add(item.name, data, mtime=mtime, mode=mode, deflate=deflate)
        else:
            self._writer.add_stream(
                item.name, source.chunks(), source.size, mtime=mtime, mode=mode, deflate=deflate
            )

    def _claim(self, name: str) -> None:
        assert name not in self._names, f"two members are called {name}"
        self._names.add(name)

    def _advance(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done))


def _folder(root: str, stack: contextlib.ExitStack) -> Beneath | None:
    try:
        return stack.enter_context(Beneath(root))
    except OSError:
        return None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _digest_while_syncing(fd: int) -> str:
    """sha256 of the whole file, which is on disk when this returns."""
    digest = hashlib.sha256()
    with _syncing(fd):
        position = 0
        while chunk := os.pread(fd, 1 << 20, position):
            digest.update(chunk)
            position += len(chunk)
    hit("bundle.synced")
    return digest.hexdigest()


@contextlib.contextmanager
def _syncing(fd: int) -> Iterator[None]:
    """What is on `fd` reaches the disk while the body runs; a large file by a thread of its own."""
    if os.fstat(fd).st_size < _WORTH_A_THREAD:
        os.fsync(fd)
        yield
        return
    import threading

    failure: list[OSError] = []

    def sync() -> None:
        try:
            os.fsync(fd)
        except OSError as error:
            failure.append(error)

    thread = threading.Thread(target=sync, name="fsync of a zip")
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failure:
        raise failure[0]
