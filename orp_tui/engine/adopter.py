"""Watch a training whose supervisor was killed, end it if that is asked for, and record what can be known.

The training is not our child, so its exit code is lost, but for a kernel of 6.15 or
newer, which tells it through the pidfd. Members of the tree are known by the lock they
hold or by the variable ORP_RUN_ID in their environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import time

from orp_tui.core.layout import BasePaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Json, Started
from orp_tui.engine import facts, host, results
from orp_tui.engine.leftovers import UNKILLABLE_AFTER_S, members_of, say_unkillable, send
from orp_tui.engine.memory_watch import GRACE_S, MemoryWatch
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import create_once, to_json
from orp_tui.files.failpoint import hit
from orp_tui.files.locks import LockState

TICK_S = 0.5
REAPED_WITHIN_S = 3.0
MOST_SIGNALS = 16
"""So many are noted; one that can't be killed is sent them without end."""
_PIDFD_GET_INFO = 0xC040FF0B  # _IOWR(0xFF, 11, 64 bytes), Linux 6.13
_PIDFD_INFO_EXIT = 1 << 3  # Linux 6.15
_INFO = struct.Struct("<QQ11Ii")  # mask, cgroup, pid, tgid, ppid, eight ids, exit code


class Adopter:
    """One unsupervised attempt, to its end."""

    def __init__(self, paths: BasePaths, run_id: str, attempt: int) -> None:
        self._folder = paths.run(run_id)
        self._run_id = run_id
        self._attempt = attempt
        self._request: RunRequest = read_request(self._folder)
        self._started: Started | None = facts.read_started(self._folder, attempt)
        limit = self._request.needs.memory
        self._memory = MemoryWatch(run_id, attempt, limit) if limit is not None else None
        self._stop: Json | None = None
        self._wished: float | None = None
        """The grace that a cancel named."""
        self._signals: list[str] = []
        self._status: int | None = None
        self._unkillable = False
        self._size = -1
        self._grown = host.SystemClock().monotonic()

    def run(self) -> None:
        """Return when no process of the run is left and its exit record is on disk."""
        main = self._main()
        deadline = None
        while True:
            members = self._members()
            if self._status is None and main is not None and self._ended(main):
                self._status = exit_status(main)
            if not members and locks.ask(self._folder.tree_lock) is not LockState.HELD:
                break
            now = host.SystemClock().monotonic()
            if self._stop is None:
                deadline = self._look_for_reasons(members, now)
            elif deadline is not None and now >= (deadline := self._hastened(deadline, now)):
                self._send(members, signal.SIGKILL)
                self._look_for_unkillable(members, now, deadline)
            hit("adopter.looked")
            self._wait(main)
        self._record()
        if self._unkillable:
            with contextlib.suppress(OSError):
                self._folder.attention.unlink()
        if main is not None:
            os.close(main)

    def _main(self) -> int | None:
        """A descriptor of the training's main process; None if it is gone already."""
        started = self._started
        if started is None or not host.is_alive(started.pid, started.start_ticks, started.boot_id):
            return None
        try:
            descriptor = os.pidfd_open(started.pid)
        except OSError:
            return None
        if host.is_alive(started.pid, started.start_ticks, started.boot_id):
            return descriptor
        os.close(descriptor)
        return None

    def _members(self) -> list[int]:
        return members_of(self._run_id)

    @staticmethod
    def _ended(descriptor: int) -> bool:
        return bool(select.select([descriptor], [], [], 0)[0])

    def _wait(self, main: int | None) -> None:
        if main is not None and self._status is None and not self._ended(main):
            select.select([main], [], [], TICK_S)
        else:
            time.sleep(TICK_S / 5)

    def _look_for_reasons(self, members: list[int], now: float) -> float | None:
        """Begin a stop if there is a reason for one; the time at which the grace is over."""
        request = self._request
        cancel = facts.read_cancel(self._folder)
        why, by, grace = "", "", request.stop.grace_s
        if cancel is not None:
            why, by, self._wished = "cancelled", cancel.by, cancel.grace_s
            grace = grace if cancel.grace_s is None else cancel.grace_s
        elif self._overdue():
            why = "timed_out"
        elif self._stalled(now):
            why = "stalled"
        elif self._memory is not None and self._memory.is_over(members, now):
            why, grace = "oom", min(grace, GRACE_S)
        if not why:
            return None
        self._stop = {"why": why, "by": by, "at": time.time()}
        started = self._started
        root = [started.pid] if started is not None and started.pid in members else members
        self._send(root if request.stop.to == "root" else members, request.stop.signal)
        return now + grace

    def _hastened(self, deadline: float, now: float) -> float:
        """When the grace is over: a later wish may shorten it, from the moment at which it is seen."""
        cancel = facts.read_cancel(self._folder)
        if cancel is None or cancel.grace_s is None or cancel.grace_s == self._wished:
            return deadline
        self._wished = cancel.grace_s
        return min(deadline, now + cancel.grace_s)

    def _overdue(self) -> bool:
        limit, started = self._request.timeout_s, self._started
        return limit is not None and started is not None and time.time() - started.at >= limit

    def _stalled(self, now: float) -> bool:
        limit = self._request.stall_s
        if limit is None:
            return False
        size = sum(
            path.stat().st_size for path in (self._folder.stdout, self._folder.stderr) if path.exists()
        )
        if size != self._size:
            self._size, self._grown = size, now
        return now - self._grown >= limit

    def _look_for_unkillable(self, members: list[int], now: float, since: float) -> None:
        """Say so, once, if SIGKILL does not help."""
        if now >= since + UNKILLABLE_AFTER_S and not self._unkillable:
            self._unkillable = True
            say_unkillable(self._folder, members)

    def _send(self, pids: list[int], number: int) -> None:
        sent = [f"signal {number} to {pid}" for pid in send(self._run_id, pids, number)]
        self._signals = (self._signals + sent)[:MOST_SIGNALS]

    def _record(self) -> None:
        started = self._started
        record = results.exit_record(
            self._attempt,
            "adopted",
            now=time.time(),
            started_at=started.at if started else None,
            stderr_tail=results.tail_of(self._folder.stderr),
        )
        record |= {"stop": self._stop, "signals": self._signals, "status": self._status}
        if self._memory is not None:
            record |= {"memory": self._memory.facts(), "oom_kills": self._memory.kills()}
        if self._status is not None:
            killed = os.WIFSIGNALED(self._status)
            record["signal" if killed else "exit_code"] = (
                os.WTERMSIG(self._status) if killed else os.WEXITSTATUS(self._status)
            )
        if started is not None:
            record["duration_s"] = round(time.time() - started.at, 3)
        hit("adopter.record")
        create_once(self._folder.exit(self._attempt), to_json(record))
        if self._memory is not None:
            self._memory.remove()


def exit_status(descriptor: int) -> int | None:
    """The wait status of a process that has ended and is not our child; None if the kernel won't say.

    It is told once the process has been reaped by its new parent, which may take a moment.

    Source: PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux 6.15 (include/uapi/linux/pidfd.h).
    """
    deadline = time.monotonic() + REAPED_WITHIN_S
    while True:
        buffer = bytearray(_INFO.pack(_PIDFD_INFO_EXIT, *([0] * 13)))
        try:
            fcntl.ioctl(descriptor, _PIDFD_GET_INFO, buffer)
        except OSError:
            return None
        values = _INFO.unpack(buffer)
        if values[0] & _PIDFD_INFO_EXIT:
            status: int = values[-1]
            return status
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.05)
