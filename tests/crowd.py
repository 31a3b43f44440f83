"""Several real processes that do the same at the same moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence


def crowd(script: str, count: int, *arguments: str) -> list[str]:
    """What each of `count` processes printed; each has its number in argv[1], `arguments` behind it.

    `script` calls `ready()` before the part that matters; all are held there until the last one is.
    """
    head = "import sys\ndef ready():\n    print('ready', flush=True)\n    sys.stdin.readline()\n"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", head + script, str(number), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        said = [_rest(child) for child in children]
        assert [child.returncode for child in children] == [0] * count
        return said
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _rest(child: subprocess.Popen[str]) -> str:
    text, _ = child.communicate(timeout=60)
    return text


def run_python(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One process of its own, with variables added to the environment."""
    import os

    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def lines(said: Sequence[str]) -> list[str]:
    """All lines that a crowd printed."""
    return [line for text in said for line in text.splitlines()]
