"""The newest values in a file of JSON lines, from its tail alone: for tables of many live runs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orp_tui.core.series import Points
from orp_tui.metrics.readers.jsonl import rows_in
from orp_tui.metrics.rows import points_of

FIRST_LOOK = 16 << 10
MOST = 1 << 20
"""A metric that was not logged in the last MiB is none of the newest."""


def recent_points(path: str | os.PathLike[str], wanted: str | None = None) -> dict[str, Points]:
    """Metric → its last points in the tail of the file, oldest first.

    So much of the tail is read that `wanted` is in it, at most 1 MiB; without it, 16 KiB that hold a row.
    Steps of rows that name none count from the beginning of the tail. {} if there is nothing to read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY)
    except OSError:
        return {}
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return {}
        return _search(descriptor, found.st_size, wanted)
    except OSError:
        return {}
    finally:
        os.close(descriptor)


def stamp(path: Path) -> tuple[int, ...] | None:
    """Changes whenever the file does; None if there is none."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _search(descriptor: int, size: int, wanted: str | None) -> dict[str, Points]:
    room = FIRST_LOOK
    while True:
        start = max(0, size - room)
        data = os.pread(descriptor, room, start)
        points = points_of(rows_in(_whole_lines(data, start)), 0)
        enough = points if wanted is None else wanted in points
        if enough or start == 0 or room >= MOST:
            return points
        room *= 8


def _whole_lines(data: bytes, start: int) -> bytes:
    """Without the line whose beginning is not there, and without one whose end is not written."""
    first = data.find(b"\n") + 1 if start else 0
    return data[first : data.rfind(b"\n") + 1]
