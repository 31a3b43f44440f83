"""Make a supervisor look at its folder now and not within a second."""

from __future__ import annotations

import signal

from orp_tui.core.layout import BasePaths
from orp_tui.engine import facts, host
from orp_tui.files import locks
from orp_tui.files.locks import LockState


def let_go_on(paths: BasePaths, run_id: str, attempt: int) -> bool:
    """Continue a supervisor that somebody has stopped (SIGSTOP): limits and cancels hang on it."""
    claim = facts.read_claim(paths.run(run_id), attempt)
    if claim is None or claim.is_fence or not host.is_stopped(claim.pid, claim.start_ticks):
        return False
    return host.signal_process(claim.pid, claim.start_ticks, claim.boot_id, signal.SIGCONT)


def wake_supervisor(paths: BasePaths, run_id: str, attempt: int) -> bool:
    """Make the run's supervisor look at its folder at once; False if it is gone or not ours to signal."""
    claim = facts.read_claim(paths.run(run_id), attempt)
    if claim is None or claim.is_fence or claim.pid == 0:
        return False
    if locks.ask(paths.run(run_id).supervisor_lock) is not LockState.HELD:
        return False
    return host.signal_process(claim.pid, claim.start_ticks, claim.boot_id, signal.SIGUSR2)
