"""The event files of a folder, or a single one."""

from __future__ import annotations

import os
import stat
import time
from itertools import islice

MOST_FILES = 1000
"""Event files of one folder that are read."""
_MOST_ENTRIES = 100_000
_FRESH_NS = 2_000_000_000
"""A folder that was changed so lately may be changed once more without its time stamp telling."""


class EventFolder:
    """Which event files there are, looked up again when the folder was changed. Links are no files of it."""

    def __init__(self, path: str, *, follow_links: bool) -> None:
        self._path = path
        self._follow_links = follow_links
        self._seen: tuple[int, ...] = ()
        self._is_file = False
        self.names: list[str] = []
        """In order; those of the last look."""
        self.left_out = 0
        """How many there are beyond the first 1,000."""

    def path_of(self, name: str) -> str:
        return self._path if self._is_file else os.path.join(self._path, name)

    def changed(self) -> bool:
        """Whether there may be other files than at the last look: one stat."""
        return self._stamp() != self._seen

    def look(self) -> str:
        """Bring `names` up to date; why that can't be done, in words, or nothing."""
        stamp = self._stamp()
        if stamp and stamp == self._seen:
            return ""
        self._is_file = stamp == (0,)
        found, trouble = ([os.path.basename(self._path)], "") if self._is_file else self._listed()
        self.names = sorted(found)[:MOST_FILES]
        self.left_out = len(found) - len(self.names)
        fresh = len(stamp) > 1 and time.time_ns() - stamp[-1] < _FRESH_NS
        self._seen = () if fresh or trouble else stamp
        return trouble

    def _listed(self) -> tuple[list[str], str]:
        """The names in any order, and what is wrong."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if self._follow_links else os.O_NOFOLLOW)
        try:
            descriptor = os.open(self._path, flags)
        except FileNotFoundError:
            return [], ""
        except OSError as error:
            return [], "is a link" if os.path.islink(self._path) else f"cannot be read: {error.strerror}"
        try:
            with os.scandir(descriptor) as entries:
                return [
                    entry.name for entry in islice(entries, _MOST_ENTRIES) if self._is_event_file(entry)
                ], ""
        except OSError as error:
            return [], f"cannot be read: {error.strerror}"
        finally:
            os.close(descriptor)

    def _is_event_file(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if ".tfevents." not in name or name.endswith(".profile-empty"):
            return False
        return entry.is_file(follow_symlinks=self._follow_links)

    def _stamp(self) -> tuple[int, ...]:
        """Another one where the folder is another one; (0,) for what is no folder, nothing for nothing."""
        try:
            found = os.stat(self._path)
        except OSError:
            return ()
        if not stat.S_ISDIR(found.st_mode):
            return (0,)
        return found.st_dev, found.st_ino, found.st_mtime_ns
