"""Whether a run that ended is tried again by itself, and when. Pure."""

from __future__ import annotations

import re
from typing import Any

from orp_tui.core.run import Run
from orp_tui.core.states import Reason, RunState

Json = dict[str, Any]  # Any: values as JSON gives them

LONGEST_DELAY_S = 86400.0
ENDS = (RunState.FAILED, RunState.LOST, RunState.INCOMPLETE)
"""The ends after which a run can be tried again."""
_OOM = frozenset({Reason.OOM.value, Reason.OOM_KERNEL.value, Reason.OOM_CUDA.value})


def cause(rule: Json, run: Run, stderr_tail: str) -> str | None:
    """The entry of `on` for which an ended run is tried again; None if it is not.

    A `regex:` is searched in each of the last lines of stderr.
    """
    if run.state not in ENDS or run.retry >= rule["max"] or run.cancel_requested_at is not None:
        return None
    for word in rule["on"]:
        if word.startswith("regex:"):
            pattern = re.compile(word[6:])
            if any(pattern.search(line) for line in stderr_tail.splitlines()):
                return str(word)
        elif word.startswith("exit:"):
            if run.exit_code == int(word[5:]):
                return str(word)
        elif word == "oom":
            if run.reason in _OOM:
                return "oom"
        elif word in (run.state.value, run.reason):
            return str(word)
    return None


def delay_s(rule: Json, retry: int) -> float:
    """Seconds to wait after the end of a run that itself was the `retry`-th try again."""
    return min(float(rule["delay"]) * 2.0 ** min(retry, 30), LONGEST_DELAY_S)
