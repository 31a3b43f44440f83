"""The machine as a dashboard shows it: GPUs and who is on them, CPUs, memory, disk, and what each run takes.

Looks cost a few milliseconds and nothing between them. GPUs are asked by a process apart, and
only if the observer has not just done so; a driver that hangs is a word, not a wait.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import Card
from orp_tui.core.states import RunState
from orp_tui.engine.cards import read_reports
from orp_tui.engine.guards import forecast
from orp_tui.hardware import fake, host
from orp_tui.hardware.glance import number_of_gpus
from orp_tui.hardware.gpus import GpuProcess, GpuReport, GpuSample
from orp_tui.services.machine_runs import RunUse, RunUses

if TYPE_CHECKING:
    from orp_tui.hardware.deadline import GpuWatch
    from orp_tui.services.watch import RunView
    from orp_tui.store.events import Event

FRESH_S = 4.0
"""A look of the observer that is not older saves one of our own."""
STALE_S = 15.0
"""A look that is older says nothing of now."""
KEPT = 240
"""Looks of which load and memory are kept, for a curve."""
_WAIT_S = 0.4
"""How long a look waits for the GPUs; what comes later is in the next one."""
_NO_GPU = "no GPU"


@dataclasses.dataclass(frozen=True)
class GpuUser:
    """A program on a GPU."""

    who: str
    """The id of an ORP run, else a user; `another program` if nobody knows whose it is."""
    is_run: bool
    user: str
    """Empty if not known."""
    pid: int | None
    command: str
    bytes: int | None
    """GPU memory; None: not known."""


@dataclasses.dataclass(frozen=True)
class GpuLook:
    """One GPU, or one instance of a split one."""

    index: int
    name: str
    total_bytes: int
    """0: not known."""
    used_bytes: int | None
    utilisation: float | None
    """0 to 1; None: not known."""
    temperature_c: float | None
    power_w: float | None
    runs: tuple[str, ...]
    """Runs of this queue that were given it."""
    booked_bytes: int
    """What runs of all queues of the machine have booked of it."""
    users: tuple[GpuUser, ...]
    """Who has most of it first."""
    trouble: str | None
    """Why nothing can run on it; None if all is well."""
    history: tuple[float, ...] = ()
    """Load at the last looks, 0 to 1, the oldest first."""

    @property
    def is_free(self) -> bool:
        """Nobody has booked it, and nobody is seen on it."""
        return not (self.trouble or self.runs or self.booked_bytes or self.users)


@dataclasses.dataclass(frozen=True)
class HostLook:
    """CPUs, memory and the disk of the runs, as far as runs may use them."""

    cpus: int
    cpu_busy: float | None
    """0 to 1 of all CPUs of the machine, since the look before; None at the first."""
    load: float | None
    """Programs that ran or wanted to, averaged over a minute."""
    memory_total: int | None
    memory_available: int | None
    disk_total: int | None
    disk_free: int | None
    disk_full_in_s: float | None
    """Seconds until the disk is full if the runs go on so; None if they don't grow, or nobody knows."""
    disk_words: str
    """The same in words; empty if there is nothing to say."""
    history: tuple[float, ...] = ()
    """`cpu_busy` at the last looks, the oldest first."""


@dataclasses.dataclass(frozen=True)
class MachineLook:
    """Everything at one moment."""

    at: float
    """Seconds since 1970, UTC."""
    gpus: tuple[GpuLook, ...]
    """By index."""
    no_gpus: str
    """Why there are none, or what is wrong with the driver: `no GPU`; empty if all is well."""
    is_fake: bool
    """The GPUs are made up."""
    host: HostLook
    runs: tuple[RunUse, ...] = ()
    """What the active runs take of CPUs and memory; only in a full look."""


class MachineWatch:
    """Looks at this machine from one thread; keeps what only two looks together can tell."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._gpu_watch: GpuWatch | None = None
        self._report = GpuReport(0.0)
        self._history: dict[str, collections.deque[float]] = {}
        self._uses = RunUses(paths)
        self._has_seen_cpu = False

    def look(self, active: Sequence[RunView] = (), *, full: bool = False) -> MachineLook:
        """The machine now; `active` are the unfinished runs. `full`: also what each run takes."""
        report = self._gpu_report()
        gpus = tuple(self._gpu(gpu, active) for gpu in report.gpus)
        return MachineLook(
            at=time.time(),
            gpus=gpus,
            no_gpus=_trouble(report),
            is_fake=report.source == "fake",
            host=self._host(),
            runs=self._uses.look(active) if full else (),
        )

    def close(self) -> None:
        """End the process that asks the driver; the next look starts another."""
        if self._gpu_watch is not None:
            self._gpu_watch.close()
            self._gpu_watch = None

    def _gpu_report(self) -> GpuReport:
        """The newest look at the GPUs: the observer's if it has just looked, else our own."""
        if not (fake.is_wanted() or may_have_gpus()):
            return GpuReport(time.time(), trouble=_NO_GPU)
        theirs = read_reports(self._paths)
        if theirs and time.time() - theirs[-1].at < FRESH_S:
            self.close()
            self._report = theirs[-1]
            return self._report
        if self._gpu_watch is None:
            from orp_tui.hardware.deadline import GpuWatch

            self._gpu_watch = GpuWatch()
        self._gpu_watch.ask()
        self._report = _awaited(self._gpu_watch) or self._report
        if self._report.at == 0.0:
            return GpuReport(time.time(), trouble="asking the GPU driver")
        return self._report

    def _gpu(self, gpu: GpuSample, active: Sequence[RunView]) -> GpuLook:
        runs = tuple(
            item.run.id
            for item in active
            if gpu.index in item.run.cards and item.state in (RunState.STARTING, RunState.RUNNING)
        )
        users = sorted((_user(item) for item in gpu.processes), key=lambda user: -(user.bytes or 0))
        return GpuLook(
            index=gpu.index,
            name=gpu.name,
            total_bytes=gpu.total_bytes,
            used_bytes=gpu.used_bytes,
            utilisation=gpu.utilisation,
            temperature_c=gpu.temperature_c,
            power_w=gpu.power_w,
            runs=runs,
            booked_bytes=_booked(gpu),
            users=tuple(users),
            trouble=gpu.trouble,
            history=self._kept(gpu.uuid or str(gpu.index), gpu.utilisation),
        )

    def _host(self) -> HostLook:
        memory, disk = host.memory(), host.disk(self._paths.runs)
        ahead = forecast(self._paths)
        busy = self._cpu_busy()
        return HostLook(
            cpus=host.cpus(),
            cpu_busy=busy,
            load=host.load(),
            memory_total=memory.total if memory else None,
            memory_available=memory.available if memory else None,
            disk_total=disk.total if disk else None,
            disk_free=disk.free if disk else None,
            disk_full_in_s=ahead.full_in_s if ahead else None,
            disk_words=str(ahead) if ahead else "",
            history=self._kept("cpu", busy),
        )

    def _cpu_busy(self) -> float | None:
        """Since the look before."""
        import psutil

        busy = psutil.cpu_percent(None) / 100
        # The first answer is about no time at all.
        was_seen, self._has_seen_cpu = self._has_seen_cpu, True
        return min(1.0, busy) if was_seen else None

    def _kept(self, name: str, value: float | None) -> tuple[float, ...]:
        kept = self._history.setdefault(name, collections.deque(maxlen=KEPT))
        if value is not None:
            kept.append(value)
        return tuple(kept)


def may_have_gpus() -> bool:
    """Whether it makes sense to ask a driver; a glance that wakes none."""
    if number_of_gpus() or os.path.exists("/dev/dxg"):
        return True
    from orp_tui.hardware import amd

    return amd.has_cards()


def newest_events(connection: sqlite3.Connection, newest: int, count: int = 50) -> tuple[Event, ...]:
    """The last `count` things that happened in the queue, the newest first; `newest` is the number of the last."""
    from orp_tui.store import events

    found = events.after(connection, max(0, newest - count), limit=count)
    return tuple(reversed(found))


def _awaited(watch: GpuWatch) -> GpuReport | None:
    deadline = time.monotonic() + _WAIT_S
    while True:
        report = watch.answer()
        if report is not None or time.monotonic() >= deadline:
            return report
        time.sleep(0.02)


def _trouble(report: GpuReport) -> str:
    if report.trouble is not None:
        return report.trouble
    if not report.gpus:
        return _NO_GPU
    return "not looked at for a while" if time.time() - report.at > STALE_S else ""


def _user(process: GpuProcess) -> GpuUser:
    return GpuUser(
        who=process.run_id or process.user or "another program",
        is_run=process.run_id is not None,
        user=process.user or "",
        pid=process.pid,
        command=process.command,
        bytes=process.bytes,
    )


def _booked(gpu: GpuSample) -> int:
    from orp_tui.engine.card_claims import booked

    with contextlib.suppress(OSError):
        return booked(Card(gpu.index, gpu.uuid, gpu.total_bytes, gpu.total_bytes, True))
    return 0
