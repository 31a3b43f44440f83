"""Memory and CPU of a process, as the kernel counts them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def private_mib(pid: int) -> float:
    """Memory that would come back if the process ended, in MiB."""
    total_kib = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:")):
            total_kib += int(line.split()[1])
    return total_kib / 1024


def cpu_seconds(pid: int) -> float:
    """CPU time of all living threads, in steps of nanoseconds (`stat` counts in hundredths of a second)."""
    total_ns = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            total_ns += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    return total_ns / 1e9
