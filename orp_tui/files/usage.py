"""How much of a disk files and folders take."""

from __future__ import annotations

import os
import stat


def usage(path: str | os.PathLike[str]) -> int:
    """Bytes on the disk of a file or of all beneath a folder; links are not followed, hard links counted once.

    0 for what is not there or can't be read.
    """
    total = 0
    seen: set[tuple[int, int]] = set()
    try:
        found = os.lstat(path)
    except OSError:
        return 0
    todo = [os.fspath(path)] if stat.S_ISDIR(found.st_mode) else []
    total += found.st_blocks * 512
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                        if (found.st_dev, found.st_ino) in seen:
                            continue
                        seen.add((found.st_dev, found.st_ino))
                    total += found.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except OSError:
            continue
    return total
