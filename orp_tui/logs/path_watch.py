"""A path at which a log appears, is replaced or deleted; and the log that lies there, as a reader."""

from __future__ import annotations

import dataclasses
import os

from orp_tui.core.errors import UnsafePath
from orp_tui.logs.lines import last_rows
from orp_tui.logs.reader import open_regular

_FINGERPRINT = 64


@dataclasses.dataclass(frozen=True)
class Restarted:
    """What comes next is from the beginning of the file, or of another one."""

    why: str
    """`truncated`, `rewritten` or `replaced`."""


@dataclasses.dataclass(frozen=True)
class Notice:
    """Something a reader should know, in words; the bytes go on as they were."""

    text: str


News = Restarted | Notice


class PathWatch:
    """The descriptor of what lies at `path`; -1 until there is something. It stays open when deleted."""

    def __init__(self, path: str, *, follow_links: bool) -> None:
        self.path = path
        self.follow_links = follow_links
        self.fd = -1
        self.opened = 0
        """How often a file was opened."""
        self._said = ""

    def check(self) -> list[News]:
        """Open what is at the path now, unless it is what is open already; what there is to say of it."""
        try:
            there = os.stat(self.path, follow_symlinks=self.follow_links)
            if self.fd >= 0:
                here = os.fstat(self.fd)
                if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                    self._said = ""
                    return []
            fd = open_regular(self.path, follow_links=self.follow_links)
        except FileNotFoundError:
            return self._say("deleted") if self.opened else []
        except UnsafePath as unsafe:
            return self._say(unsafe.why)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            return self._say(((error.strerror if isinstance(error, OSError) else "") or str(error)).lower())
        self.close()
        self.fd, self._said = fd, ""
        self.opened += 1
        return [Restarted("replaced")] if self.opened > 1 else []

    def size(self) -> int:
        """Bytes in the file now; 0 if there is none."""
        try:
            if self.fd < 0:
                return os.stat(self.path, follow_symlinks=self.follow_links).st_size
            return os.fstat(self.fd).st_size
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Give the descriptor back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _say(self, text: str) -> list[News]:
        if text == self._said:
            return []
        self._said = text
        return [Notice(text)]


class WatchedLog:
    """A log that need not exist yet and may be truncated, rewritten, replaced or deleted; a `LogReader`."""

    def __init__(self, path: str | os.PathLike[str], *, follow_links: bool = False) -> None:
        self._file = PathWatch(os.fspath(path), follow_links=follow_links)
        self._known = (0, 0)
        self._last = b""

    @property
    def name(self) -> str:
        return self._file.path

    @property
    def exists(self) -> bool:
        """Whether there is, or was, a file."""
        return self._file.fd >= 0

    @property
    def ended(self) -> bool:
        return False

    @property
    def progress(self) -> str:
        return ""

    def unpack(self) -> bool:
        return False

    def look(self) -> list[News]:
        """What happened to the file since the last look. Growing is no news."""
        if self._file.fd < 0:
            return self._opened()
        found = os.fstat(self._file.fd)
        size, before = found.st_size, self._known[0]
        if (size, found.st_mtime_ns) == self._known:
            return self._opened()
        intact = size >= before and self.read_from(before - len(self._last), len(self._last)) == self._last
        self._remember(size, found.st_mtime_ns)
        if intact:
            return []
        return [Restarted("truncated" if size < before else "rewritten")]

    def size(self) -> int:
        return os.fstat(self._file.fd).st_size if self._file.fd >= 0 else 0

    def read_from(self, offset: int, max_bytes: int) -> bytes:
        if self._file.fd < 0 or max_bytes <= 0 or offset < 0:
            return b""
        return os.pread(self._file.fd, max_bytes, offset)

    def tail_lines(self, count: int) -> list[bytes]:
        return last_rows(self.read_from, self.size(), count)

    def close(self) -> None:
        self._file.close()

    def _opened(self) -> list[News]:
        before = self._file.opened
        news = self._file.check()
        if self._file.opened != before:
            found = os.fstat(self._file.fd)
            self._remember(found.st_size, found.st_mtime_ns)
        return news

    def _remember(self, size: int, changed_ns: int) -> None:
        self._known = (size, changed_ns)
        low = max(0, size - _FINGERPRINT)
        self._last = self.read_from(low, size - low)
