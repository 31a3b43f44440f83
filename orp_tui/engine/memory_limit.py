"""A cgroup for each run with a memory limit, where this user may make one; the supervisor puts the training into it.

That needs the unified hierarchy (cgroup v2) and a folder above this process that may be written
and hands the memory controller down: a systemd user slice around a queue processor that was
started in it, a delegated service, or root. Elsewhere the supervisor watches the training
(`supervisor/memory.py`), which is slower to see an excess and can't be as exact.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Collection
from pathlib import Path

from orp_tui.core.ids import is_run_id

PROC = Path("/proc/self")
STALE_S = 60.0
_NAME = re.compile(r"orp-(.+)-([0-9]+)")


def make(run_id: str, attempt: int, limit: int | None, *, proc: Path = PROC) -> list[str]:
    """The folder of a new cgroup with this limit in bytes, and the one to go back to; [] if there can be none."""
    found = place(proc) if limit is not None else None
    if found is None:
        return []
    parent, home = found
    folder = parent / name_of(run_id, attempt)
    try:
        folder.mkdir(exist_ok=True)
        (folder / "memory.max").write_text(str(limit))
    except OSError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return []
    for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
        # Without the first a run over its limit would crawl in swap; without the second it would lose a worker.
        with contextlib.suppress(OSError):
            (folder / name).write_text(value)
    return [str(folder), str(home)]


def name_of(run_id: str, attempt: int) -> str:
    """The name of an attempt's cgroup."""
    return f"orp-{run_id}-{attempt}"


def folder_of(pid: int, name: str, *, proc: Path = PROC) -> Path | None:
    """The cgroup of this name that a process is in; None if it is in none."""
    try:
        mounted = _mounted((proc / "mountinfo").read_text())
        where = _unified((proc.parent / str(pid) / "cgroup").read_text())
    except (OSError, StopIteration):
        return None
    parts = where.split("/")
    if mounted is None or name not in parts or ".." in parts:
        return None
    root, mount = mounted
    path = "/".join(parts[: parts.index(name) + 1])
    return mount / path.removeprefix(root.rstrip("/")).lstrip("/")


def place(proc: Path = PROC) -> tuple[Path, Path] | None:
    """The folder in which cgroups with a memory limit can be made, and this process's own; None if nowhere."""
    try:
        mounted = _mounted((proc / "mountinfo").read_text())
        own = _unified((proc / "cgroup").read_text())
    except (OSError, StopIteration):
        return None
    if mounted is None or ".." in own.split("/"):
        return None
    root, mount = mounted
    if own != root and not own.startswith(root.rstrip("/") + "/"):
        return None
    home = mount / own.removeprefix(root).lstrip("/")
    folder = home
    while True:
        if _hands_memory_down(folder):
            return folder, home
        if folder == mount:
            return None
        folder = folder.parent


def _unified(cgroup: str) -> str:
    """Where a process is in the unified hierarchy. Raises StopIteration if it is in none."""
    return next(line[3:] for line in cgroup.splitlines() if line.startswith("0::"))


def _mounted(mountinfo: str) -> tuple[str, Path] | None:
    """Which part of the unified hierarchy is mounted, and where; None if it is not."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            words = before.split()
            return words[3], Path(words[4])
    return None


def _hands_memory_down(folder: Path) -> bool:
    try:
        controllers = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    # To move a process takes the right to write to the folder above both its old and its new place.
    return "memory" in controllers and all(
        os.access(path, os.W_OK) for path in (folder, folder / "cgroup.procs")
    )


def sweep(unfinished: Collection[str], *, proc: Path = PROC) -> None:
    """Remove the empty cgroups of runs that have ended, which killed supervisors have left."""
    found = place(proc)
    if found is None:
        return
    for entry in os.scandir(found[0]):
        match = _NAME.fullmatch(entry.name)
        if match is None or not is_run_id(match[1]) or match[1] in unfinished:
            continue
        with contextlib.suppress(OSError):  # another queue's, with processes in it
            if time.time() - entry.stat().st_mtime > STALE_S:
                os.rmdir(entry.path)
