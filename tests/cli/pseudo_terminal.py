"""`orp` in a pseudo terminal whose bytes are kept: what a terminal would really be sent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from typing import Any

from desk import Desk

SECONDS = 30.0


class Terminal:
    """One process in a terminal of its own."""

    def __init__(
        self, desk: Desk, words: tuple[str, ...], *, columns: int, rows: int, **variables: str
    ) -> None:
        self._ours, theirs = pty.openpty()
        self.theirs = theirs
        self.resize(columns, rows)
        environment = desk.variables(**({"TERM": "xterm-256color"} | variables))
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            desk.command(*words),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=desk.folder,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        desk.children.append(self.process)
        self.seen = b""
        """Every byte so far."""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def until(self, word: bytes, seconds: float = SECONDS) -> bytes:
        """Everything so far, once `word` has come."""
        deadline = time.monotonic() + seconds
        while word not in self.seen:
            assert time.monotonic() < deadline, f"no {word!r} in {self.seen[-3000:]!r}"
            self._read()
        return self.seen

    def end(self, seconds: float = SECONDS) -> int:
        """The exit code, once the process has ended and all of its bytes are read."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still there: {self.seen[-3000:]!r}"
            self._read()
        while self._read():
            pass
        return self.process.returncode

    def _read(self) -> bytes:
        if not select.select([self._ours], [], [], 0.05)[0]:
            return b""
        try:
            data = os.read(self._ours, 1 << 16)
        except OSError:
            data = b""
        self.seen += data
        return data

    def modes(self) -> list[Any]:
        """The terminal's modes, as `stty` would show them."""
        return termios.tcgetattr(self.theirs)

    def close(self) -> None:
        for descriptor in (self._ours, self.theirs):
            with contextlib.suppress(OSError):
                os.close(descriptor)


@contextlib.contextmanager
def terminal(
    desk: Desk, *words: str, columns: int = 80, rows: int = 24, **variables: str
) -> Iterator[Terminal]:
    """A process in a terminal."""
    made = Terminal(desk, words, columns=columns, rows=rows, **variables)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.wait()
        made.close()


def in_terminal(desk: Desk, *words: str, columns: int = 80, rows: int = 24, **variables: str) -> bytes:
    """All that `orp WORDS` sends to a terminal until it ends."""
    with terminal(desk, *words, columns=columns, rows=rows, **variables) as made:
        made.end()
        return made.seen
