"""One process at a time moves things into the trash, out of it, or empties it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from orp_tui.core.errors import OrpError
from orp_tui.core.layout import BasePaths
from orp_tui.files import locks

WAIT_S = 30.0
_POLL_S = 0.05


@contextlib.contextmanager
def alone_in_trash(paths: BasePaths, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Nobody else changes the trash inside; who empties it needs this only to set things aside.

    Raises OrpError if somebody else does for too long, OSError if the lock can't be opened.
    """
    paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    while (descriptor := locks.take(paths.state / "trash.lock")) is None:
        if time.monotonic() >= deadline:
            raise OrpError(f"{paths.trash}: somebody else is at work in it; try again")
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        os.close(descriptor)
