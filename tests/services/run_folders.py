"""Run folders made by hand, as submit, supervisor and finaliser would leave them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.request import ArtifactRule, RunRequest, StopRule
from orp_tui.core.run import ExitRecord
from orp_tui.core.verdict import verdict
from orp_tui.engine import host, results
from orp_tui.engine.settle import fence
from orp_tui.files.atomic import to_json, write_json


def run_id(name: str) -> str:
    """`exp_20261124_093000_<name>`, with the letters that ids don't have replaced."""
    return f"exp_20261124_093000_{name.translate(str.maketrans('ilou', '110v')):0<4}"


def submitted(paths: BasePaths, name: str, **values: Any) -> RunPaths:
    """The folder of a run that was submitted and nothing else."""
    folder = paths.run(run_id(name))
    folder.folder.mkdir(mode=0o700, parents=True)
    usual: dict[str, Any] = {
        "id": run_id(name), "name": name, "description": "", "submitted_at": 1.0, "submitted_by": "me@here", "project": "/p",
        "workspace": "isolated", "cwd": str(folder.workspace), "argv": ("true",), "shell": False, "seed": None, "config": {},
        "stop": StopRule(), "timeout_s": None, "stall_s": None, "leftovers": "kill", "deliverables": (),
        "artifacts": ArtifactRule(), "env_file": None, "secret_names": (), "tree": None, "priority": 0, "umask": 0o022,
        "experiment": {}, "experiment_sha256": "", "config_sha256": f"hash of {name}",
    }  # fmt: skip
    write_json(folder.request, RunRequest(**{**usual, **values}).to_json())
    return folder


def claimed(folder: RunPaths, attempt: int = 1, **values: Any) -> None:
    """A supervisor of this boot, which is dead, has claimed the attempt."""
    usual = {
        "schema": 1, "by": "supervisor", "pid": 2**22 + 1, "start_ticks": 1, "boot_id": host.boot_id(), "pid_namespace": host.pid_namespace(),
        "lock": "", "host": Path("/proc/sys/kernel/hostname").read_text().strip(), "orp": "0", "at": 2.0,
    }  # fmt: skip
    folder.attempt(attempt).write_bytes(to_json({**usual, **values}))


def fenced(folder: RunPaths, attempt: int = 1) -> None:
    """A queue processor has made sure that the attempt never happens."""
    assert fence(folder, attempt, now=2.0)


def started(folder: RunPaths, attempt: int = 1) -> None:
    """The command was started at 3.0."""
    record = {
        "schema": 1,
        "pid": 2**22 + 2,
        "start_ticks": 1,
        "boot_id": host.boot_id(),
        "at": 3.0,
        "command": ["true"],
    }
    folder.started(attempt).write_bytes(to_json(record))


def exited(folder: RunPaths, attempt: int = 1, *, code: int = 0) -> ExitRecord:
    """The command has ended at 4.0."""
    record = results.exit_record(attempt, "waited", now=4.0, started_at=3.0) | {"exit_code": code}
    folder.exit(attempt).write_bytes(to_json(record))
    return ExitRecord.from_json(record)


def ended(folder: RunPaths, attempt: int = 1, *, code: int = 0) -> None:
    """Claimed, started, exited and finalised."""
    claimed(folder, attempt)
    started(folder, attempt)
    record = exited(folder, attempt, code=code)
    judged = verdict(record, None)
    data = results.build(folder.run_id, "a", attempt, record, judged, None, {}, None)
    data["artifact"] = {"state": "pending", "why": "needs 3.1 GB, 0.4 free"}
    write_json(folder.result, data)


def cancelled(folder: RunPaths) -> None:
    """Somebody asked for its end at 5.0."""
    write_json(folder.cancel, {"schema": 1, "by": "you@there", "at": 5.0, "grace_s": None})
