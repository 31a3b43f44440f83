"""Any program in a terminal, and what it costs: time to paint, bytes, CPU, memory, how it answers keys.

A thread does nothing but take what the program writes, with the time at which it came, and answer
what it asks. The screen is emulated by whoever waits for something, from those pieces: a time is that
of the piece which brought it about, so that the emulation is no part of it.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from tests.benchmarks.processes import cpu_seconds, private_mib
from tests.benchmarks.slow_line import PIECE, Post, SlowLine
from tests.benchmarks.terminal_answers import Answers
from tests.benchmarks.text_screen import TextScreen

COLUMNS, ROWS = 100, 30
UNANSWERED_S = 5.0
"""A key that shows nothing for so long counts as answered then."""
_READ = 1 << 16
_NOT_INHERITED = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TMUX", "STY", "COLORFGBG")
_NOT_INHERITED_PREFIXES = ("TEXTUAL", "SSH_", "MOSH_", "LESS", "LC_")
_FRAME_END = b"\x1b[?2026l"
"""Of synchronized output."""
now = time.monotonic
"""One clock for all processes of the machine."""


@dataclasses.dataclass(frozen=True)
class Watched:
    """What a program did in a while."""

    cpu_percent: float
    """Of one core, its children included."""
    bytes_per_s: float
    """To the terminal."""
    lags_ms: tuple[float, ...] = ()
    """At each paint of newer lines, how old the newest of them was."""


class Probe:
    """One program, started at once. `probing` ends it."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], cwd: Path, line: SlowLine | None = None
    ) -> None:
        self.screen = TextScreen(COLUMNS, ROWS)
        self.bytes_out = 0
        self.first_paint_s: float | None = None
        self.shown_at = 0.0
        """When the newest piece came that is on the screen."""
        self.has_ended = False
        self._line = line
        self._answers = Answers(COLUMNS, ROWS)
        self._pieces: collections.deque[tuple[float, bytes]] = collections.deque()
        self._came = threading.Event()
        self._ends_frame = self._marks_frames = False
        self._post = Post(self._write)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, COLUMNS * 8, ROWS * 16))
        self.started = now()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=_terminal_environ(environ),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, name="probe", daemon=True)
        self._reader.start()

    # What comes

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
            while data := os.read(self._ours, _READ):
                self._arrived(data)
        self.has_ended = True
        self._came.set()

    def _arrived(self, data: bytes) -> None:
        taken = now()
        self.bytes_out += len(data)
        if self._line is None:
            self._post.send(self._answers.to(data))
            self._pieces.append((taken, data))
        else:
            for begin in range(0, len(data), PIECE):
                piece = data[begin : begin + PIECE]
                at = self._line.arrival(len(piece), taken)
                self._post.send(self._answers.to(piece), at + self._line.round_trip_s / 2)
                self._pieces.append((at, piece))
            time.sleep(self._line.until_room(now()))
        self._came.set()

    def pump(self, wait_s: float) -> bool:
        """Let the screen have one piece; False if none came in that time."""
        deadline = now() + wait_s
        while not self._pieces or self._pieces[0][0] > now():
            left = deadline - now()
            if left <= 0 or (self.has_ended and not self._pieces):
                return False
            if self._pieces:
                time.sleep(min(left, max(0.0, self._pieces[0][0] - now())))
            else:
                self._came.clear()
                if not self._pieces:
                    self._came.wait(left)
        self.shown_at, data = self._pieces.popleft()
        self.screen.feed(data)
        self._ends_frame = _FRAME_END in data
        self._marks_frames |= self._ends_frame
        if self.first_paint_s is None and self.screen.text.strip():
            self.first_paint_s = self.shown_at - self.started
        return True

    def drain(self) -> None:
        """Let the screen have all that has come."""
        while self.pump(0.0):
            pass

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 60.0) -> float:
        """When the piece came that made it true; TimeoutError if none did in time."""
        deadline = now() + seconds
        while not condition():
            if now() >= deadline or (self.has_ended and not self._pieces):
                raise TimeoutError(f"not within {seconds:.0f} s: {what}\n{self.screen.text}")
            self.pump(min(0.05, max(0.0, deadline - now())))
        return self.shown_at

    def until_shown(self, pattern: str, seconds: float = 60.0) -> float:
        """When something on the screen matched."""
        return self.until(self.sight(pattern), pattern, seconds)

    def sight(self, pattern: str) -> Callable[[], bool]:
        """Whether something on the screen matches, whenever it is asked."""
        found = re.compile(pattern)
        return lambda: found.search(self.screen.text) is not None

    def rest(self, seconds: float) -> None:
        """Let it go on for a while."""
        deadline = now() + seconds
        while (left := deadline - now()) > 0:
            self.pump(left)

    # What is typed

    def type(self, keys: str) -> float:
        """Press keys; when that was."""
        pressed = now()
        self._post.send(keys.encode(), pressed + (self._line.round_trip_s / 2 if self._line else 0.0))
        return pressed

    def answer_ms(
        self, key: str, condition: Callable[[], bool], what: str = "", seconds: float = UNANSWERED_S
    ) -> float:
        """Milliseconds until the key has made that true. Counts as those seconds if it does not in time."""
        self.drain()
        pressed = self.type(key)

        def is_answered() -> bool:
            # What was true before, as by a late answer to the key before, is none to this one.
            return self.shown_at >= pressed and condition()

        try:
            return (self.until(is_answered, what or repr(key), seconds) - pressed) * 1000
        except TimeoutError:
            if self.has_ended:
                raise
            return seconds * 1000

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._ours, data) :]

    # What it costs

    def _tree(self) -> list[int]:
        with contextlib.suppress(psutil.Error):
            main = psutil.Process(self.process.pid)
            return [main.pid, *(child.pid for child in main.children(recursive=True))]
        return []

    def cpu_s(self) -> float:
        """CPU time so far of all that lives of it."""
        return sum(_of(cpu_seconds, pid) for pid in self._tree())

    def private_mb(self) -> float:
        """Private memory of all that lives of it, in millions of bytes."""
        return sum(_of(private_mib, pid) for pid in self._tree()) * 1.048576

    def watch(self, seconds: float, stamp: re.Pattern[str] | None = None) -> Watched:
        """See what it does for a while; `stamp` finds the times in its lines, in seconds of `now`."""
        self.drain()
        begin, cpu, sent = now(), self.cpu_s(), self.bytes_out
        newest, lags = self._newest(stamp), []
        while (left := begin + seconds - now()) > 0:
            if self.pump(left) and stamp is not None and (self._ends_frame or not self._marks_frames):
                seen = self._newest(stamp)
                if seen > newest:
                    newest = seen
                    lags.append((self.shown_at - newest) * 1000)
        took = now() - begin
        used = 100 * (self.cpu_s() - cpu) / took
        return Watched(used, (self.bytes_out - sent) / took, tuple(lags))

    def _newest(self, stamp: re.Pattern[str] | None) -> float:
        found = stamp.findall(self.screen.text) if stamp is not None else []
        # Within a frame the digits of two may stand side by side: what is of the future was never written.
        return max((when for when in map(float, found) if when <= self.shown_at), default=0.0)

    def close(self) -> None:
        """End it, whatever it does."""
        for pid in reversed(self._tree()):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)
        self._post.close()
        os.close(self._ours)


@contextlib.contextmanager
def probing(
    command: Sequence[str], environ: Mapping[str, str], cwd: Path, line: SlowLine | None = None
) -> Iterator[Probe]:
    """The program in a terminal of its own, gone in the end."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # the thread that stamps must get its turn while a screen is emulated
    probe = Probe(command, environ, cwd, line)
    try:
        yield probe
    finally:
        probe.close()
        sys.setswitchinterval(before)


def _terminal_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` in front of a terminal with all colours, not of whatever this runs in."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _NOT_INHERITED
        and not (name in os.environ and name.startswith(_NOT_INHERITED_PREFIXES))
    }
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


def _of(count: Callable[[int], float], pid: int) -> float:
    try:
        return count(pid)
    except OSError:
        return 0.0
