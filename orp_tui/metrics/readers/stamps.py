"""Whether something on disk may have changed since it was looked at."""

from __future__ import annotations

import os
import stat

Stamp = tuple[int, ...]

SETTLED_S = 0.02
"""What was written less than that ago may be written again within one tick of the file system's clock."""
_OTHER_CLOCK_S = 5.0


def stamp_of(found: os.stat_result) -> Stamp:
    """Changes with the file: device, inode, size and time of the last write."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def folder_stamp(path: str) -> Stamp:
    """Of a folder, links not followed; () if there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return ()
    return stamp_of(found) if stat.S_ISDIR(found.st_mode) else ()


def is_settled(stamp: Stamp, now: float) -> bool:
    """Whether any write after `now`, the time of the stamp, must give another stamp.

    A file from the future is another machine's, and its clock is not waited for.
    """
    return not stamp or not -_OTHER_CLOCK_S < now - stamp[3] / 1e9 < SETTLED_S
