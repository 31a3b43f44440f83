"""Where a run can stand, which event leads from where to where, and why runs end."""

from __future__ import annotations

import enum

from orp_tui.core.errors import IllegalTransition


class RunState(enum.Enum):
    """Where a run stands. Stored by value, so a value is never renamed."""

    QUEUED = "queued"
    STARTING = "starting"
    """Claimed by the queue processor; its command may or may not have been started yet."""
    RUNNING = "running"
    FINISHING = "finishing"
    """The command has ended; leftovers, deliverables and the zip are being seen to."""
    SUCCEEDED = "succeeded"
    INCOMPLETE = "incomplete"
    """Exit code 0, but a required deliverable is missing or invalid."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Nobody saw how it ended: its supervisor or its machine went away."""

    @property
    def is_final(self) -> bool:
        return self not in NEXT

    @property
    def is_active(self) -> bool:
        """Claimed and not ended: it may own processes and a slot."""
        return self in (RunState.STARTING, RunState.RUNNING, RunState.FINISHING)


_ENDS = {
    "succeed": RunState.SUCCEEDED,
    "incomplete": RunState.INCOMPLETE,
    "fail": RunState.FAILED,
    "cancel": RunState.CANCELLED,
    "lose": RunState.LOST,
}

NEXT: dict[RunState, dict[str, RunState]] = {
    RunState.QUEUED: {
        "claim": RunState.STARTING,
        "catch_up": RunState.STARTING,
        "cancel": RunState.CANCELLED,
        "lose": RunState.LOST,
        "fail": RunState.FAILED,
    },
    RunState.STARTING: {
        "requeue": RunState.QUEUED,
        "catch_up": RunState.STARTING,
        "start": RunState.RUNNING,
        "finish": RunState.FINISHING,
        **_ENDS,
    },
    RunState.RUNNING: {"finish": RunState.FINISHING, **_ENDS},
    RunState.FINISHING: dict(_ENDS),
}
"""From a state by an event to the next. A state that is no key is final.

`requeue` exists only from STARTING: it is taken only when it is proven that the
command was never started. `catch_up` is for a database older than the folders.
"""

EVENT_OF_END = {state: event for event, state in _ENDS.items()}
"""The event that leads to a final state."""


def advance(run_id: str, state: RunState, event: str) -> RunState:
    """The state after `event`.

    Raises IllegalTransition if the table has no such step.
    """
    try:
        return NEXT[state][event]
    except KeyError:
        raise IllegalTransition(run_id, state.value, event) from None


class Reason(enum.Enum):
    """Why a run ended as it did. A closed list, stored by value."""

    OK = "ok"
    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    OOM_KERNEL = "oom_kernel"
    """The kernel's out-of-memory killer, or the memory limit of its cgroup."""
    OOM = "oom"
    """ORP stopped it above its memory limit."""
    OOM_CUDA = "oom_cuda"
    DISK_FULL = "disk_full"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    SPAWN_ERROR = "spawn_error"
    DELIVERABLE = "deliverable"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    """The supervisor was told to stop from outside ORP, as at a shutdown of the machine."""
    UNKNOWN_EXIT = "unknown_exit"
    """It ended while nobody could see its exit code."""
    REBOOTED = "rebooted"
    SUPERVISOR_KILLED = "supervisor_killed"
    PROCESSES_VANISHED = "processes_vanished"
    """Supervisor and training went at once, as when a container ends."""
    FOLDER_DELETED = "folder_deleted"
    FINALISER_FAILED = "finaliser_failed"
    """The command's end is known, but checks and zip could not be made."""


class Mark(enum.Enum):
    """What needs attention beside the state. Stored by value."""

    HELD = "held"
    CANCEL_REQUESTED = "cancel_requested"
    UNSUPERVISED = "unsupervised"
    UNKILLABLE = "unkillable"
    DISK_FULL = "disk_full"
    STALLED = "stalled"
    STALE = "stale"
    FOLDER_MISSING = "folder_missing"


NO_ROOM_BYTES = 64 << 10
"""With less than so much left, a disk counts as full (`Mark.DISK_FULL`, `Reason.DISK_FULL`)."""
