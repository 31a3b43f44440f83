"""A shell in tmux, driven by keys: what a person would see on the screen."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from waiting import until

Found = TypeVar("Found")

_SHELL = "env PS1='$ ' bash --norc --noprofile"


def need_tmux() -> None:
    """Skip the module that says so where there is no tmux."""
    if shutil.which("tmux") is None:
        if os.environ.get("CI"):
            raise RuntimeError("tmux is missing, and .ci/run should have installed it")
        pytest.skip("needs tmux: apt-get install tmux", allow_module_level=True)


class Screen:
    """A terminal with a shell, on a tmux socket of its own."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        socket: Path,
        *,
        columns: int = 80,
        rows: int = 24,
        shell: str = _SHELL,
    ) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        size = ["-x", str(columns), "-y", str(rows)]
        subprocess.run(
            [*self._tmux, "new-session", "-d", *size, "-c", str(folder), shell],
            check=True,
            env={**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        )

    def _do(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True).stdout

    # What is done

    def type(self, line: str) -> None:
        """A line and Enter."""
        self.write(line)
        self.key("Enter")

    def write(self, text: str) -> None:
        """Characters, one key each."""
        self._do("send-keys", "-l", text)

    def type_ahead(self, answer: str, line: str) -> None:
        """A key, and in the same moment a line and Enter."""
        self._do("send-keys", "-l", answer + line, ";", "send-keys", "Enter")

    def key(self, *names: str) -> None:
        """Keys by tmux's names: `Enter`, `C-z`, `BTab`."""
        self._do("send-keys", *names)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size, and wait until its programs can know it.

        tmux tells them a moment later; on a busy machine it was seen to forget it, so it is told again.
        """
        path = self._do("display-message", "-p", "#{pane_tty}").strip()

        def is_told() -> bool:
            self._do("resize-window", "-x", str(columns), "-y", str(rows))
            descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY)
            try:
                size = os.get_terminal_size(descriptor)
            finally:
                os.close(descriptor)
            return size == (columns, rows)

        until(is_told, what=f"a terminal of {columns} columns and {rows} rows", period=0.1)

    def close(self) -> None:
        """End the shell and all that it holds."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    # What is so

    def lines(self) -> list[str]:
        """What stands on the screen."""
        return self._do("capture-pane", "-p").rstrip("\n").split("\n")

    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines())

    def has_cursor(self) -> bool:
        return self._do("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def is_alternate(self) -> bool:
        """Whether a program has the alternate screen."""
        return self._do("display-message", "-p", "#{alternate_on}").strip() == "1"

    def buffer(self) -> str:
        """What was copied last; empty if nothing was."""
        done = subprocess.run([*self._tmux, "show-buffer"], check=False, capture_output=True, text=True)
        return done.stdout

    def child(self) -> int:
        """The pid of the program that the shell runs now, once there is one."""
        shell = int(self._do("display-message", "-p", "#{pane_pid}"))

        def first() -> int | None:
            with contextlib.suppress(OSError):
                found = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
                return int(found[-1]) if found else None
            return None

        return until(first, 30, what="a program in the shell") or 0

    def wait(self, *words: str, gone: str | None = None) -> list[str]:
        """The screen, once all the words are on it and `gone` is not."""

        def found(lines: list[str]) -> bool:
            text = "\n".join(lines)
            return all(word in text for word in words) and (gone is None or gone not in text)

        return self.wait_until(found, f"{words} (gone: {gone})")

    def wait_until(self, condition: Callable[[list[str]], object], what: str = "") -> list[str]:
        """The screen, once the condition is true of it."""
        seen: list[list[str]] = []

        def found() -> list[str] | None:
            seen[:] = [self.lines()]
            return seen[0] if condition(seen[0]) else None

        try:
            return until(found, 45, period=0.05) or []
        except AssertionError:
            raise AssertionError(f"not on the screen: {what}\n" + "\n".join(seen[0])) from None
