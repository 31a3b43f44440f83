"""Files that are there whole or not at all, and stay there after a power cut.

Write beside, flush to disk, rename over, flush the folder: each step left out lost
acknowledged data in simulated power cuts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

from orp_tui.files.failpoint import hit

_counter = 0
_BESIDE = re.compile(r"\..+\.tmp-\d+(-\d+)?|(started-\d+|attention)\.json\.tmp")
"""Names that this module, the packer and the supervisor write under before they rename."""


def _beside(path: Path) -> Path:
    global _counter
    _counter += 1
    return path.with_name(f".{path.name}.tmp-{os.getpid()}-{_counter}")


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """`path` holds `data` on disk, or what it held before.

    Raises OSError, and then leaves nothing beside it.
    """
    beside = _beside(path)
    try:
        _write_synced(beside, data, mode)
        hit(f"atomic.written.{path.name}")
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    hit(f"atomic.renamed.{path.name}")
    sync_folder(path.parent)


def write_json(path: Path, value: Any, *, mode: int = 0o600) -> None:  # Any: whatever JSON can hold
    """As `write_bytes`; JSON that a person can read."""
    write_bytes(path, to_json(value), mode=mode)


def to_json(value: Any) -> bytes:  # Any: whatever JSON can hold
    """Indented UTF-8 JSON that ends in a newline."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def create_once(path: Path, data: bytes, *, mode: int = 0o600) -> bool:
    """Whether this call, and no other before it, made `path`; it is on disk with all of `data`.

    `link()` refuses a name that exists, so of many callers exactly one gets True.
    """
    beside = _beside(path)
    try:
        _write_synced(beside, data, mode)
        hit(f"once.written.{path.name}")
        try:
            os.link(beside, path)
        except FileExistsError:
            return False
        hit(f"once.linked.{path.name}")
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def sync_folder(path: Path) -> None:
    """The names in a folder are on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path, *, of: str = "") -> None:
    """Remove what writers that were killed have left beside the files of a folder, or beside `of` alone.

    For files that nobody else writes at the time. One that can't be removed stays.
    """
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if _BESIDE.fullmatch(entry.name) and (not of or entry.name.startswith(f".{of}.tmp-")):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def read_json(path: Path) -> Any | None:  # Any: whatever JSON can hold
    """The value in `path`, or None if there is no such file.

    Raises ValueError for a file that is no JSON, OSError for one that can't be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            return json.loads(file.read())
        except RecursionError as error:
            raise ValueError(f"{path}: is nested too deeply") from error
