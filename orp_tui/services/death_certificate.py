"""How a run ended: reason, evidence, signals, what was used, its last words, and what one can do now."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from orp_tui.core.run import ExitRecord
from orp_tui.core.states import Reason, RunState
from orp_tui.core.verdict import SIGNAL_MEANINGS, SIGNAL_NAMES, sent_in_words

if TYPE_CHECKING:
    from orp_tui.services.detail import RunDetail

REASONS = {
    Reason.OK: "it did what it should",
    Reason.EXIT_CODE: "its command ended with an error",
    Reason.SIGNAL: "a signal from outside ORP ended it",
    Reason.OOM_KERNEL: "the kernel killed it for want of memory",
    Reason.OOM: "ORP stopped it above its memory limit",
    Reason.OOM_CUDA: "the GPU had too little memory",
    Reason.DISK_FULL: "the disk was full",
    Reason.TIMED_OUT: "its time limit passed",
    Reason.STALLED: "its logs said nothing for too long",
    Reason.SPAWN_ERROR: "its command could not be started",
    Reason.DELIVERABLE: "something it should deliver is missing or wrong",
    Reason.CANCELLED: "somebody cancelled it",
    Reason.TERMINATED: "its supervisor was told to stop, as at a shutdown",
    Reason.UNKNOWN_EXIT: "it ended while nobody could see its exit code",
    Reason.REBOOTED: "the machine was restarted while it ran",
    Reason.SUPERVISOR_KILLED: "its supervisor was killed, and it ended unseen",
    Reason.PROCESSES_VANISHED: "all its processes vanished at once, as when a container ends",
    Reason.FOLDER_DELETED: "its folder was deleted",
    Reason.FINALISER_FAILED: "its checks and its zip could not be made",
}
_STOPS = {
    "cancelled": "cancelled",
    "timed_out": "stopped by its time limit",
    "stalled": "stopped because its logs stalled",
    "oom": "stopped above its memory limit",
    "terminated": "stopped from outside ORP",
}
MOST_LINES = 12


@dataclasses.dataclass(frozen=True)
class DeathCertificate:
    """What is known of an end; what nobody knows is None or empty."""

    state: RunState
    reason: str
    """A value of `states.Reason`; empty if there is none."""
    reason_words: str
    evidence: str
    exit_code: int | None
    signal: str
    """`SIGKILL (killed from outside)`."""
    stopped: str
    """`cancelled by maria@lab`."""
    stopped_at: float | None
    """When ORP began to stop it, seconds since 1970."""
    signals: tuple[str, ...]
    """What ORP sent, the oldest first: `SIGTERM to 4711`."""
    started_at: float | None
    ended_at: float | None
    duration_s: float | None
    cpu_s: float | None
    """Of its processes, in user and kernel mode together."""
    memory_most: int | None
    """Bytes that its largest process had at most."""
    memory_limit: int | None
    memory_used: int | None
    """Bytes in use when the limit struck."""
    oom_kills: int
    disk_free: int | None
    """Bytes that were left where it wrote."""
    last_lines: tuple[str, ...]
    """Of its stderr, the oldest first; as they are, not yet harmless."""
    leftovers: int
    """Processes that outlived it and were ended."""
    archive: str
    """What became of its zip: `ok`, `pending: needs 3.1 GB, 0.4 free`."""
    next_steps: tuple[str, ...]
    """Commands that help from here."""


def certificate(found: RunDetail, last_words: str = "") -> DeathCertificate | None:
    """How the run ended; None while it has not. `last_words`: the end of its stderr, if its record holds none."""
    view = found.view
    if not view.state.is_final:
        return None
    record = _record(found)
    result = found.result or {}
    usage = record.rusage if record else {}
    memory = (record.memory if record else None) or {}
    said = (record.stderr_tail if record else "") or last_words
    return DeathCertificate(
        state=view.state,
        reason=view.reason or "",
        reason_words="an alert stopped it" if _is_by_alert(record) else reason_words(view.reason),
        evidence=view.detail or "",
        exit_code=view.exit_code,
        signal=signal_words(view.signal),
        stopped=_stopped(record),
        stopped_at=record.stop.at if record and record.stop else None,
        signals=tuple(map(sent_in_words, record.signals)) if record else (),
        started_at=view.started_at,
        ended_at=view.ended_at,
        duration_s=record.duration_s if record else view.elapsed_s(view.ended_at or 0.0),
        cpu_s=_sum(usage, "user_s", "system_s"),
        memory_most=_times(usage.get("max_rss_kib"), 1024),
        memory_limit=_int(memory.get("limit")),
        memory_used=_int(memory.get("used")),
        oom_kills=record.oom_kills if record else 0,
        disk_free=record.disk_free if record else None,
        last_lines=tuple(line for line in said.splitlines() if line.strip())[-MOST_LINES:],
        leftovers=_int(result.get("leftovers")) or 0,
        archive=_archive(result) or view.run.artifacts,
        next_steps=_next_steps(view.run.id, view.state, view.reason),
    )


def read_last_words(found: RunDetail) -> str:
    """The end of a run's stderr, for one whose record holds nothing of it; "" if that can't be read."""
    from orp_tui.engine.results import tail_of

    if not found.view.state.is_final or (found.exit or {}).get("stderr_tail"):
        return ""
    return tail_of(found.folder.stderr)


def signal_words(number: int | None) -> str:
    """`SIGKILL (killed from outside)`; empty for None."""
    if number is None:
        return ""
    name, meaning = SIGNAL_NAMES.get(number, f"signal {number}"), SIGNAL_MEANINGS.get(number)
    return f"{name} ({meaning})" if meaning else name


def _record(found: RunDetail) -> ExitRecord | None:
    """The exit record; None without one, or if it is damaged."""
    if found.exit is None:
        return None
    try:
        record = ExitRecord.from_json(found.exit)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    # A file may hold anything: only what is used here is looked at.
    kinds: tuple[tuple[object, type], ...] = (
        (record.rusage, dict),
        (record.memory or {}, dict),
        (record.stderr_tail, str),
        *((sent, str) for sent in record.signals),
    )
    is_sound = all(isinstance(value, kind) for value, kind in kinds)
    return record if is_sound else None


def reason_words(reason: str | None) -> str:
    """A value of `states.Reason` in a sentence; empty if it is none."""
    try:
        return REASONS[Reason(reason)]
    except ValueError:
        return ""


def _is_by_alert(record: ExitRecord | None) -> bool:
    return record is not None and record.stop is not None and str(record.stop.by).startswith("alert ")


def _stopped(record: ExitRecord | None) -> str:
    if record is None or record.stop is None:
        return ""
    words = _STOPS.get(record.stop.why, record.stop.why)
    return f"{words} by {record.stop.by}" if record.stop.by else words


def _archive(result: dict[str, Any]) -> str:  # Any: JSON
    artifact = result.get("artifact")
    if not isinstance(artifact, dict) or not artifact.get("state"):
        return ""
    why = artifact.get("why")
    return f"{artifact['state']}: {why}" if why else str(artifact["state"])


def _sum(values: dict[str, float], *names: str) -> float | None:
    known = [value for name in names if isinstance(value := values.get(name), int | float)]
    return sum(known) if known else None


def _times(value: object, factor: int) -> int | None:
    return round(value * factor) if isinstance(value, int | float) else None


def _int(value: object) -> int | None:
    return round(value) if isinstance(value, int | float) else None


def _next_steps(run_id: str, state: RunState, reason: str | None) -> tuple[str, ...]:
    if state is RunState.SUCCEEDED:
        return (f"orp artifacts list {run_id}",)
    steps = [f"orp logs {run_id} --stderr"]
    if reason == Reason.DELIVERABLE.value:
        steps = [f"orp shell {run_id}", f"orp logs {run_id}"]
    if reason in (Reason.REBOOTED.value, Reason.TIMED_OUT.value, Reason.CANCELLED.value):
        steps.append(f"orp resume {run_id}")
    return (*steps, f"orp retry {run_id}")
