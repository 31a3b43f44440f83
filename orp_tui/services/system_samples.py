"""What each running run takes of the machine, sampled into `system.jsonl` of its folder and read as its metrics.

    sys/cpu            percent of one core: 250 is two cores and a half
    sys/memory         bytes in main memory; what its processes share is counted for each
    sys/read           bytes a second from disks
    sys/write          bytes a second to disks
    sys/processes      how many there are; ORP's own supervisor is not counted
    sys/gpu0/util      percent of the time in which it computed anything
    sys/gpu0/memory    bytes in use on it, by whomever
    sys/gpu0/power     watts

gpu0 is the first GPU that the run was given, as the training numbers them. A step is a second
since the start of the run. A sample is taken at once and then every five seconds; in a run longer than
an hour after each 720th of its age, at most a minute: a day is 2,900 lines.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.engine import facts, host
from orp_tui.hardware import usage
from orp_tui.hardware.gpus import GpuReport, GpuSample
from orp_tui.hardware.usage import Process, Usage, UsageMeter

EVERY_S = 5.0
SELDOM_S = 60.0
AGES = 720
"""Of a run's age so many samples are taken, once that makes them more seldom."""
SAME_LOOK_S = 0.5
"""Runs that are sampled so shortly one after the other share one look at all processes."""
STALE_S = 10.0
"""An older look at the GPUs says nothing of now."""


class SystemSamples:
    """Looks at running runs, once a second each."""

    def __init__(
        self,
        paths: BasePaths,
        gpus: Callable[[], GpuReport | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`gpus` gives the newest look at the GPUs; None if nobody looks."""
        self._paths = paths
        self._gpus = gpus
        self._clock = clock
        self._meters: dict[str, UsageMeter] = {}
        self._next: dict[str, float] = {}
        self._table: dict[int, Process] = {}
        self._table_at = -SAME_LOOK_S

    def look(self, run: Run) -> None:
        """Sample a run if it is time, and its processes live here."""
        now = self._clock()
        if now < self._next.get(run.id, 0.0):
            return
        tree = self._tree(run, now)
        if not tree:
            return
        age = max(0.0, time.time() - (run.started_at or time.time()))
        self._next[run.id] = now + min(SELDOM_S, max(EVERY_S, age / AGES))
        taken = self._meters.setdefault(run.id, UsageMeter()).look(tree, now)
        values = {**of_usage(taken), **of_gpus(run.cards, self._gpus(), time.time())}
        line = {"step": int(age), "time": round(time.time(), 3)} | values
        append_line(self._paths.run(run.id).system, line)

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        self._meters.pop(run_id, None)
        self._next.pop(run_id, None)

    def _tree(self, run: Run, now: float) -> list[Process]:
        """The processes of the training, without the supervisor; none if they are not here."""
        folder = self._paths.run(run.id)
        if now - self._table_at >= SAME_LOOK_S:
            self._table, self._table_at = usage.processes(), now
        claim = facts.read_claim(folder, run.attempt)
        if claim is not None and host.is_alive(claim.pid, claim.start_ticks, claim.boot_id):
            return [each for each in usage.beneath(claim.pid, self._table) if each.pid != claim.pid]
        started = facts.read_started(folder, run.attempt)
        if started is not None and host.is_alive(started.pid, started.start_ticks, started.boot_id):
            return usage.beneath(started.pid, self._table)
        return []


def of_usage(taken: Usage) -> dict[str, float]:
    """By name; what is not known yet is left out."""
    found = {
        "sys/cpu": taken.cpu,
        "sys/memory": float(taken.memory),
        "sys/read": taken.read,
        "sys/write": taken.write,
        "sys/processes": float(taken.processes),
    }
    return {name: round(value, 2) for name, value in found.items() if value is not None}


def of_gpus(cards: tuple[int, ...], report: GpuReport | None, now: float) -> dict[str, float]:
    """By name, of the GPUs with these indices; {} without a fresh look at them."""
    if report is None or not cards or now - report.at > STALE_S:
        return {}
    by_index = {gpu.index: gpu for gpu in report.gpus}
    found: dict[str, float] = {}
    for place, index in enumerate(cards):
        if index in by_index:
            found |= {f"sys/gpu{place}/{name}": value for name, value in _of_gpu(by_index[index]).items()}
    return found


def _of_gpu(gpu: GpuSample) -> dict[str, float]:
    found = {
        "util": None if gpu.utilisation is None else gpu.utilisation * 100,
        "memory": None if gpu.used_bytes is None else float(gpu.used_bytes),
        "power": gpu.power_w,
    }
    return {name: round(value, 2) for name, value in found.items() if value is not None}


def append_line(path: Path, values: Mapping[str, float]) -> None:
    """Add an object as a line. What can't be written, on a full disk or in a folder that is gone, is left out."""
    data = json.dumps(values, separators=(", ", ": ")).encode() + b"\n"
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with contextlib.suppress(OSError):
        descriptor = os.open(path, flags, 0o600)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return
            if found.st_size and os.pread(descriptor, 1, found.st_size - 1) != b"\n":
                data = b"\n" + data  # a full disk has torn the line before
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
