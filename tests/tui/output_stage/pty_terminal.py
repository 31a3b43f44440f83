"""A program in a pseudo terminal with an emulator at its other end."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from output_stage.emulator import Emulator

APP = Path(__file__).with_name("sample_app.py")
QUERIES = {r"\x1b\[\?2026\$p": "\x1b[?2026;2$y", r"\x1b\[\?2048\$p": "\x1b[?2048;0$y"}

Answer = Callable[["PtyTerminal"], None]


def at_once(terminal: PtyTerminal) -> None:
    """Every question is answered."""
    terminal.type("".join(terminal.screen.answers))
    terminal.screen.answers.clear()


def never(terminal: PtyTerminal) -> None:
    """A terminal that does not know the question."""


def late(terminal: PtyTerminal) -> None:
    """The answers come when nothing else has come for a while."""
    if time.monotonic() > terminal.quiet_since + 0.15:
        at_once(terminal)


def garbage(terminal: PtyTerminal) -> None:
    """Doubled answers, answers to what was not asked, and bytes that are no UTF-8."""
    if terminal.screen.answers:
        terminal.screen.answers.clear()
        noise = ["\x1b[0n\x1b[0n", "\x1b[3n", "\x1b[0n\x1b[200~\x1b[201~", "\x1b[0n"]
        terminal.type(noise[len(terminal.seen) % len(noise)])
        os.write(terminal.near, b"\xff\xc3")


class PtyTerminal:
    """One process and its terminal."""

    def __init__(
        self, *words: str, columns: int = 100, rows: int = 36, answer: Answer = at_once, **variables: str
    ) -> None:
        self.screen = Emulator(columns, rows)
        self.answer = answer
        self.quiet_since = time.monotonic()
        self.near, self.far = pty.openpty()
        self._set_size(columns, rows)
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("TEXTUAL", "SSH"))
        }
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environ.pop(name, None)
        self.process = subprocess.Popen(
            words,
            stdin=self.far,
            stdout=self.far,
            stderr=self.far,
            env=environ
            | {
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "LANG": "C.UTF-8",
                "TEXTUAL_ANIMATIONS": "none",
            }
            | variables,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self.seen = b""
        """Every byte so far."""

    def type(self, keys: str) -> None:
        os.write(self.near, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        self.quiet_since = time.monotonic()
        self._set_size(columns, rows)
        self.screen.resize(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self.far)

    def read(self, wait_s: float = 0.02) -> bool:
        """Take what came; False if nothing did."""
        if not select.select([self.near], [], [], wait_s)[0]:
            self.answer(self)
            return False
        try:
            data = os.read(self.near, 1 << 16)
        except OSError:
            return False
        self.seen += data
        self.quiet_since = time.monotonic()
        self.screen.feed(self._decode(data))
        for query, reply in QUERIES.items():
            for _ in re.findall(query.encode(), data):
                os.write(self.near, reply.encode())
        self.answer(self)
        return True

    def until(self, condition: Callable[[], bool], what: str = "", seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            shown = "\n".join(self.screen.text())
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{shown}"
            self.read()

    def shows(self, text: str) -> bool:
        return any(text in row for row in self.screen.text())

    def until_shown(self, text: str) -> None:
        self.until(lambda: self.shows(text), text)

    def settle(self, quiet_s: float = 0.4) -> None:
        """Until nothing came for a while."""
        self.until(lambda: time.monotonic() - self.quiet_since > quiet_s)

    def end(self) -> int:
        """The exit code, once it has ended."""
        self.until(lambda: self.process.poll() is not None, "the end")
        while self.read():
            pass
        return self.process.returncode


@contextlib.contextmanager
def running(driver: str, **options: Any) -> Iterator[PtyTerminal]:
    """The sample app, ready for keys."""
    tests = str(APP.parent.parent)
    terminal = PtyTerminal(sys.executable, str(APP), driver, PYTHONPATH=tests, **options)
    try:
        terminal.until_shown("changes: 0")
        terminal.settle()
        yield terminal
    finally:
        if terminal.process.poll() is None:
            terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait()
        for end in (terminal.near, terminal.far):
            with contextlib.suppress(OSError):
                os.close(end)
