"""A log, wherever it lies: its size, its last rows, any piece of it."""

from __future__ import annotations

import os
import stat
from typing import Protocol

from orp_tui.core.errors import UnsafePath
from orp_tui.files.safe_open import kind
from orp_tui.logs.lines import last_rows


class LogReader(Protocol):
    """What a regular file and a zip member have in common.

    Bytes as they are: decoding, and making them harmless, is for whoever shows them.
    """

    @property
    def name(self) -> str:
        """As the user named it."""
        ...

    def size(self) -> int:
        """Bytes now; a file may grow."""
        ...

    def read_from(self, offset: int, max_bytes: int) -> bytes:
        """`max_bytes` from `offset` on; fewer only at the end."""
        ...

    def tail_lines(self, count: int) -> list[bytes]:
        """The last rows without their newline, oldest first, each at most 64 KiB and a mark."""
        ...

    def close(self) -> None:
        """Give descriptors back; a second call does nothing."""
        ...


class FileLog:
    """A regular file, which may grow meanwhile. A context manager.

    Symlinks are followed: the user, or the run folder's own list, named the path. Raises
    UnsafePath for what is no regular file (it is not opened), OSError as the system gives it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._name = os.fspath(path)
        self._fd = open_regular(self._name)

    @property
    def name(self) -> str:
        return self._name

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def read_from(self, offset: int, max_bytes: int) -> bytes:
        return os.pread(self._fd, max_bytes, offset)

    def tail_lines(self, count: int) -> list[bytes]:
        return last_rows(lambda offset, most: os.pread(self._fd, most, offset), self.size(), count)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> FileLog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_regular(path: str, *, follow_links: bool = True) -> int:
    """A descriptor of the regular file at `path`; never blocks, never opens anything else."""
    _refuse(path, os.stat(path, follow_symlinks=follow_links))
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    fd = os.open(path, flags if follow_links else flags | os.O_NOFOLLOW)
    try:
        _refuse(path, os.fstat(fd))  # swapped since
    except BaseException:
        os.close(fd)
        raise
    return fd


def _refuse(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnsafePath(path, f"{kind(found.st_mode)}, not a regular file; it was not opened")
