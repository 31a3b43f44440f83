"""The files `trainer_state.json` of one training: beside its checkpoints and in each of them.

Only names of that form are looked at, and one level deep. Links are followed only if the user
named the folder; FIFOs and devices are never opened for reading.
"""

from __future__ import annotations

import dataclasses
import os
import re
import stat
import time
from collections.abc import Iterator

FILE_NAME = "trainer_state.json"

_CHECKPOINT = re.compile(r"checkpoint-(\d{1,18})")
_MOST_ENTRIES = 10_000
_MOST_CHECKPOINTS = 500
_RACY_NS = 1_000_000_000
"""A folder that changed so short a time ago may change again without another time stamp."""


@dataclasses.dataclass(frozen=True, slots=True)
class StateFile:
    """One of the files, as it was when it was looked at."""

    name: str
    """Below the folder; empty if the path is the file itself."""
    number: float
    """Of the checkpoint; infinite for the file beside them, which is written last."""
    stamp: tuple[int, ...]
    """When it was written (ns since 1970), its size in bytes and its inode."""


class StateFiles:
    """The files at a path that need not exist yet: an output folder, a checkpoint, or one such file."""

    def __init__(self, path: str | os.PathLike[str], *, follow_links: bool) -> None:
        self._path = os.fspath(path)
        self._follow = follow_links
        self._flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        if not follow_links:
            self._flags |= os.O_NOFOLLOW
        self._names: dict[str, float] = {}
        self._seen: tuple[object, ...] | None = None

    def changed(self) -> bool:
        """Whether one of them could be another now: a stat of each, and of the folder."""
        return self._seen is None or self._stamps() != self._seen

    def newest_first(self) -> list[StateFile]:
        """Those that are there, the one written last before the others."""
        now = time.time_ns()
        folder = self._stamp("")
        self._names = self._listed()
        self._seen = self._stamps()
        if folder and abs(now - folder[0]) < _RACY_NS:
            self._seen = None
        files = [
            StateFile(name, number, stamp)
            for name, number in self._names.items()
            if (stamp := self._stamp(name)) and stamp[1]
        ]
        return sorted(files, key=lambda file: (file.stamp[0], file.number), reverse=True)

    def read(self, file: StateFile, most: int) -> tuple[bytes, str]:
        """All of it, and why it can't be read, in words; both empty if it is gone by now."""
        try:
            descriptor = self._open(file.name)
        except FileNotFoundError:
            return b"", ""
        except OSError as error:
            return b"", f"cannot be read: {error.strerror}"
        try:
            return self._content(descriptor, most)
        except OSError as error:
            return b"", f"cannot be read: {error.strerror}"
        finally:
            os.close(descriptor)

    def _content(self, descriptor: int, most: int) -> tuple[bytes, str]:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b"", "is no regular file"
        if found.st_size > most:
            return b"", f"has {found.st_size >> 20} MiB; more than {most >> 20} MiB are not read"
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return opened.read(most), ""

    def _listed(self) -> dict[str, float]:
        """Where files may be: name below the folder → number of the checkpoint."""
        try:
            descriptor = os.open(self._path, self._flags | os.O_DIRECTORY)
        except FileNotFoundError:
            return {}
        except OSError:  # it is a file, or what it is will be said when that is opened
            return {"": 0.0}
        try:
            numbers = sorted(self._checkpoints(descriptor), reverse=True)[:_MOST_CHECKPOINTS]
        except OSError:
            numbers = []
        finally:
            os.close(descriptor)
        inner = {f"{name}/{FILE_NAME}": float(number) for number, name in numbers}
        return {FILE_NAME: float("inf"), **inner}

    def _checkpoints(self, descriptor: int) -> Iterator[tuple[int, str]]:
        with os.scandir(descriptor) as entries:
            for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False):
                found = _CHECKPOINT.fullmatch(entry.name)
                if found and entry.is_dir(follow_symlinks=self._follow):
                    yield int(found[1]), entry.name

    def _open(self, name: str) -> int:
        """A descriptor of the file, reached one step at a time so that no step is a link."""
        if not name:
            return os.open(self._path, self._flags)
        at = os.open(self._path, self._flags | os.O_DIRECTORY)
        try:
            *folders, last = name.split("/")
            for folder in folders:
                below = os.open(folder, self._flags | os.O_DIRECTORY, dir_fd=at)
                os.close(at)
                at = below
            return os.open(last, self._flags, dir_fd=at)
        finally:
            os.close(at)

    def _stamps(self) -> tuple[object, ...]:
        return (self._stamp(""), *map(self._stamp, self._names))

    def _stamp(self, name: str) -> tuple[int, ...]:
        """() if there is none."""
        try:
            found = os.stat(
                os.path.join(self._path, name) if name else self._path, follow_symlinks=self._follow
            )
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
