"""The top of the engine's processes: what nobody expected becomes a traceback in the process's log."""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Callable


def guarded(verb: str, work: Callable[[], int], *, broken: int) -> int:
    """What `work` returns; `broken` if it raises, with the time and the traceback on stderr, its log.

    On a full disk the words are left out.
    """
    try:
        return work()
    except Exception:  # noqa: BLE001 - nothing is above: unsaid here, it would be lost
        with contextlib.suppress(OSError):
            sys.stderr.write(time.strftime(f"%Y-%m-%dT%H:%M:%SZ {verb}:\n", time.gmtime()))
            traceback.print_exc()
        return broken
