"""A program in a terminal of its own: a pseudo-terminal whose bytes are kept and drawn by an emulator."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyte

ORP_TUI = (sys.executable, "-P", "-m", "orp_tui")


def _begin(hang_ups: signal.Handlers) -> None:
    """In the child: the terminal is its own; whether these tests run under nohup is no matter."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, hang_ups)


class RealTerminal:
    """Starts the program at once; `raw` is all it has written."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        cwd: str,
        size: tuple[int, int],
        hang_ups: signal.Handlers = signal.SIG_DFL,
    ) -> None:
        self.raw = bytearray()
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._ours, self._theirs = pty.openpty()
        self.resize(*size)
        self.process = subprocess.Popen(
            argv,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
            preexec_fn=lambda: _begin(hang_ups),
        )

    def modes(self) -> list[Any]:
        """The terminal's modes, as `stty` would show them."""
        return termios.tcgetattr(self._theirs)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size; the program is told."""
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def read(self, seconds: float = 0.05) -> bool:
        """Take what comes within that time; whether anything came."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return False
        data = os.read(self._ours, 1 << 16)
        self.raw += data
        # pyte takes the modes of these keyboard protocols for colours.
        for sequence in (b"\x1b[>25u", b"\x1b[<u"):
            data = data.replace(sequence, b"")
        # It knows no alternate screen: entering and leaving one gives an empty screen here.
        for sequence in (b"\x1b[?1049h", b"\x1b[?1049l"):
            data = data.replace(sequence, b"\x1b[H\x1b[2J")
        self._stream.feed(data)
        return True

    def until(self, *texts: str, gone: str | None = None, seconds: float = 30.0) -> str:
        """Read until the screen shows all these texts, and no more what is to be gone."""
        deadline = time.monotonic() + seconds
        while not all(text in self.text for text in texts) or (gone is not None and gone in self.text):
            assert time.monotonic() < deadline, f"{texts} (gone: {gone}) not seen; the screen:\n{self.text}"
            if not self.read():
                assert self.process.poll() is None, f"it has ended; the screen:\n{self.text}"
        return self.text

    def send(self, keys: str) -> None:
        """Type these characters."""
        os.write(self._ours, keys.encode())

    def end(self, seconds: float = 30.0) -> int:
        """Read until the program ends: its exit code, or minus the signal that ended it."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still there after {seconds} s; the screen:\n{self.text}"
            self.read()
        while self.read(0):
            pass
        return self.process.returncode

    def hang_up(self) -> int:
        """Close the terminal, as a window that is closed or a line that breaks; how the program ended."""
        self._close()
        return self.process.wait(30)

    def close(self) -> None:
        """End the program whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        for descriptor in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._ours = self._theirs = -1


@contextlib.contextmanager
def terminal(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    cwd: object = "/",
    size: tuple[int, int] = (100, 30),
    hang_ups: signal.Handlers = signal.SIG_DFL,
) -> Iterator[RealTerminal]:
    """A program in a terminal of that many columns and rows, ended in the end; `hang_ups` may be ignored."""
    real = RealTerminal(argv, env, cwd=str(cwd), size=size, hang_ups=hang_ups)
    try:
        yield real
    finally:
        real.close()


def environment(home: object, **more: str) -> dict[str, str]:
    """A user without settings in front of a terminal with true colours."""
    kept = {
        name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ
    }
    return {
        **kept,
        "HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        **more,
    }
