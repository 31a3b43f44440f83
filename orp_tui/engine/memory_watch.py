"""The memory of a training whose supervisor was killed: the same limit, watched by its adopter.

Where the training is in a cgroup of its own the kernel goes on holding the limit, and only its
counters are read. Elsewhere it is looked at once a second, as `supervisor/memory.py` does.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.run import Json
from orp_tui.engine import memory_limit

PERIOD_S = 0.95
GRACE_S = 10.0
"""A training that is over its limit has no longer than this to save and end."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """One attempt of a run with a limit in bytes."""

    def __init__(self, run_id: str, attempt: int, limit: int) -> None:
        self._name = memory_limit.name_of(run_id, attempt)
        self._limit = limit
        self._cgroup = _killed_in(self._name)
        self._used: int | None = None
        self._looked = -PERIOD_S

    def is_over(self, members: Sequence[int], now: float) -> bool:
        """Whether these processes use more than they may; always False where the kernel sees to it.

        `now` is in seconds of a clock that only goes forward.
        """
        if self._cgroup is None:
            folders = (memory_limit.folder_of(pid, self._name) for pid in members)
            self._cgroup = next((folder for folder in folders if folder is not None), None)
        if self._cgroup is not None or now - self._looked < PERIOD_S:
            return False
        self._looked = now
        used = sum(map(_resident, members))
        if used > self._limit:
            # Pages that processes share, as data loaders do, are in the sum once for each of them.
            used = sum(map(_proportional, members))
        self._used = max(used, self._used or 0)
        return used > self._limit

    def facts(self) -> Json:
        """What the exit record says of memory."""
        return {"limit": self._limit, "used": self._peak(), "by": "kernel" if self._cgroup else "watch"}

    def kills(self) -> int:
        """How often the kernel has killed in the training's cgroup; 0 where there is none."""
        return 0 if self._cgroup is None else _kills(self._cgroup)

    def remove(self) -> None:
        """Take the cgroup away, if nothing lives in it."""
        if self._cgroup is not None:
            with contextlib.suppress(OSError):
                self._cgroup.rmdir()

    def _peak(self) -> int | None:
        peak = "" if self._cgroup is None else _read(self._cgroup / "memory.peak").strip()
        return int(peak) if peak.isdigit() else self._used


def _killed_in(name: str) -> Path | None:
    """A cgroup of this name in which the kernel has killed, perhaps all that was in it; else None."""
    found = memory_limit.place()
    folder = None if found is None else found[0] / name
    return folder if folder is not None and _kills(folder) else None


def _kills(cgroup: Path) -> int:
    words = _read(cgroup / "memory.events").split()
    return int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0


def _resident(pid: int) -> int:
    words = _read(Path(f"/proc/{pid}/statm")).split()
    return int(words[1]) * _PAGE if len(words) > 1 else 0


def _proportional(pid: int) -> int:
    """Shared pages counted in part; as `_resident` where the kernel does not tell."""
    words = _read(Path(f"/proc/{pid}/smaps_rollup")).split()
    return int(words[words.index("Pss:") + 1]) << 10 if "Pss:" in words else _resident(pid)


def _read(path: Path) -> str:
    """The text; "" if it is gone or may not be read."""
    try:
        return path.read_text()
    except OSError:
        return ""
