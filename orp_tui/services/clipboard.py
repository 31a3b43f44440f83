"""Copy text to wherever it can be pasted from, and say where that is.

Inside tmux the text goes into its buffer, and by tmux on to the terminal; elsewhere the terminal
is asked by the escape sequence OSC 52, which also works over SSH, and on a desktop its own program too.
No terminal says whether it did so: a file always holds the text as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from orp_tui.core.sanitise import sanitise
from orp_tui.services.dashboard_state import user_state_folder

OSC52_BYTES = 74_994
"""More makes a sequence of more than 100,000 bytes, which terminals drop, without a word."""
_WITHIN_S = 3.0
_DESKTOP = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
)
"""What puts text on the clipboard of a desktop, and the variable without which it can't."""


class Clipboard:
    """Copies; `send_osc52` gives a text to the terminal by that sequence, encoded and unwrapped."""

    def __init__(self, send_osc52: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> None:
        self._send_osc52 = send_osc52
        self._environ = environ
        self.file = user_state_folder(environ) / "copied.txt"
        """Holds the text that was copied last."""

    def copy(self, text: str) -> str:
        """Copy, and say in a sentence where the text is now. May take a second: tmux is asked.

        What could act on a terminal where it is pasted is taken out.
        """
        text = sanitise(text, keep_newlines=True)
        data = text.encode("utf-8", "replace")
        places = [self._to_tmux(data)] if self._environ.get("TMUX") else [self._to_terminal(text, data)]
        if not self._is_far():
            places.append(self._to_desktop(data))
        places.append(self._to_file(data))
        found = [place for place in places if place]
        return "copied: " + "; ".join(found) if found else "not copied: there is no place to copy to"

    def _is_far(self) -> bool:
        """Whether the desktop here is not the one that the user looks at."""
        return any(self._environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))

    def _to_tmux(self, data: bytes) -> str | None:
        # -w hands it on to the terminal as well; tmux before 3.2 knows it not.
        if self._pipe(("tmux", "load-buffer", "-w", "-"), data):
            return "in tmux's buffer (prefix ] pastes) and sent on to the terminal's clipboard"
        if self._pipe(("tmux", "load-buffer", "-"), data):
            return "in tmux's buffer (prefix ] pastes)"
        return None

    def _to_terminal(self, text: str, data: bytes) -> str | None:
        if self._environ.get("STY"):
            return None  # GNU screen drops the sequence
        if len(data) > OSC52_BYTES:
            return f"{len(data):,} bytes are too much for the terminal's clipboard"
        self._send_osc52(text)
        return "sent to the terminal's clipboard"

    def _to_desktop(self, data: bytes) -> str | None:
        for variable, words in _DESKTOP:
            if self._environ.get(variable) and self._pipe(words, data):
                return "on the desktop's clipboard"
        return None

    def _to_file(self, data: bytes) -> str | None:
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Anew, so that nobody who had the old one open or linked reads on.
            with contextlib.suppress(FileNotFoundError):
                self.file.unlink()
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(data)
        except OSError:
            return None
        return f"in {_short(self.file, self._environ)}"

    def _pipe(self, words: tuple[str, ...], data: bytes) -> bool:
        """Whether a program took the text."""
        if shutil.which(words[0], path=self._environ.get("PATH")) is None:
            return False
        try:
            done = subprocess.run(
                words,
                input=data,
                env=dict(self._environ),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_WITHIN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def _short(path: Path, environ: Mapping[str, str]) -> str:
    """A path as people write it, from their home."""
    home = environ.get("HOME", "")
    return f"~/{path.relative_to(home)}" if home and path.is_relative_to(home) else str(path)
