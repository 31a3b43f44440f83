"""A check in a process of its own: foreign code, patterns and large values can't hang or fill ours."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from orp_tui.core.checklist import Check, CheckResult
from orp_tui.deliverables.context import Context
from orp_tui.deliverables.findings import error, shown

TIME_S = 60.0
MEMORY = 2 * 1024**3
"""Bytes of address space; plug-ins have no limit, since their libraries may reserve any amount."""
_MAX_ANSWER = 1024 * 1024
_MARK = b"\norp-answer:"


def run_apart(context: Context, check: Check, *, plugin: bool) -> CheckResult:
    """What the check says, made in a child; an error if it takes more than `timeout_s` (60) or crashes."""
    from orp_tui.deliverables.processes import run_bounded

    timeout_s = float(check.options.get("timeout_s") or TIME_S)
    request = {
        # Without "": it would be the child's working directory.
        "path": [os.path.abspath(entry) for entry in sys.path if entry],
        "workspace": os.path.abspath(context.folder.folder),
        "deliverable": context.deliverable.to_json(),
        "targets": [target.path for target in context.targets],
        "truncated": context.truncated,
        "now": context.now,
        "final": context.final,
        "baseline": context.baseline if plugin else None,
        "environment": dict(context.environment) if plugin and context.environment is not None else None,
        "check": check.to_json(),
        "plugin": plugin,
        "memory": None if plugin else MEMORY,
        "parent": os.getpid(),
    }
    stdin = os.memfd_create("orp-check")
    try:
        with open(stdin, "wb", closefd=False) as file:
            file.write(json.dumps(request).encode())
        os.lseek(stdin, 0, os.SEEK_SET)
        ended = run_bounded(
            [sys.executable, "-I", os.path.join(os.path.dirname(__file__), "apart_worker.py")],
            cwd="/",
            environment=None,
            timeout_s=timeout_s,
            keep=_MAX_ANSWER,
            stdin=stdin,
        )
    except OSError as problem:
        return error(check.name, f"no process could be started for it: {problem.strerror or problem}")
    finally:
        os.close(stdin)
    if ended.returncode is None:
        return error(check.name, f"not done after {timeout_s:g} s; stopped")
    return _answer(check.name, ended.output, ended.returncode)


def _answer(name: str, output: bytes, returncode: int) -> CheckResult:
    said, mark, answer = output.rpartition(_MARK)
    try:
        if mark:
            found: Mapping[str, Any] = json.loads(answer)  # Any: as JSON gives it
            return CheckResult.from_json(dict(found))
    except (ValueError, KeyError, TypeError):
        said = output
    lines = (said or output).decode("utf-8", "replace").strip().splitlines()
    last = f": {shown(lines[-1], 160)}" if lines else ""
    how = f"signal {-returncode}" if returncode < 0 else f"exit {returncode}"
    return error(name, f"its process ended by {how} without an answer{last}")
