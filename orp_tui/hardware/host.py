"""CPUs, memory, load and disk, as far as this process and its runs may use them.

A container or a service has less than its machine: the limits of all control groups
above this process count too. Source: Documentation/admin-guide/cgroup-v2.rst and
cgroup-v1/ of the kernel.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Memory:
    """Main memory, in bytes."""

    total: int
    available: int
    """What programs can still have without swapping."""


@dataclasses.dataclass(frozen=True)
class Disk:
    """A file system, in bytes."""

    total: int
    free: int
    """For this user; what is kept for root is not counted. A quota is not seen here."""


def cpus(root: str = "/") -> int:
    """CPUs that may be used: those this process may run on, or fewer if its time is limited.

    `root` is where /proc and /sys are looked for.
    """
    count = float(len(os.sched_getaffinity(0)))
    for folder in _groups(root, "cpu"):
        quota, period = _cpu_limit(folder)
        if quota is not None and period:
            count = min(count, quota / period)
    return max(1, math.floor(count + 0.01))


def memory(root: str = "/") -> Memory | None:
    """Memory of this machine, or of the control group that has the least; None if it can't be read."""
    total, available = _machine(root)
    if total is None or available is None:
        return None
    for folder in _groups(root, "memory"):
        limit, used = _memory_limit(folder)
        if limit is not None and limit < total:
            total = limit
        if limit is not None and used is not None:
            available = min(available, max(0, limit - used))
    return Memory(total, min(total, available))


def load() -> float | None:
    """Programs that ran or wanted to, averaged over a minute; None if it can't be read."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def disk(path: str | os.PathLike[str]) -> Disk | None:
    """The file system of a path, or of the nearest folder above it that exists; None if it can't be read."""
    path = os.path.abspath(path)
    while True:
        try:
            found = os.statvfs(path)
            return Disk(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)
        except FileNotFoundError:
            path = os.path.dirname(path)
        except OSError:
            return None


def _machine(root: str) -> tuple[int | None, int | None]:
    values: dict[str, int] = {}
    for line in _read(os.path.join(root, "proc/meminfo")).splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            values[name] = int(words[0]) * 1024
    return values.get("MemTotal"), values.get("MemAvailable", values.get("MemFree"))


def _groups(root: str, controller: str) -> Iterator[str]:
    """Folders of the control groups of this process for a controller, from its own up to the first."""
    mount = os.path.join(root, "sys/fs/cgroup")
    for line in _read(os.path.join(root, "proc/self/cgroup")).splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            yield from _upwards(mount, path)
        elif controller in names.split(","):
            yield from _upwards(os.path.join(mount, controller), path)


def _upwards(top: str, path: str) -> Iterator[str]:
    """A group's folder and those above it; in a container those that can't be seen are left out."""
    names = [name for name in path.split("/") if name and name != ".."]
    for count in range(len(names), -1, -1):
        folder = os.path.join(top, *names[:count])
        if os.path.isdir(folder):
            yield folder


def _cpu_limit(folder: str) -> tuple[float | None, float | None]:
    """Microseconds of CPU time in each period, and the period; None for no limit."""
    words = _read(os.path.join(folder, "cpu.max")).split()
    if len(words) == 2:
        return _number(words[0]), _number(words[1])
    quota = _number(_read(os.path.join(folder, "cpu.cfs_quota_us")))
    return quota, _number(_read(os.path.join(folder, "cpu.cfs_period_us")))


def _memory_limit(folder: str) -> tuple[int | None, int | None]:
    """Bytes that a group may use, and those it does, without files that can be read again."""
    limit = _number(_read(os.path.join(folder, "memory.max")))
    used = _number(_read(os.path.join(folder, "memory.current")))
    name = "inactive_file"
    if limit is None and used is None:
        limit = _number(_read(os.path.join(folder, "memory.limit_in_bytes")))
        used = _number(_read(os.path.join(folder, "memory.usage_in_bytes")))
        name = "total_inactive_file"
    if limit is None:
        return None, None
    for line in _read(os.path.join(folder, "memory.stat")).splitlines():
        words = line.split()
        if used is not None and len(words) == 2 and words[0] == name:
            used = max(0, used - int(words[1]))
    return limit, used


def _number(word: str) -> int | None:
    """The number; None for `max`, -1 and nothing."""
    word = word.strip()
    return int(word) if word.isdigit() else None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
