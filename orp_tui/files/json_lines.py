"""Files of JSON lines that only ever grow: many processes append, anybody reads."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orp_tui.files.atomic import sync_folder

Json = dict[str, Any]  # Any: values as JSON gives them

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


def append(path: Path, *values: Json) -> None:
    """Add objects, a line each; they are on disk when this returns.

    A line that a full disk has torn before is closed first. Raises OSError if they can't be written whole.
    """
    # Texts of file names may hold lone surrogates, for which only JSON's own escapes have a place.
    data = b"".join(json.dumps(value, separators=(", ", ": ")).encode() + b"\n" for value in values)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _FLAGS, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no regular file", os.fspath(path))
        if found.st_size and os.pread(descriptor, 1, found.st_size - 1) != b"\n":
            data = b"\n" + data
        # One write, so that the lines of two processes never mix.
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if not found.st_size:
        sync_folder(path.parent)


def read(path: Path, *, limit: int) -> Iterator[Json]:
    """The objects in a file, oldest first; what is no such line is passed over.

    Of a file larger than `limit` bytes only so much of its end. Nothing if there is no regular file
    that can be read.
    """
    for line in _end_of(path, limit).split(b"\n"):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value


def _end_of(path: Path, limit: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return b""
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b""
        return os.pread(descriptor, limit, max(0, found.st_size - limit))
    except OSError:
        return b""
    finally:
        os.close(descriptor)
