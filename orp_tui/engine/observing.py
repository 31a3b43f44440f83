"""Keep an observer alive while there are runs long enough to be looked at."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from orp_tui.core.layout import BasePaths
from orp_tui.core.ports import Clock
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine.launch import engine_command, spawn
from orp_tui.files import locks
from orp_tui.files.locks import LockState

WORTH_IT_S = 2.0
"""A run must have lasted so long before an observer is started for it: short ones need none."""
AGAIN_S = 5.0


class ObserverKeeper:
    """Starts `orp observe` when it is needed and does not run; it ends by itself when it is not."""

    def __init__(self, paths: BasePaths, clock: Clock) -> None:
        self._paths = paths
        self._clock = clock
        self._tried = -AGAIN_S
        self._child: subprocess.Popen[bytes] | None = None

    def look_after(self, rows: list[Run]) -> None:
        """Called on every turn of the queue processor."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        if self._child is not None or not self._is_wanted(rows):
            return
        now = self._clock.monotonic()
        if now - self._tried < AGAIN_S:
            return
        self._tried = now
        if locks.ask(self._paths.observer_lock) is not LockState.HELD:
            with contextlib.suppress(
                OSError
            ):  # no process to be had: tried again later, no run depends on it
                self._child = self._start()

    def _is_wanted(self, rows: list[Run]) -> bool:
        now = self._clock.now()
        if any(run.state is RunState.QUEUED and run.needs.gpus for run in rows):
            return True  # no GPU is given without a fresh look at it
        return any(
            run.state is RunState.RUNNING
            and run.started_at is not None
            and now - run.started_at >= WORTH_IT_S
            for run in rows
        )

    def _start(self) -> subprocess.Popen[bytes]:
        command = engine_command(self._paths, "observe")
        return spawn(command, self._paths.state / "observer.log", cwd=Path("/"))
