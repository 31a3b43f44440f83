"""What a tree of processes takes of the machine, from /proc: CPU, memory, reading and writing.

One pass over all processes serves any number of trees: their `stat` alone is read, 10 µs each.
Sources: proc_pid_stat(5), proc_pid_io(5).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment."""

    pid: int
    parent: int
    start_ticks: int
    """Since boot; with the pid it names a process for ever."""
    cpu_s: float
    """User and system time of all its threads."""
    memory: int
    """Bytes in main memory, those that it shares with others included."""


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """What a tree takes."""

    processes: int
    memory: int
    """Bytes; what several processes share is counted for each."""
    cpu: float | None
    """Percent of one core since the look before, so 250 for two and a half; None at the first."""
    read: float | None
    """Bytes a second that were read from disks since the look before; None at the first."""
    write: float | None
    """The same, written."""


def processes() -> dict[int, Process]:
    """All that can be seen, by pid."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            process = _process(int(name))
            if process is not None:
                found[process.pid] = process
    return found


def beneath(root: int, table: Mapping[int, Process]) -> list[Process]:
    """A process and all that descend from it; none if it is gone."""
    children: dict[int, list[int]] = {}
    for pid, process in table.items():
        children.setdefault(process.parent, []).append(pid)
    found, pending, seen = [], [root], set[int]()
    while pending:
        pid = pending.pop()
        if pid not in seen and pid in table:
            seen.add(pid)
            found.append(table[pid])
            pending += children.get(pid, ())
    return found


class UsageMeter:
    """One tree, looked at again and again."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._before: dict[tuple[int, int], tuple[float, int, int]] = {}

    def look(self, tree: Sequence[Process], now: float) -> Usage:
        """What it takes; `now` is monotonic. What ended since the look before has taken its counts with it."""
        counts = {(each.pid, each.start_ticks): (each.cpu_s, *_disk_bytes(each.pid)) for each in tree}
        passed = None if self._at is None or now <= self._at else now - self._at
        cpu = read = write = None
        if passed is not None:
            grown = [
                [
                    max(0.0, after - before)
                    for after, before in zip(count, self._before.get(key, (0, 0, 0)), strict=True)
                ]
                for key, count in counts.items()
            ]
            cpu, read, write = (
                (sum(column) / passed for column in zip(*grown, strict=True)) if grown else (0, 0, 0)
            )
            cpu *= 100
        self._at, self._before = now, counts
        return Usage(len(tree), sum(each.memory for each in tree), cpu, read, write)


def _process(pid: int) -> Process | None:
    """None if it is gone, or a zombie, which takes nothing."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
        fields = text[text.rindex(b")") + 2 :].split()
        if fields[0] in (b"Z", b"X"):
            return None
        cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS
        return Process(pid, int(fields[1]), int(fields[19]), cpu_s, int(fields[21]) * _PAGE)
    except (OSError, ValueError, IndexError):
        return None


def _disk_bytes(pid: int) -> tuple[int, int]:
    """Bytes read from and written to disks; 0 where the kernel does not say, as of other users' processes."""
    values = {}
    try:
        with open(f"/proc/{pid}/io", "rb") as file:
            for line in file:
                name, _, number = line.partition(b":")
                values[name] = int(number)
    except (OSError, ValueError):
        return 0, 0
    return values.get(b"read_bytes", 0), values.get(b"write_bytes", 0)
