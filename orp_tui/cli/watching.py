"""Show something again every second: drawn in place in a terminal, as text elsewhere, until q or Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
import termios
import time
from collections.abc import Callable, Sequence

from orp_tui.cli.terminal import Canvas, fitted

PERIOD_S = 1.0
_LEAST_WIDTH = 20
_QUIT = ("q", "Q", "\x03", "\x04")


def watch(rows: Callable[[], Sequence[str]], *, drawn: bool = True) -> None:
    """Show `rows()`, which are safe for a terminal, until somebody has seen enough; in place if `drawn`.

    Raises BrokenPipeError when the reader of a pipe has gone, and what `rows` raises.
    """
    with contextlib.suppress(KeyboardInterrupt):
        if drawn and sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb"):
            _draw(rows)
        else:
            _repeat(rows)


def _repeat(rows: Callable[[], Sequence[str]]) -> None:
    while True:
        text = "".join(f"{row}\n" for row in rows())
        sys.stdout.write(text)
        sys.stdout.flush()
        time.sleep(PERIOD_S)


def _draw(rows: Callable[[], Sequence[str]]) -> None:
    canvas = Canvas()
    with canvas:
        keys = _one_by_one()
        while True:
            width, height = shutil.get_terminal_size()
            width, room = max(_LEAST_WIDTH, width - 1), max(1, height - 2)
            shown = list(rows())
            if len(shown) > room:
                shown = [*shown[: room - 1], f"… {len(shown) - room + 1} more"]
            hint = "q: end" if keys else "Ctrl-C: end"
            canvas.draw([fitted(row, width) for row in (*shown, hint)])
            if _quits(keys):
                return


def _one_by_one() -> bool:
    """Have keys come without Enter and unseen; the canvas takes that back. False if no keys come."""
    try:
        descriptor = sys.stdin.fileno()
        modes = termios.tcgetattr(descriptor)
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(descriptor, termios.TCSANOW, modes)
    except (OSError, ValueError, termios.error):
        return False
    return True


def _quits(keys: bool) -> bool:
    """Whether a key has ended it within a period."""
    deadline = time.monotonic() + PERIOD_S
    while (left := deadline - time.monotonic()) > 0:
        if not keys:
            time.sleep(left)
            return False
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], left)
        if not ready:
            return False
        pressed = os.read(sys.stdin.fileno(), 32).decode("utf-8", "replace")
        if not pressed or pressed[0] in _QUIT:
            return True
    return False
