"""`result.json` and exit records as mappings: made here, read into rows here."""

from __future__ import annotations

import datetime
import math
import os
from pathlib import Path

from orp_tui.core.artifact import ArtifactState
from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME
from orp_tui.core.result import ExperimentResult
from orp_tui.core.run import ExitRecord, Json, Run
from orp_tui.core.verdict import Verdict, verdict
from orp_tui.engine import host
from orp_tui.metrics.primary import PrimaryRule, PrimaryValue

TAIL_BYTES = 2048


def utc(seconds: float | None) -> str | None:
    """ISO 8601 with microseconds and `Z`; None for None."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat().replace("+00:00", "Z")


def seconds_of(text: str | None) -> float | None:
    """The reverse of `utc`."""
    return None if text is None else datetime.datetime.fromisoformat(text).timestamp()


def exit_record(
    attempt: int,
    how: str,
    *,
    now: float,
    started_at: float | None = None,
    reason: str | None = None,
    spawn_error: str | None = None,
    stderr_tail: str = "",
) -> Json:
    """The record of an end that no supervisor saw."""
    return {
        "schema": 1,
        "attempt": attempt,
        "how": how,
        "status": None,
        "exit_code": None,
        "signal": None,
        "started_at": started_at,
        "ended_at": now,
        "duration_s": None,
        "boot_id": host.boot_id(),
        "stop": None,
        "signals": [],
        "spawn_error": spawn_error,
        "reason": reason,
        "oom_kills": 0,
        "stderr_tail": stderr_tail,
        "rusage": {},
    }


def tail_of(path: Path) -> str:
    """The last 2 KiB of a log as text; "" if it can't be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        size = os.fstat(descriptor).st_size
        return os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES)).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def build(
    run_id: str,
    name: str,
    attempt: int,
    record: ExitRecord,
    judged: Verdict,
    report: ChecklistReport | None,
    metrics: dict[str, float],
    zip_path: str | None,
) -> Json:
    """All of `result.json` but `artifact`, which is known only when the zip is written."""
    result = ExperimentResult(
        experiment_id=run_id,
        name=name,
        status=judged.state.value,
        start_time=utc(record.started_at),
        end_time=utc(record.ended_at),
        duration_s=record.duration_s,
        exit_code=record.exit_code,
        signal=record.signal,
        error_message=None if judged.state.value == "succeeded" else judged.detail,
        reason=judged.reason.value,
        deliverables_status=report.by_path() if report else {},
        metrics=metrics,
        artifacts_path=zip_path,
        training_stdout_path=f"{zip_path}::{STDOUT_NAME}" if zip_path else None,
        training_stderr_path=f"{zip_path}::{STDERR_NAME}" if zip_path else None,
    )
    return {
        "schema": 1,
        "attempt": attempt,
        **result.to_json(),
        "detail": judged.detail,
        "deliverables": {"valid": report.valid, "total": len(report.items)} if report else None,
        "rusage": record.rusage,
    }


OF_PART = "of this run's part alone: what the runs before it logged could not be read"


def primary(rule: PrimaryRule | None, found: PrimaryValue | None, of: str = "run") -> Json | None:
    """The metric by which the run is judged, as the result holds it; None if its experiment names none.

    `value` and `step` are None if it was not logged, or not where it is to be read. `of` says what is judged:
    the `run`, or of a resumed one the `chain` with the runs before it, or only its `own part`.
    """
    if rule is None:
        return None
    step = None if found is None or not math.isfinite(found.step) else found.step
    return {
        "name": rule.name,
        "goal": rule.goal,
        "at": rule.at_words or None,
        "value": None if found is None else found.value,
        "step": step,
        "warning": "; ".join(filter(None, (rule.warning, OF_PART if of == "own part" else ""))) or None,
        "of": of,
    }


def without_finaliser(run: Run, record: ExitRecord | None, *, now: float) -> Json:
    """A result from the exit record alone, when no finaliser could do its work."""
    if record is None:
        record = ExitRecord.from_json(exit_record(run.attempt, "lost", now=now, reason="supervisor_killed"))
    data = build(run.id, run.name, run.attempt, record, verdict(record, None), None, {}, None)
    data["primary"] = None
    data["artifact"] = ArtifactState(
        "error", why="the finaliser ended three times before it was done"
    ).to_json()
    return data


def row_values(data: Json) -> dict[str, object]:
    """What the row holds of a result; a damaged one is an end all the same, and its detail says so."""
    deliverables = data.get("deliverables")
    missing = [name for name in ("end_time", "exit_code", "reason", "detail") if name not in data]
    return {
        "started_at": seconds_of(data.get("start_time")),
        "ended_at": seconds_of(data.get("end_time")),
        "exit_code": data.get("exit_code"),
        "signal": data.get("signal"),
        "reason": data.get("reason"),
        "detail": f"result.json is damaged: no {', '.join(missing)}" if missing else data["detail"],
        "artifacts": ArtifactState.from_json(data.get("artifact")).for_row(),
        "deliverables_valid": deliverables["valid"] if deliverables else None,
    }
