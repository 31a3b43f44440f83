"""Whose the processes are that a GPU driver names by pid.

NVML gives the pids of the host, also inside a container, and no start times. So a pid is
believed only in the host's own set of processes, and only if the process that has it now
is older than the first sight of that pid on that GPU: a later one reuses the number.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterable

HOST_PROCESSES = "pid:[4026531836]"
"""The name of the host's own pid namespace, PROC_PID_INIT_INO of linux/proc_ns.h."""
SUPERVISOR = b"/orp_tui/engine/supervisor/main.py"
_SLACK_S = 1.0
_LONGEST_LINE_OF_PARENTS = 64


@dataclasses.dataclass(frozen=True)
class Owner:
    """Whose a process is."""

    user: str
    run_id: str | None
    """The ORP run it belongs to; None if to none that can be seen."""
    command: str


class ProcessBook:
    """Remembers when each pid was first seen on each GPU."""

    def __init__(self, *, host_pids: bool | None = None) -> None:
        """`host_pids`: whether the driver's pids are those seen here; None: find out."""
        self._host_pids = sees_host_processes() if host_pids is None else host_pids
        self._first: dict[tuple[str, int], float] = {}

    def owner(self, gpu: str, pid: int) -> Owner | None:
        """Whose the process is that the driver names; None if that can't be known from here."""
        if not self._host_pids:
            return None
        first = self._first.setdefault((gpu, pid), _since_boot())
        fields = _stat(pid)
        if len(fields) < 20 or fields[0] in ("Z", "X"):
            return None
        if int(fields[19]) / os.sysconf("SC_CLK_TCK") > first + _SLACK_S:
            return None
        owner = _owner(pid)
        return owner if _stat(pid)[19:20] == fields[19:20] else None

    def keep_only(self, seen: Iterable[tuple[str, int]]) -> None:
        """Forget all but these (GPU, pid): what comes back later is looked at anew."""
        kept = set(seen)
        self._first = {key: first for key, first in self._first.items() if key in kept}


def sees_host_processes() -> bool:
    """Whether pids here are those of the host, as they are not in most containers."""
    try:
        return os.readlink("/proc/self/ns/pid") == HOST_PROCESSES
    except OSError:
        return False


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _owner(pid: int) -> Owner | None:
    uid = _uid(pid)
    if uid is None:
        return None
    run_id = _run_of_environment(pid) if uid == os.geteuid() else None
    return Owner(
        _user_name(uid),
        run_id or _run_of_supervisor(pid, uid),
        _read(pid, "comm").decode(errors="replace").strip(),
    )


def _run_of_environment(pid: int) -> str | None:
    for item in _read(pid, "environ").split(b"\0"):
        if item.startswith(b"ORP_RUN_ID="):
            return item.partition(b"=")[2].decode(errors="replace") or None
    return None


def _run_of_supervisor(pid: int, uid: int) -> str | None:
    """The run whose supervisor is above a process: command lines are open to all, environments are not."""
    for _ in range(_LONGEST_LINE_OF_PARENTS):
        fields = _stat(pid)
        pid = int(fields[1]) if len(fields) > 1 else 0
        if pid <= 1:
            return None
        words = _read(pid, "cmdline").rstrip(b"\0").split(b"\0")
        if len(words) > 2 and words[-3].endswith(SUPERVISOR) and _uid(pid) == uid:
            return words[-1].decode(errors="replace")
    return None


def _uid(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def _user_name(uid: int) -> str:
    import pwd

    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


def _stat(pid: int) -> list[str]:
    """Fields of its stat file from the third on: state, parent, …, start in ticks (19); [] if it is gone."""
    text = _read(pid, "stat").decode(errors="replace")
    return text[text.rfind(")") + 2 :].split() if text else []


def _read(pid: int, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""
