"""What an exit record and a checklist add up to: one state, one reason, one line of evidence."""

from __future__ import annotations

import dataclasses
import re

from orp_tui.core.checklist import ChecklistItem, ChecklistReport
from orp_tui.core.run import ExitRecord
from orp_tui.core.states import NO_ROOM_BYTES, Reason, RunState
from orp_tui.core.words import size

_CUDA_OOM = re.compile(r"CUDA out of memory|torch\.(cuda\.)?OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY")
_DISK_FULL = re.compile(r"No space left on device|\[Errno 28\]|Disk quota exceeded|\[Errno 122\]")

SIGNAL_NAMES = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
    10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU",
    25: "SIGXFSZ", 31: "SIGSYS",
}  # fmt: skip
SIGNAL_MEANINGS = {
    4: "illegal instruction", 6: "aborted itself", 7: "bus error", 8: "arithmetic error", 9: "killed from outside",
    11: "segmentation fault", 15: "asked to end from outside", 24: "CPU time limit", 25: "file size limit",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a run ended."""

    state: RunState
    reason: Reason
    detail: str
    """The evidence, one line for a person."""


def verdict(record: ExitRecord, report: ChecklistReport | None) -> Verdict:
    """The end of a run, from how its command ended and what it delivered.

    `report` is None when the checks could not be made; that is never a success.
    """
    if record.how == "lost":
        return Verdict(
            RunState.LOST, Reason(record.reason), _LOST.get(record.reason or "", "nobody saw its end")
        )
    if record.spawn_error is not None:
        return Verdict(RunState.FAILED, Reason.SPAWN_ERROR, record.spawn_error)
    if record.stop is not None:
        stopped = _stopped(record)
        if stopped is not None:
            return stopped
    if _killed_at_limit(record) and record.exit_code != 0:
        return Verdict(RunState.FAILED, Reason.OOM_KERNEL, f"killed by the kernel: {_memory(record)}")
    if record.exit_code is None and record.signal is None:
        return Verdict(
            RunState.LOST,
            Reason.UNKNOWN_EXIT,
            f"ended without a supervisor, so nobody knows its exit code{_delivered(report)}",
        )
    if record.exit_code == 0:
        return _exited_well(report)
    return _failed(record)


_LOST = {
    Reason.REBOOTED.value: "the machine was restarted while it ran",
    Reason.SUPERVISOR_KILLED.value: "its supervisor was killed and it ended unseen",
    Reason.PROCESSES_VANISHED.value: "all its processes vanished at once, as when a container ends",
    Reason.FOLDER_DELETED.value: "its folder was deleted",
}


def _delivered(report: ChecklistReport | None) -> str:
    return (
        ""
        if report is None or not report.items
        else f"; {report.valid}/{len(report.items)} deliverables valid"
    )


def _stopped(record: ExitRecord) -> Verdict | None:
    """The verdict on a training that ORP stopped; None if it ended well by itself before the signal."""
    assert record.stop is not None
    if record.how != "not_started" and not record.signals:
        return None
    how = (
        f" (sent {', '.join(map(sent_in_words, record.signals))})" if record.signals else " before it started"
    )
    why = record.stop.why
    if why == "cancelled":
        by = f" by {record.stop.by}" if record.stop.by else ""
        return Verdict(RunState.CANCELLED, Reason.CANCELLED, f"cancelled{by}{how}")
    if why == "timed_out":
        return Verdict(RunState.FAILED, Reason.TIMED_OUT, f"its time limit passed{how}")
    if why == "stalled":
        return Verdict(RunState.FAILED, Reason.STALLED, f"no line in its logs for too long{how}")
    if why == "oom":
        return Verdict(RunState.FAILED, Reason.OOM, f"{_memory(record)}{how}")
    return Verdict(
        RunState.FAILED, Reason.TERMINATED, f"stopped from outside ORP, {record.stop.by or 'SIGTERM'}{how}"
    )


def _memory(record: ExitRecord) -> str:
    found = record.memory or {}
    return f"memory limit {size(found.get('limit'))}: used {size(found.get('used'))}"


def _killed_at_limit(record: ExitRecord) -> bool:
    """The kernel killed in the run's own cgroup; where a worker of it was killed, the main process may end by itself."""
    return record.oom_kills > 0 and record.memory is not None and record.memory.get("by") == "kernel"


def sent_in_words(sent: str) -> str:
    """`signal 15 to 4711`, as a supervisor notes it, with the name of the signal."""
    match = re.fullmatch(r"signal (\d+) to (\d+)", sent)
    if match is None:
        return sent
    return f"{SIGNAL_NAMES.get(int(match[1]), f'signal {match[1]}')} to {match[2]}"


def _exited_well(report: ChecklistReport | None) -> Verdict:
    if report is None:
        return Verdict(
            RunState.INCOMPLETE,
            Reason.FINALISER_FAILED,
            "exit code 0, but its deliverables could not be checked",
        )
    wrong = report.first_wrong
    if wrong is None:
        return Verdict(RunState.SUCCEEDED, Reason.OK, f"exit code 0{_delivered(report)}")
    return Verdict(
        RunState.INCOMPLETE,
        Reason.DELIVERABLE,
        f"exit code 0, but {_of_item(wrong)}",
    )


def _of_item(wrong: ChecklistItem) -> str:
    """What is wrong with a deliverable, its path said once."""
    said = wrong.detail or wrong.status.value
    return said if said.startswith(wrong.path) else f"{wrong.path}: {said}"


def _failed(record: ExitRecord) -> Verdict:
    last = _last_line(record.stderr_tail)
    if record.signal == 9 and record.oom_kills > 0:
        return Verdict(RunState.FAILED, Reason.OOM_KERNEL, "killed by the kernel: out of memory")
    if match := _CUDA_OOM.search(record.stderr_tail):
        return Verdict(
            RunState.FAILED, Reason.OOM_CUDA, f"GPU out of memory: {_line_of(record.stderr_tail, match)}"
        )
    if match := _DISK_FULL.search(record.stderr_tail):
        return Verdict(RunState.FAILED, Reason.DISK_FULL, f"disk full: {_line_of(record.stderr_tail, match)}")
    said = f": {last}" if last else ""
    if record.disk_free is not None and record.disk_free < NO_ROOM_BYTES:
        how = (
            f"exit code {record.exit_code}"
            if record.signal is None
            else SIGNAL_NAMES.get(record.signal, "a signal")
        )
        return Verdict(RunState.FAILED, Reason.DISK_FULL, f"the disk was full when it ended with {how}{said}")
    if record.signal is not None:
        name = SIGNAL_NAMES.get(record.signal, f"signal {record.signal}")
        meaning = SIGNAL_MEANINGS.get(record.signal)
        return Verdict(
            RunState.FAILED, Reason.SIGNAL, f"ended by {name}" + (f" ({meaning})" if meaning else "") + said
        )
    return Verdict(RunState.FAILED, Reason.EXIT_CODE, f"exit code {record.exit_code}{said}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-200:] if lines else ""


def _line_of(text: str, match: re.Match[str]) -> str:
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    return text[start : end if end >= 0 else None].strip()[:200]
