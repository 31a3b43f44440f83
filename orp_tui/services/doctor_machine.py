"""What the machine offers: kernel, Python and SQLite, limits, commands, GPUs, clock, machine-wide locks."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.layout import BasePaths
from orp_tui.engine.adopter import exit_status
from orp_tui.files import locks
from orp_tui.files.resolve import openat2
from orp_tui.services.doctor_logout import cgroup
from orp_tui.services.findings import Finding, note, ok, problem, warning
from orp_tui.store import database

_PR_GET_CHILD_SUBREAPER = 37
_FILES = 1024
_PROCESSES = 200
_YEAR_2024 = 1_704_067_200
_SLACK_S = 60.0
OPTIONAL = {
    "git": "commit and diff are not recorded, and ignored files can't be told apart",
    "tmux": "not needed by ORP; runs outlive the terminal without it, the dashboard does not",
}
"""Commands that may be missing, and what is then missing."""


def kernel() -> Iterator[Finding]:
    """Whether the kernel has what runs need."""
    if os.uname().sysname != "Linux":
        yield problem("kernel", f"{os.uname().sysname}: runs need Linux; here ORP only shows them")
        return
    needed = {
        "OFD locks": _has_ofd_locks(),
        "pidfd": _has_pidfd(),
        "memfd": _has_memfd(),
        "subreaper": _has_subreaper(),
    }
    missing = [name for name, there in needed.items() if not there]
    if missing:
        yield problem(
            "kernel",
            f"{os.uname().release} lacks {', '.join(missing)}: no run can be started",
            "use Linux 5.4 or newer",
        )
    found = [name for name, there in needed.items() if there]
    if openat2() is not None:
        found.append("openat2")
    else:
        yield note(
            "kernel", "no openat2 (Linux 5.6): paths are opened one component at a time, which is slower"
        )
    if _tells_exit_codes():
        found.append("exit codes of adopted runs")
    else:
        yield note(
            "kernel",
            "no exit codes of adopted runs (Linux 6.15): if a supervisor is killed, its run's is lost",
        )
    yield ok("kernel", f"Linux {os.uname().release}: {', '.join(found)}; inotify is not needed")


def _has_ofd_locks() -> bool:
    """Asked of a file in memory, so that nothing is written anywhere."""
    try:
        descriptor = os.memfd_create("orp-doctor")
    except OSError:
        return False
    try:
        path = Path(f"/proc/self/fd/{descriptor}")
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, locks.request(fcntl.F_WRLCK))
        other = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.fcntl(other, fcntl.F_OFD_SETLK, locks.request(fcntl.F_WRLCK))
        except BlockingIOError:
            return True
        finally:
            os.close(other)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _has_pidfd() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def _has_memfd() -> bool:
    try:
        os.close(os.memfd_create("orp-doctor"))
    except OSError:
        return False
    return True


def _has_subreaper() -> bool:
    answer = ctypes.c_int()
    return bool(ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0) == 0)


def _tells_exit_codes() -> bool:
    """Tried with a child that has ended and was reaped."""
    try:
        child = subprocess.Popen(["/bin/sh", "-c", "exit 7"], stdin=subprocess.DEVNULL)
        descriptor = os.pidfd_open(child.pid)
    except OSError:
        return False
    try:
        child.wait()
        status = exit_status(descriptor)
        return status is not None and os.waitstatus_to_exitcode(status) == 7
    finally:
        os.close(descriptor)


def versions(paths: BasePaths) -> Iterator[Finding]:
    """Python, SQLite, and the journal that the database has because of them."""
    kind = database.file_system_of(paths.state)
    mode = database.journal_mode(sqlite3.sqlite_version_info[:3], kind)
    why = "safe with this SQLite on this file system"
    if mode != "WAL":
        wal_safe = database.journal_mode(sqlite3.sqlite_version_info[:3], "ext4") == "WAL"
        why = (
            f"the file system is {kind or 'unknown'}"
            if wal_safe
            else "this SQLite's WAL can lose a commit (fixed in 3.51.3, 3.50.7 and 3.44.6)"
        )
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield ok("versions", f"Python {python}, SQLite {sqlite3.sqlite_version}; journal {mode}: {why}")


def limits(*, root: Path = Path("/")) -> Iterator[Finding]:
    """Open files and processes that this user may have."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    good = True
    if files != resource.RLIM_INFINITY and files < _FILES:
        good = False
        yield warning(
            "limits", f"only {files} open files at once: too few for many runs", f"ulimit -n {_FILES}"
        )
    if processes != resource.RLIM_INFINITY and processes < _PROCESSES:
        good = False
        yield warning(
            "limits",
            f"only {processes} processes at once: data loaders will fail to start",
            "raise `ulimit -u`",
        )
    most = _most_pids(root)
    if most is not None and most < _PROCESSES:
        good = False
        yield warning(
            "limits", f"this cgroup may have {most} processes at once: data loaders will fail to start"
        )
    if good:
        yield ok("limits", f"{_limit(files)} open files, {_limit(processes)} processes")


def _limit(number: int) -> str:
    return "unlimited" if number == resource.RLIM_INFINITY else str(number)


def _most_pids(root: Path) -> int | None:
    """`pids.max` of this process's cgroup; None if there is no limit, or it can't be seen."""
    with contextlib.suppress(OSError, ValueError):
        place = cgroup((root / "proc/self/cgroup").read_text())
        return int((root / f"sys/fs/cgroup{place}/pids.max").read_text())
    return None


def commands() -> Iterator[Finding]:
    """Programs that ORP can use and does not need."""
    there = [name for name in OPTIONAL if shutil.which(name)]
    for name, lost in OPTIONAL.items():
        if name not in there:
            yield note("commands", f"{name} is not installed: {lost}")
    if there:
        yield ok("commands", f"{', '.join(there)} found")


def gpus(*, root: Path = Path("/")) -> Iterator[Finding]:
    """Whether the drivers' libraries are there; nothing is said about the cards."""
    found = []
    with contextlib.suppress(OSError):
        ctypes.CDLL("libnvidia-ml.so.1")
        found.append("NVIDIA's management library")
    if (root / "dev/nvidiactl").exists():
        found.append("/dev/nvidiactl")
    if (root / "dev/kfd").exists():
        found.append("/dev/kfd (AMD)")
    yield ok("gpus", f"found {', '.join(found)}" if found else "no GPU driver found")


def machine_locks(*, parents: tuple[Path, ...] = (Path("/run/lock"), Path("/tmp"))) -> Iterator[Finding]:  # noqa: S108 - only looked at
    """The folder for claims that all users and base directories honour."""
    for parent in parents:
        folder = parent / "orp"
        if folder.is_dir():
            if not os.access(folder, os.W_OK | os.X_OK):
                continue
            if folder.stat().st_mode & 0o1777 != 0o1777:
                yield warning("claims", f"{folder} is not open to all users: they can't see each other's claims", f"chmod 1777 {folder}")  # fmt: skip
            else:
                yield ok("claims", f"{folder} is used for ports and project folders")
            return
        if os.access(parent, os.W_OK | os.X_OK):
            yield ok("claims", f"{folder} will be made for ports and project folders")
            return
    where = " and ".join(str(parent / "orp") for parent in parents)
    yield problem(
        "claims",
        f"no folder for machine-wide locks: {where} can't be written",
        f"make {parents[0]}/orp with mode 1777",
    )


def clock(paths: BasePaths, *, now: float | None = None) -> Iterator[Finding]:
    """Whether the date can be right."""
    now = time.time() if now is None else now
    if now < _YEAR_2024:
        yield problem("clock", f"it says {time.strftime('%Y-%m-%d', time.gmtime(now))}", "set the clock")
        return
    for path in (paths.database, paths.leader_log, paths.runs):
        with contextlib.suppress(OSError):
            ahead = path.stat().st_mtime - now
            if ahead > _SLACK_S:
                yield warning(
                    "clock",
                    f"{path.name} was written {ahead:.0f} s from now: the clock was set back, or the file server's differs",
                    "durations are right all the same; new runs are named by the present clock",
                )
                return
    yield ok("clock", "the date can be right")
