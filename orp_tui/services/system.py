"""The machine, the queue and what happened last, for a screen of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import TYPE_CHECKING

from orp_tui.core.errors import OrpError
from orp_tui.services.context import Context
from orp_tui.services.machine import MachineLook, MachineWatch, newest_events

if TYPE_CHECKING:
    from orp_tui.services.watch import Snapshot
    from orp_tui.store.events import Event

EVENTS = 100


@dataclasses.dataclass(frozen=True)
class SystemLook:
    """Everything of one moment."""

    machine: MachineLook
    seen: Snapshot | None
    """Queue and runs; None: nothing was ever run here."""
    events: tuple[Event, ...] = ()
    """What happened in the queue, the newest first; only in a full look."""
    own_memory: int | None = None
    """Bytes of main memory that this process has to itself."""


class SystemReader:
    """Looks from one thread; `full` for the System screen, else only what the strip shows."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._watch = MachineWatch(context.paths)
        self._events: tuple[Event, ...] = ()
        self._newest = -1

    def look(self, seen: Snapshot | None, *, full: bool = False) -> SystemLook:
        """The machine now. `seen` is the newest look at the queue."""
        machine = self._watch.look(seen.unfinished if seen is not None else (), full=full)
        if not full:
            return SystemLook(machine, seen)
        if seen is not None and seen.event != self._newest:
            self._read_events(seen.event)
        return SystemLook(machine, seen, self._events, _own_memory())

    def close(self) -> None:
        """End what asks the GPU driver."""
        self._watch.close()

    def _read_events(self, newest: int) -> None:
        with contextlib.suppress(OrpError, OSError), self._context.store() as connection:
            self._events = newest_events(connection, newest, EVENTS)
            self._newest = newest


def _own_memory() -> int | None:
    """Resident without what is shared with other programs."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            words = file.read().split()
        return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
