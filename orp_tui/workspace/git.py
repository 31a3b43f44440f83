"""The `git` command, asked in a way that leaves a repository alone and runs nothing of its configuration.

A submit may look at a stranger's repository before anybody decided to trust it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.errors import SubmitRefused

TIMEOUT_S = 30.0

_KEPT_VARIABLES = frozenset({"GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"})

# `safe.directory` on the command line counts: a repository of another user is read, and nothing in
# it is run. No transport is allowed, so that a partial clone fetches nothing.
_QUIET = (
    "--no-pager", "--no-replace-objects", "--literal-pathspecs",
    "-c", "safe.directory=*", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false",
    "-c", "core.quotePath=false", "-c", "core.preloadIndex=false", "-c", "protocol.allow=never", "-c", "diff.external=",
    "-c", "core.pager=cat", "-c", "color.ui=false", "-c", "submodule.recurse=false", "-c", "diff.noprefix=false",
)  # fmt: skip


def _environment() -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GIT_") or key in _KEPT_VARIABLES
    }
    return kept | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }


def start(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A running git in `folder`, harmless as this module promises.

    Raises FileNotFoundError if git is not installed.
    """
    return subprocess.Popen(
        ["git", *_QUIET, *arguments],
        cwd=folder,
        env=_environment() | (environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes], *, given: bytes = b"", may_fail: bool = False) -> bytes | None:
    """What it printed; None if it failed and may.

    Raises SubmitRefused with git's own words if it failed or took over TIMEOUT_S.
    """
    try:
        out, err = process.communicate(given, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise SubmitRefused(f"git took longer than {TIMEOUT_S:g} s: {_shown(process)}") from None
    if process.returncode == 0:
        return out
    if may_fail:
        return None
    words = err.decode("utf-8", "replace").strip() or f"exit code {process.returncode}"
    raise SubmitRefused(f"git cannot read the repository: {words} ({_shown(process)})")


def finish_all(*processes: subprocess.Popen[bytes], may_fail: bool = False) -> list[bytes | None]:
    """What each printed; none is left running if one of them raises."""
    outs: list[bytes | None] = []
    refused: SubmitRefused | None = None
    for process in processes:
        try:
            outs.append(finish(process, may_fail=may_fail))
        except SubmitRefused as error:
            refused = refused or error
    if refused is not None:
        raise refused
    return outs


def _shown(process: subprocess.Popen[bytes]) -> str:
    arguments = process.args
    assert isinstance(arguments, list)
    return " ".join(["git", *(str(word) for word in arguments[1 + len(_QUIET) :])][:6])


def run_git(folder: Path, arguments: Sequence[str], *, given: bytes = b"", environment: dict[str, str] | None = None) -> bytes:  # fmt: skip
    """What one command printed. Raises SubmitRefused if it failed."""
    out = finish(start(folder, *arguments, environment=environment), given=given)
    assert out is not None
    return out


def split_names(out: bytes | None) -> list[str]:
    """What git prints with `-z`."""
    return [os.fsdecode(item) for item in (out or b"").split(b"\0") if item]
