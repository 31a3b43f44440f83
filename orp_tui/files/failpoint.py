"""Places where a test can make ORP die, fail or wait: `ORP_FAILPOINT=NAME[@N][:ACTION]`.

NAME is a point's name, `leader.*` for all that begin so, or `*` for any; `@N` means its N-th hit in this process (1 if
left out); ACTION is `kill` (SIGKILL to oneself, the default), `enospc`, `eio`, or
`sleep=SECONDS`. `ORP_FAILPOINT_LOG=FILE` appends the name of every point that is
passed, which is how a sweep learns how many there are.

When neither variable is set at import, `hit` does nothing at all. The supervisor
imports nothing of ours and carries the same few lines itself.
"""

from __future__ import annotations

import errno
import os
import signal
import time

_SPEC = os.environ.get("ORP_FAILPOINT", "")
_LOG = os.environ.get("ORP_FAILPOINT_LOG", "")
_hits: dict[str, int] = {}


def _hit(name: str) -> None:
    if _LOG:
        with open(_LOG, "a", encoding="utf-8") as log:
            log.write(f"{os.getpid()} {name}\n")
    if not _SPEC:
        return
    where, _, action = _SPEC.partition(":")
    wanted, _, number = where.partition("@")
    if wanted != name and not (wanted.endswith("*") and name.startswith(wanted[:-1])):
        return
    _hits[wanted] = _hits.get(wanted, 0) + 1
    if _hits[wanted] == int(number or 1):
        _act(action or "kill", name)


def _act(action: str, name: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action.startswith("sleep="):
        time.sleep(float(action.removeprefix("sleep=")))
    else:
        number = getattr(errno, action.upper())
        raise OSError(number, os.strerror(number), f"failpoint {name}")


def _nothing(name: str) -> None:
    """What `hit` is in real life."""


hit = _hit if _SPEC or _LOG else _nothing
