"""What each active run takes of CPUs and memory: all processes beneath its supervisor together."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.layout import BasePaths
from orp_tui.engine import facts, host

if TYPE_CHECKING:
    from orp_tui.services.watch import RunView


@dataclasses.dataclass(frozen=True)
class RunUse:
    """One run's share of the machine."""

    run_id: str
    name: str
    processes: int
    cpus: float | None
    """CPUs that it kept busy since the look before; None at the first."""
    memory: int
    """Bytes in main memory; what several processes share is counted for each."""
    cards: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class _Process:
    parent: int
    cpu_s: float
    memory: int


class RunUses:
    """Looks at the processes of runs; remembers their CPU time from look to look."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._before: dict[str, float] = {}
        self._at = 0.0

    def look(self, active: Sequence[RunView]) -> tuple[RunUse, ...]:
        """Of the runs whose processes live here, in the order given."""
        roots = {item.run.id: root for item in active if (root := self._root(item)) is not None}
        if not roots:
            self._before = {}
            return ()
        table = _processes()
        now = time.monotonic()
        found = [self._use(item, roots[item.run.id], table, now) for item in active if item.run.id in roots]
        self._before = {use.run_id: cpu_s for use, cpu_s in found}
        self._at = now
        return tuple(use for use, _ in found)

    def _root(self, item: RunView) -> int | None:
        """The pid of the supervisor, else of the training; None if neither lives."""
        if not item.state.is_active:
            return None
        folder = self._paths.run(item.run.id)
        claim = facts.read_claim(folder, item.run.attempt)
        if claim is not None and host.is_alive(claim.pid, claim.start_ticks, claim.boot_id):
            return claim.pid
        started = facts.read_started(folder, item.run.attempt)
        if started is not None and host.is_alive(started.pid, started.start_ticks, started.boot_id):
            return started.pid
        return None

    def _use(
        self, item: RunView, root: int, table: Mapping[int, _Process], now: float
    ) -> tuple[RunUse, float]:
        own = list(_beneath(root, table))
        cpu_s = sum(process.cpu_s for process in own)
        before = self._before.get(item.run.id)
        passed = now - self._at
        cpus = None if before is None or passed <= 0 else max(0.0, cpu_s - before) / passed
        memory = sum(process.memory for process in own)
        return RunUse(item.run.id, item.run.name, len(own), cpus, memory, item.run.cards), cpu_s


def _processes() -> dict[int, _Process]:
    """All that can be seen, by pid."""
    import psutil

    table = {}
    for process in psutil.process_iter(["ppid", "cpu_times", "memory_info"]):
        times, memory = process.info["cpu_times"], process.info["memory_info"]
        if times is not None and memory is not None:
            table[process.pid] = _Process(process.info["ppid"], times.user + times.system, memory.rss)
    return table


def _beneath(root: int, table: Mapping[int, _Process]) -> Iterable[_Process]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for pid, process in table.items():
        children.setdefault(process.parent, []).append(pid)
    pending, seen = [root], set[int]()
    while pending:
        pid = pending.pop()
        if pid in seen or pid not in table:
            continue
        seen.add(pid)
        yield table[pid]
        pending.extend(children.get(pid, ()))
