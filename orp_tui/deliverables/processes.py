"""Run one command to its end or its time limit, and leave nothing of it behind."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

_BLOCK = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int | None
    """As `subprocess` gives it, negative for a signal; None if the time ran out and it was killed."""
    output: bytes
    """The end of what it wrote to stdout and stderr together."""


def run_bounded(
    command: Sequence[str],
    *,
    cwd: str,
    environment: Mapping[str, str] | None,
    timeout_s: float,
    keep: int = 4096,
    stdin: int | None = None,
) -> Ended:
    """Run `command` without a terminal, in a session of its own; at the end its whole group is killed.

    `keep` bytes of output are kept, the last ones. `stdin` is a descriptor, None is nothing to read.
    Raises OSError if it cannot be started.
    """
    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        output, in_time = _read_until_end(process, process.stdout.fileno(), timeout_s, keep)
    finally:
        # Not reaped yet, so that the group's number cannot belong to anybody else.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()
    return Ended(process.returncode if in_time else None, output)


def _read_until_end(
    process: subprocess.Popen[bytes], stdout: int, timeout_s: float, keep: int
) -> tuple[bytes, bool]:
    """The last `keep` bytes, and whether the main process ended in time."""
    deadline = time.monotonic() + timeout_s
    kept = b""
    ended = os.pidfd_open(process.pid)
    os.set_blocking(stdout, False)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            selector.register(stdout, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                ready = {key.fd for key, _ in selector.select(left)}
                if stdout in ready:
                    block = os.read(stdout, _BLOCK)
                    kept = (kept + block)[-keep:]
                    if not block:
                        selector.unregister(stdout)
                elif ended in ready:  # and nothing more to read at this moment
                    return kept, True
            return kept, False
    finally:
        os.close(ended)
