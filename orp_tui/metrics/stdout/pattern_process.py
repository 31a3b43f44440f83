"""The one process that searches for patterns on behalf of all readers of this one, started when it is first needed."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

_WORKER = os.path.join(os.path.dirname(__file__), "pattern_worker.py")
PATIENCE_S = 60.0
"""By the clock; the worker ends itself long before, unless the machine is very busy."""
Found = list[tuple[int, dict[str, str | None]]]
"""Place of a line among those that were asked about, and what its groups hold."""


class Refused(Exception):
    """The pattern can't be used; the text says why, in words."""


class PatternProcess:
    """Asks one question at a time, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def search(self, pattern: str, lines: Sequence[str]) -> Found:
        """Where the pattern is found.

        Raises Refused for a pattern that is none or takes too long, OSError if no process can be started.
        """
        request = json.dumps({"pattern": pattern, "lines": list(lines)}).encode() + b"\n"
        with self._lock:
            answer = self._ask(request)
        if "error" in answer:
            raise Refused(f"is no regular expression: {answer['error']}")
        return [(place, groups) for place, groups in answer["found"]]

    def close(self) -> None:
        """End the process; another question starts one again."""
        with self._lock:
            self._end()

    def _ask(self, request: bytes) -> dict[str, list[tuple[int, dict[str, str | None]]]]:
        process = self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(request)
            process.stdin.flush()
            line = self._line(process)
        except OSError:  # it has ended meanwhile
            line = b""
        if line.endswith(b"\n"):
            answer: dict[str, list[tuple[int, dict[str, str | None]]]] = json.loads(line)
            return answer
        code = self._end()
        why = (
            "takes too long"
            if code in (-signal.SIGVTALRM, -signal.SIGKILL)
            else f"ended its process ({code})"
        )
        raise Refused(f"{why}; a repeat inside a repeat often does, as in (a+)+")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for us
            )
        return self._process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        """The answer; without a newline at its end if there is none."""
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        deadline, parts = time.monotonic() + PATIENCE_S, [b""]
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not parts[-1].endswith(b"\n") and selector.select(max(0.0, deadline - time.monotonic())):
                parts.append(os.read(descriptor, 1 << 20))
                if not parts[-1]:
                    break
        return b"".join(parts)

    def _end(self) -> int | None:
        """Its exit code; None if there was no process."""
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin is not None
        assert process.stdout is not None
        if process.poll() is None:
            try:
                process.stdin.close()
                process.wait(0.5)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
        process.stdout.close()
        with contextlib.suppress(OSError):  # what it never read
            process.stdin.close()
        return process.wait()


SHARED = PatternProcess()
atexit.register(SHARED.close)
