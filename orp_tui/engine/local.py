"""LocalExecutor: supervisors as detached processes of this machine."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
from collections.abc import Callable, Sequence

from orp_tui.core.layout import BasePaths
from orp_tui.core.ports import Busy, EngineSnapshot, Handle, Health, Launch, Rejected, SubmitResult, Submitted
from orp_tui.engine import facts, host, launch
from orp_tui.engine.waking import wake_supervisor
from orp_tui.files import locks
from orp_tui.files.locks import LockState

PASSING = frozenset(
    {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EIO}
)
"""Errors of a start that may be gone a moment later."""


class LocalExecutor:
    """Starts each attempt as a slim supervisor in a session of its own.

    It keeps no state that matters: what runs is known by locks. It only remembers its
    children, to reap them and to be told at once when one ends.
    """

    name = "local"

    def __init__(self, paths: BasePaths, on_exit: Callable[[str], None]) -> None:
        self._paths = paths
        self._on_exit = on_exit
        self._children: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}

    async def probe(self) -> Health:
        """Whether the kernel has what runs need: OFD locks, pidfd, memfd, a subreaper."""
        if os.uname().sysname != "Linux":
            return Health(False, f"runs need Linux; on {os.uname().sysname} ORP only shows them")
        try:
            os.close(os.pidfd_open(os.getpid()))
            os.close(os.memfd_create("orp-probe"))
        except OSError as error:
            return Health(False, f"this kernel is too old: {error.strerror}")
        return Health(True, f"Linux {os.uname().release}, {os.cpu_count()} cores")

    async def submit(self, launches: Sequence[Launch]) -> list[SubmitResult]:
        """Start a supervisor for each."""
        return [self._start(item) for item in launches]

    def _start(self, item: Launch) -> SubmitResult:
        run_id = item.request.id
        try:
            process = launch.start_supervisor(self._paths, item)
        except OSError as error:
            if error.errno in PASSING:
                return Busy(f"cannot start a process: {error.strerror}", 5.0)
            return Rejected(f"cannot start a supervisor: {error}")
        self.follow(run_id, process)
        job = f"{process.pid}:{host.start_ticks(process.pid)}"
        return Submitted(Handle(self.name, run_id, item.attempt, job))

    def adopt(self, run_id: str, attempt: int, lock: int) -> None:
        """Start an adopter, which inherits the run's lock."""
        self.follow(run_id, launch.start_adopter(self._paths, run_id, attempt, lock))

    def finalise(self, run_id: str, lock: int) -> None:
        """Start another finaliser, which inherits the run's lock."""
        self.follow(run_id, launch.start_finaliser(self._paths, run_id, lock))

    def follow(self, run_id: str, process: subprocess.Popen[bytes]) -> None:
        """Reap this child when it ends, and say so."""
        descriptor = os.pidfd_open(process.pid)
        self._children[descriptor] = (run_id, process)
        asyncio.get_running_loop().add_reader(descriptor, self._ended, descriptor)

    def _ended(self, descriptor: int) -> None:
        # Taken off first: a reader that is left in place fires again at once.
        asyncio.get_running_loop().remove_reader(descriptor)
        run_id, process = self._children.pop(descriptor)
        process.wait()
        os.close(descriptor)
        self._on_exit(run_id)

    def let_go(self) -> None:
        """Forget the children; they live on and become the init process's."""
        for descriptor, (_, process) in self._children.items():
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
            process.returncode = 0  # or its destructor would warn of a child that is meant to live
        self._children.clear()

    async def poll(self, handles: Sequence[Handle]) -> EngineSnapshot:
        """Ask each run's lock."""
        alive = {
            handle.run_id: locks.ask(self._paths.run(handle.run_id).supervisor_lock) is LockState.HELD
            for handle in handles
        }
        return EngineSnapshot(True, alive)

    async def cancel(self, handles: Sequence[Handle], *, force: bool = False) -> None:
        """Wake each supervisor, so that it looks at `cancel.json` now and not within a second."""
        del force  # a local supervisor always brings its tree to an end
        for handle in handles:
            wake_supervisor(self._paths, handle.run_id, handle.attempt)

    async def find(self, run_ids: Sequence[str]) -> dict[str, Handle]:
        """The runs whose lock is held, by the newest claim in their folder."""
        found = {}
        for run_id in run_ids:
            folder = self._paths.run(run_id)
            if locks.ask(folder.supervisor_lock) is not LockState.HELD:
                continue
            attempt = 1
            while folder.attempt(attempt + 1).exists():
                attempt += 1
            claim = facts.read_claim(folder, attempt)
            if claim is not None:
                found[run_id] = Handle(self.name, run_id, attempt, f"{claim.pid}:{claim.start_ticks}")
        return found
