"""Runs and exit records for tests of the pure core."""

from __future__ import annotations

from typing import Any

from orp_tui.core.run import ExitRecord, Run
from orp_tui.core.states import RunState


def made_run(run_id: str = "exp_20261124_093000_aaaa", **values: Any) -> Run:
    """A queued run that nobody has touched."""
    usual: dict[str, Any] = {
        "seq": 1, "name": "a", "state": RunState.QUEUED, "attempt": 0, "priority": 0, "held": False, "submitted_at": 1.0,
        "started_at": None, "ended_at": None, "cancel_requested_at": None, "cancel_by": None, "exit_code": None,
        "signal": None, "reason": None, "detail": None, "artifacts": "none", "finaliser_tries": 0, "not_before": None,
        "workspace": "isolated", "project": "/p", "retry_of": None, "deliverables_valid": None, "deliverables_total": 0,
        "version": 0,
    }  # fmt: skip
    return Run(id=run_id, **{**usual, **values})


def made_record(**values: Any) -> ExitRecord:
    """A command that was waited for and ended with 0."""
    usual: dict[str, Any] = {
        "how": "waited", "exit_code": 0, "signal": None, "started_at": 1.0, "ended_at": 2.0, "duration_s": 1.0, "stop": None,
        "spawn_error": None, "reason": None, "oom_kills": 0, "signals": (), "stderr_tail": "", "disk_free": None, "rusage": {},
    }  # fmt: skip
    return ExitRecord(**{**usual, **values})
