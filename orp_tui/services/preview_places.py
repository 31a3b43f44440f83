"""Opening what is to be looked at: a file beneath a folder, a member of a zip; folders and zips as listings."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import stat
import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from orp_tui.core.checklist import ChecklistItem
from orp_tui.core.errors import ArchiveError, UnsafePath
from orp_tui.core.words import counted, size
from orp_tui.deliverables.findings import CannotTell
from orp_tui.files.safe_open import Beneath
from orp_tui.logs.zip_directory import STORED, ZipEntry
from orp_tui.logs.zip_member import ZipArchive
from orp_tui.services.preview import MOST_ENTRIES, Entry, Place, Preview

MOST_UNPACKED = 64 << 20
"""Bytes of a packed member that are unpacked, into memory."""
_MOST_COUNTED = 10_000
"""Files of a folder whose sizes are added up."""


class Deadline:
    """When a look has to end."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    def check(self) -> None:
        """Raises CannotTell once it is over."""
        if self.is_over:
            raise CannotTell(f"not looked at further: it takes more than {self.seconds:g} s")


class Timed(io.RawIOBase):
    """A file that can be read until a deadline is over."""

    def __init__(self, file: BinaryIO, deadline: Deadline) -> None:
        super().__init__()
        self._file, self._deadline = file, deadline

    def read(self, size: int | None = -1, /) -> bytes:
        self._deadline.check()
        return self._file.read(-1 if size is None else size)

    def readline(self, size: int | None = -1, /) -> bytes:
        self._deadline.check()
        return self._file.readline(-1 if size is None else size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


@dataclasses.dataclass(frozen=True)
class Opened:
    """A file that may be read."""

    name: str
    path: str
    """Its last part and suffix say what it may be."""
    file: BinaryIO
    size: int
    """Bytes of the whole file."""
    deadline: Deadline
    is_whole: bool = True
    """False: `file` holds only its beginning."""


class TimedFolder(Beneath):
    """A folder whose files can be read until a deadline is over."""

    def __init__(self, folder: str | os.PathLike[str], deadline: Deadline) -> None:
        super().__init__(folder)
        self._deadline = deadline

    def __enter__(self) -> TimedFolder:
        return self

    def open(self, relative: str) -> BinaryIO:
        file: BinaryIO = _TimedFile(super().open(relative), self._deadline)  # type: ignore[assignment]  # a RawIOBase reads bytes as well
        return file


class _TimedFile(Timed):
    """A timed file that closes the one beneath."""

    def close(self) -> None:
        self._file.close()
        super().close()


@contextlib.contextmanager
def opened(place: Place, deadline: Deadline) -> Iterator[Opened | Preview]:
    """The file at a place, or what there is to say of a folder or a whole zip.

    Raises UnsafePath, ArchiveError and OSError.
    """
    if place.in_zip:
        with ZipArchive(place.root) as archive:
            yield from _of_zip(archive, place, deadline)
        return
    with TimedFolder(place.root, deadline) as folder:
        path = place.path or "."
        if stat.S_ISDIR(folder.stat(path).st_mode):
            yield _folder(folder, place, path, deadline)
            return
        with folder.open(path) as file:
            yield Opened(place.name, path, file, file.seek(0, 2), deadline)


def facts_of(place: Place, item: ChecklistItem) -> Preview:
    """The files that a deliverable matched, with their sizes."""
    with Beneath(place.root) as folder:
        entries = [_entry(folder, path, path) for path in item.files[:MOST_ENTRIES]]
    more = len(item.files) - len(entries)
    return Preview(
        name=item.path,
        kind="several files",
        size=item.size_bytes,
        facts=(counted(len(item.files), "file"),),
        entries=tuple(entries),
        cut=f"{more:,} more files are not listed" if more else "",
    )


def _folder(folder: TimedFolder, place: Place, path: str, deadline: Deadline) -> Preview:
    names = folder.listdir(path)
    prefix = "" if path == "." else f"{path.rstrip('/')}/"
    entries = []
    for name in names[:MOST_ENTRIES]:
        if deadline.is_over:
            break
        entries.append(_entry(folder, prefix + name, name))
    entries.sort(key=lambda entry: (not entry.is_folder, entry.name))
    more = len(names) - len(entries)
    return Preview(
        name=place.name,
        kind="folder",
        facts=(_total(folder, path, deadline), *_model(folder, path, deadline)),
        entries=tuple(entries),
        cut=f"{more:,} more names are not listed" if more else "",
    )


def _entry(folder: Beneath, path: str, name: str) -> Entry:
    try:
        found = folder.stat(path)
    except UnsafePath as unsafe:
        return Entry(name, path, None, note=unsafe.why)
    except OSError as problem:
        return Entry(name, path, None, note=(problem.strerror or str(problem)).lower())
    is_folder = stat.S_ISDIR(found.st_mode)
    return Entry(f"{name}/" if is_folder else name, path, None if is_folder else found.st_size, is_folder)


def _total(folder: Beneath, path: str, deadline: Deadline) -> str:
    """`12 files, 3.4 MiB`, of everything beneath."""
    files = total = 0
    for inner in folder.walk(path):
        if files >= _MOST_COUNTED or deadline.is_over:
            return f"more than {counted(files, 'file')}, {size(total)}"
        files += 1
        with contextlib.suppress(OSError, UnsafePath):
            total += folder.stat_file(inner).st_size
    return f"{counted(files, 'file')}, {size(total)}" if files else "empty"


_MODEL_NAMES = ("config.json", "adapter_config.json", "model_index.json")


def _model(folder: TimedFolder, path: str, deadline: Deadline) -> Iterable[str]:
    """What the folder is as a model, if it looks like one."""
    if not any(folder.has_name(path, name) for name in _MODEL_NAMES):
        return
    from orp_tui.core.checklist import Deliverable
    from orp_tui.deliverables.context import Context
    from orp_tui.deliverables.findings import Broken
    from orp_tui.deliverables.model_folder import look_at_folder
    from orp_tui.deliverables.targets import LIVE, of_paths

    found = of_paths(folder, [path], LIVE)
    context = Context(
        folder, Deliverable(0, "model", path, True, ()), found.targets, found.truncated, False, time.time()
    )
    try:
        deadline.check()
        yield look_at_folder(context, found.targets[0])
    except Broken as broken:
        yield f"as a model it is broken: {broken}"
    except (CannotTell, OSError, UnsafePath) as unknown:
        yield f"as a model: {unknown}"


def _of_zip(archive: ZipArchive, place: Place, deadline: Deadline) -> Iterator[Opened | Preview]:
    beneath = f"{place.path.rstrip('/')}/" if place.path else ""
    inside = [entry for entry in archive.entries if entry.name.startswith(beneath)]
    if not place.path or (inside and not any(entry.name == place.path for entry in archive.entries)):
        yield _listing(place, inside, beneath)
        return
    entry = archive.find(place.path)
    file, is_whole = _member(archive, entry, deadline)
    yield Opened(place.name, entry.name, file, entry.size, deadline, is_whole)


def _listing(place: Place, entries: list[ZipEntry], beneath: str) -> Preview:
    shown = entries[:MOST_ENTRIES]
    more = len(entries) - len(shown)
    total = sum(entry.size for entry in entries)
    return Preview(
        name=place.name,
        kind="zip" if not beneath else "folder of a zip",
        facts=(f"{counted(len(entries), 'file')}, {size(total)} unpacked",),
        entries=tuple(Entry(entry.name.removeprefix(beneath), entry.name, entry.size) for entry in shown),
        cut=f"{more:,} more files are not listed" if more else "",
    )


def _member(archive: ZipArchive, entry: ZipEntry, deadline: Deadline) -> tuple[BinaryIO, bool]:
    """The member as a file, and whether that is all of it; a stored one is read where it lies."""
    if entry.method == STORED and not entry.encrypted:
        window = _Window(archive.fd, archive.data_offset(entry), min(entry.size, entry.packed))
        return _timed(window, deadline), True
    kept = bytearray()
    for chunk in archive.chunks(entry):
        kept += chunk
        if len(kept) >= MOST_UNPACKED or deadline.is_over:
            break
    if len(kept) < entry.size and not kept:
        raise ArchiveError(f"{archive.path}: {entry.name!r} takes too long to unpack")
    return io.BytesIO(bytes(kept[:MOST_UNPACKED])), len(kept) == entry.size


def _timed(file: io.RawIOBase, deadline: Deadline) -> BinaryIO:
    timed: BinaryIO = Timed(io.BufferedReader(file), deadline)  # type: ignore[assignment]  # a RawIOBase reads bytes as well
    return timed


class _Window(io.RawIOBase):
    """A part of an open file as a file of its own; the descriptor stays its owner's."""

    def __init__(self, descriptor: int, begin: int, length: int) -> None:
        super().__init__()
        self._descriptor, self._begin, self._length = descriptor, begin, length
        self._at = 0

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # whatever can be written into
        count = max(0, min(len(view), self._length - self._at))
        data = os.pread(self._descriptor, count, self._begin + self._at) if count else b""
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = {0: 0, 1: self._at, 2: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
