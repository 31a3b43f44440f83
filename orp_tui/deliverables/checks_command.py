"""A command of the user's that says whether a deliverable is good."""

from __future__ import annotations

import os
import shlex
import signal

from orp_tui.core.checklist import CheckResult
from orp_tui.deliverables.context import Context, Options
from orp_tui.deliverables.findings import error, failed, passed, shown
from orp_tui.deliverables.processes import run_bounded

_TIMEOUT_S = 60.0


def check_command(context: Context, options: Options) -> CheckResult:
    """`command` exits 0 within `timeout_s` (60).

    A list, or a string that is split as a POSIX shell splits words; no shell runs. It runs once in
    the workspace, whatever the number of files; $ORP_DELIVERABLE is the first of them.
    """
    command, timeout_s = options["command"], float(options.get("timeout_s") or _TIMEOUT_S)
    try:
        words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
    except ValueError as bad:
        return error("command", f"the command can't be split into words: {bad}")
    if not words:
        return error("command", "the command is empty")
    environment = dict(os.environ if context.environment is None else context.environment)
    environment["ORP_DELIVERABLE"] = context.targets[0].path
    try:
        ended = run_bounded(words, cwd=context.folder.folder, environment=environment, timeout_s=timeout_s)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        return error("command", f"{shown(words[0])} cannot be started: {reason}")
    last = _last_line(ended.output)
    if ended.returncode is None:
        return error("command", f"not done after {timeout_s:g} s; killed{last}")
    if ended.returncode:
        return failed("command", f"{_exit_in_words(ended.returncode)}{last}", ended.returncode)
    return passed("command", f"exit 0{last}", 0)


def _exit_in_words(returncode: int) -> str:
    if returncode > 0:
        return f"exit {returncode}"
    try:
        return f"ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"ended by signal {-returncode}"


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return f": {shown(lines[-1], 200)}" if lines else ""
