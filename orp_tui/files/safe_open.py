"""Regular files beneath one folder, and nothing else.

A training wrote what lies in the folder, so every name in it is hostile: a symlink
may lead out, a FIFO would block its reader for ever, a device may do anything. The
kernel keeps us inside (`openat2` with RESOLVE_BENEATH); where it cannot (before Linux
5.6, or behind a seccomp filter) `files.resolve` walks the path one component at a time.

Paths are relative to the folder, with `/`; names that are no UTF-8 come as Python's
surrogate escapes. Symlinks that stay inside are followed, absolute ones too.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from orp_tui.core.errors import UnsafePath
from orp_tui.files import resolve
from orp_tui.files.glob_beneath import Glob

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LOOK = os.O_PATH | os.O_CLOEXEC


class Beneath:
    """A folder, held open, and the safe way to what lies beneath it.

    A context manager; usable until `close()`. Every method raises UnsafePath with the
    reason in words when a path leaves the folder or names a FIFO, device or socket
    (which is never opened), and OSError as the system gives it (FileNotFoundError…).

    Raises OSError if `folder` itself is no folder that can be opened.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        """As given; symlinks in this part are trusted and followed."""
        self._fd = os.open(self.folder, _FOLDER)
        self._roots = {os.path.realpath(self.folder), os.path.abspath(self.folder)}

    def __enter__(self) -> Beneath:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def open(self, relative: str) -> BinaryIO:
        """The regular file at `relative`, opened for reading."""
        self.stat_file(relative)  # without opening it: to open a device is already to use it
        fd = self._open(relative, _READ)
        try:
            mode = os.fstat(fd).st_mode
            if not stat.S_ISREG(mode):  # swapped since
                raise UnsafePath(relative, f"{kind(mode)}, not a regular file")
            return os.fdopen(fd, "rb")
        except BaseException:
            os.close(fd)
            raise

    def stat(self, relative: str) -> os.stat_result:
        """Of the regular file or folder at `relative`, inner symlinks followed."""
        fd = self._open(relative, _LOOK)
        try:
            found = os.fstat(fd)
        finally:
            os.close(fd)
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise UnsafePath(relative, f"{kind(found.st_mode)}, not a regular file; it was not opened")
        return found

    def stat_file(self, relative: str) -> os.stat_result:
        """As `stat`, but a folder is refused too."""
        found = self.stat(relative)
        if stat.S_ISDIR(found.st_mode):
            raise UnsafePath(relative, "a folder, not a regular file")
        return found

    def listdir(self, relative: str = ".") -> list[str]:
        """The names in a folder, sorted; what they are is not looked at."""
        fd = self._open(relative, _FOLDER)
        try:
            return sorted(os.listdir(fd))
        finally:
            os.close(fd)

    def has_name(self, folder: str, name: str) -> bool:
        """Whether a folder holds that name, be it a symlink to nothing."""
        try:
            fd = self._open(folder, _LOOK | os.O_DIRECTORY)
        except (UnsafePath, OSError):
            return False
        try:
            os.stat(name, dir_fd=fd, follow_symlinks=False)
        except OSError:
            return False
        finally:
            os.close(fd)
        return True

    def walk(self, relative: str = ".") -> Iterator[str]:
        """Every path beneath `relative` that is no folder, in sorted order, folder by folder.

        Symlinks come as paths and are never entered; whether one may be read, `stat` and
        `open` say. A folder that vanishes or cannot be read meanwhile is passed over.
        """
        pending = [relative.strip("/")]
        first = True
        while pending:
            folder = pending.pop()
            try:
                files, folders = self._entries(folder or ".")
            except OSError:
                if first:
                    raise
                continue
            first = False
            prefix = "" if folder in ("", ".") else folder + "/"
            yield from (prefix + name for name in files)
            pending.extend(prefix + name for name in reversed(folders))

    def glob(
        self, pattern: str, limit: int = 10_000, *, hidden: bool = False, scan_limit: int = 1_000_000
    ) -> tuple[list[str], bool]:
        """The paths that match, sorted, and whether there were more than are given.

        `*`, `?` and `[…]` match within one name, `**` any number of folders (as the last part:
        every file beneath). A pattern that ends in `/` matches folders alone. Names that
        begin with a dot match only a part that does too, unless `hidden`. A symlinked folder
        is entered if it stays inside and a part of the pattern names it; `**` enters none.
        A match is a name: a symlink that leads out is among them, and refused by `stat` and `open`.

        At most `limit` paths are given, the first in sorted order, after at most
        `scan_limit` names were looked at. Folders that can't be read are passed over;
        PermissionError is raised if nothing else was found.
        """
        search = Glob(self._scan, self.has_name, hidden=hidden, scan_limit=scan_limit)
        return search.find(resolve.checked(pattern), limit)

    def _entries(self, relative: str) -> tuple[list[str], list[str]]:
        with self._scan(relative) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        found.sort()
        return [name for name, folder in found if not folder], [name for name, folder in found if folder]

    def _scan(self, relative: str) -> _Scan:
        return _Scan(self._open(relative, _FOLDER))

    def _open(self, relative: str, flags: int) -> int:
        return resolve.open_beneath(self._fd, self._roots, resolve.checked(relative), flags)


class _Scan:
    """`os.scandir` of a descriptor that is closed with it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> Iterator[os.DirEntry[str]]:
        try:
            self._entries = os.scandir(self._fd)
        except OSError:
            os.close(self._fd)
            raise
        return self._entries

    def __exit__(self, *exc: object) -> None:
        self._entries.close()
        os.close(self._fd)


def kind(mode: int) -> str:
    """What a file's mode says it is, in words with an article."""
    words = (
        (stat.S_ISREG, "a regular file"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISLNK, "a symlink"),
        (stat.S_ISFIFO, "a FIFO (named pipe)"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device"),
    )
    return next((word for is_kind, word in words if is_kind(mode)), "of an unknown kind")


def vanished(error: OSError) -> bool:
    """Whether an error says that there is nothing at that path."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR)
