"""Small reads of binary files, in which the end of the file is an answer."""

from __future__ import annotations

from typing import BinaryIO

from orp_tui.deliverables.findings import Broken


def exactly(file: BinaryIO, count: int, what: str) -> bytes:
    """The next `count` bytes. Raises Broken, naming `what` was to come, if the file ends before."""
    data = file.read(count)
    if len(data) < count:
        raise Broken(f"truncated: the file ends within {what}")
    return data


def size_of(file: BinaryIO) -> int:
    """Bytes of the whole file; the position stays."""
    here = file.tell()
    size = file.seek(0, 2)
    file.seek(here)
    return size


def truncated(promised: int, has: int, promiser: str = "header") -> Broken:
    """The error of a file that is shorter than it says."""
    return Broken(f"truncated: {promiser} promises {promised:,} bytes, file has {has:,}")
