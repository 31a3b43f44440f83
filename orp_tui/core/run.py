"""A run as the database knows it, and the records that its folder holds of it.

Each record is a frozen dataclass with `from_json`; readers accept files of older
supervisors (runs outlive upgrades), so every key added later has a default.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from orp_tui.core.needs import NO_NEEDS, Dependency, Needs
from orp_tui.core.states import RunState

Json = dict[str, Any]  # Any: values as JSON gives them


@dataclasses.dataclass(frozen=True)
class Run:
    """A row of the table `run`. Times are seconds since 1970, UTC."""

    seq: int
    """Order of submission."""
    id: str
    name: str
    state: RunState
    attempt: int
    """The newest attempt that was claimed; 0 before the first."""
    priority: int
    held: bool
    submitted_at: float
    started_at: float | None
    ended_at: float | None
    cancel_requested_at: float | None
    cancel_by: str | None
    exit_code: int | None
    signal: int | None
    reason: str | None
    """A value of `states.Reason` once the run has ended."""
    detail: str | None
    """The evidence for the reason, one line."""
    artifacts: str
    """none, ok, pending or error; with what is missing behind a colon."""
    finaliser_tries: int
    not_before: float | None
    """No claim before this time: back-off after a failed start."""
    workspace: str
    """isolated, in_place or shared."""
    project: str
    retry_of: str | None
    deliverables_valid: int | None
    deliverables_total: int
    version: int
    """Rises with every change; an update names the one it has read."""
    group: str = "default"
    """The part of the queue it belongs to."""
    position: float = 0.0
    """Its place among runs of one priority; between two others after a move."""
    starts_at: float | None = None
    """Not before this time, by the wish of whoever submitted it."""
    needs: Needs = NO_NEEDS
    locks: tuple[str, ...] = ()
    """Named locks: such runs never overlap."""
    after: tuple[Dependency, ...] = ()
    """Runs that have to end first."""
    cards: tuple[int, ...] = ()
    """GPUs it was given, by index in PCI order."""
    batch: str | None = None
    """The submission it came with, if that had several runs."""
    seed: int | None = None
    retry: int = 0
    """How often its experiment was tried again before it; 0 for a first try."""
    config_sha256: str = ""
    """Of everything that makes two runs the same experiment."""
    experiment_file: str | None = None
    """Absolute path of the file that described it; None for a command, or if nobody noted it."""


@dataclasses.dataclass(frozen=True)
class Claim:
    """`attempt-n.json`: whoever made it decides whether the attempt happens."""

    by: str
    """`supervisor`: the attempt happens. `leader`: a fence, it never can."""
    pid: int
    start_ticks: int
    boot_id: str
    pid_namespace: str
    lock: str
    """`device:inode` of the lock file that was held; empty in a fence."""

    @property
    def is_fence(self) -> bool:
        return self.by != "supervisor"

    @classmethod
    def from_json(cls, data: Json) -> Claim:
        return cls(
            by=data["by"],
            pid=data["pid"],
            start_ticks=data["start_ticks"],
            boot_id=data["boot_id"],
            pid_namespace=data["pid_namespace"],
            lock=data.get("lock", ""),
        )


@dataclasses.dataclass(frozen=True)
class Started:
    """`started-n.json`: the training's main process."""

    pid: int
    start_ticks: int
    boot_id: str
    at: float
    """Seconds since 1970, UTC."""
    command: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Json) -> Started:
        return cls(
            data["pid"], data["start_ticks"], data["boot_id"], data["at"], tuple(data.get("command", ()))
        )


@dataclasses.dataclass(frozen=True)
class Stop:
    """Why ORP stopped a training."""

    why: str
    """cancelled, timed_out, stalled, oom or terminated."""
    at: float
    by: str = ""


@dataclasses.dataclass(frozen=True)
class ExitRecord:
    """`exit-n.json`: how the command ended; once written it is never contradicted."""

    how: str
    """waited, spawn_error, not_started (cancelled before the spawn), adopted or lost."""
    exit_code: int | None
    signal: int | None
    started_at: float | None
    ended_at: float
    duration_s: float | None
    """By a clock that no change of the date moves; None if it never started or nobody knows."""
    stop: Stop | None
    spawn_error: str | None
    reason: str | None
    """For `lost`: a value of `states.Reason`."""
    oom_kills: int
    """How often the kernel's out-of-memory killer struck in the run's cgroup or, failing that, on the machine."""
    signals: tuple[str, ...]
    """Signals that ORP sent, oldest first."""
    stderr_tail: str
    disk_free: int | None
    """Bytes that were left where the run wrote; None if nobody knows."""
    rusage: dict[str, float]
    memory: Json | None = None
    """limit and used (bytes), by (`kernel` or `watch`: who held the limit); None without a limit."""

    @classmethod
    def from_json(cls, data: Json) -> ExitRecord:
        stop = data.get("stop")
        return cls(
            how=data["how"],
            exit_code=data["exit_code"],
            signal=data["signal"],
            started_at=data.get("started_at"),
            ended_at=data["ended_at"],
            duration_s=data.get("duration_s"),
            stop=Stop(stop["why"], stop["at"], stop.get("by", "")) if stop else None,
            spawn_error=data.get("spawn_error"),
            reason=data.get("reason"),
            oom_kills=data.get("oom_kills", 0),
            signals=tuple(data.get("signals", ())),
            stderr_tail=data.get("stderr_tail", ""),
            disk_free=data.get("disk_free"),
            rusage=data.get("rusage", {}),
            memory=data.get("memory"),
        )


REFROZEN = "refrozen as "
"""The detail of a run that another one has taken the place of begins so."""


def refreeze_key(run_id: str, tree: str, number: int) -> str:
    """The idempotency key of the run with a newer tree that is to take the place of `run_id`; `number` counts from 1."""
    return f"refreeze:{run_id}:{tree}" + (f"#{number}" if number > 1 else "")


def refreeze_key_of(key: str | None) -> str | None:
    """The run whose place one with this key is to take; None if it is another's key."""
    words = (key or "").split(":")
    return words[1] if len(words) == 3 and words[0] == "refreeze" else None


@dataclasses.dataclass(frozen=True)
class CancelRequest:
    """`cancel.json`: created by whoever asked first; only a wish that the run end sooner takes its place."""

    by: str
    at: float
    grace_s: float | None
    """None: the grace of the experiment."""
    refrozen_as: str | None = None
    """The run with newer code that took its place; None if it was simply to end."""

    def to_json(self) -> Json:
        replaced = {"refrozen_as": self.refrozen_as} if self.refrozen_as else {}
        return {"schema": 1, "by": self.by, "at": self.at, "grace_s": self.grace_s, **replaced}

    @classmethod
    def from_json(cls, data: Json) -> CancelRequest:
        return cls(data["by"], data["at"], data.get("grace_s"), data.get("refrozen_as"))
