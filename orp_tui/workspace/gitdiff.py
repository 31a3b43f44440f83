"""How a project's tracked files differ from their commit, read without running anything of the repository."""

from __future__ import annotations

import dataclasses
import subprocess
import threading

from orp_tui.workspace.git import TIMEOUT_S, finish, split_names, start
from orp_tui.workspace.gitfacts import Repository


@dataclasses.dataclass(frozen=True)
class Diff:
    """How tracked files differ from the commit."""

    text: str
    added: int
    """Lines."""
    removed: int
    truncated: bool
    """There was more than was read."""


NO_DIFF = Diff("", 0, 0, False)


def read_diff(repository: Repository, folder: str = "", *, limit: int = 8 << 20) -> Diff:
    """Tracked files of `folder` (of the project; a submodule's too) against their commit.

    Paths in it are relative to the project. At most `limit` bytes are read. No external diff,
    text conversion or filter of the repository runs.
    """
    where = repository.project / folder
    if repository.commit is None:
        return NO_DIFF
    prefix = f"{folder.strip('/')}/" if folder else ""
    process = start(
        where,
        *_without_filters(repository),
        "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--ignore-submodules=all", "--relative", "--submodule=short",
        f"--src-prefix=a/{prefix}", f"--dst-prefix=b/{prefix}", "HEAD", "--",
    )  # fmt: skip
    data, truncated = _read_capped(process, limit)
    lines = data.split(b"\n")
    return Diff(
        text=data.decode("utf-8", "replace"),
        added=sum(line[:1] == b"+" and line[:4] != b"+++ " for line in lines),
        removed=sum(line[:1] == b"-" and line[:4] != b"--- " for line in lines),
        truncated=truncated,
    )


def _read_capped(process: subprocess.Popen[bytes], limit: int) -> tuple[bytes, bool]:
    assert process.stdout is not None
    watchdog = threading.Timer(TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        with process:
            data = process.stdout.read(limit + 1)
            if len(data) > limit:
                process.kill()
    finally:
        watchdog.cancel()
    return data[:limit], len(data) > limit or process.returncode != 0


def _without_filters(repository: Repository) -> list[str]:
    """Switches off every filter program that the repository's own configuration names."""
    configs = (repository.common_dir / "config", repository.git_dir / "config.worktree")
    words = b"".join(path.read_bytes() for path in configs if path.is_file()).lower()
    if b"filter" not in words and b"include" not in words:
        return []
    out = finish(start(repository.project, "config", "-z", "--show-scope", "--name-only", "--get-regexp", r"^filter\."), may_fail=True)  # fmt: skip
    items = split_names(out)
    names = {
        key.removeprefix("filter.").rpartition(".")[0]
        for scope, key in zip(items[::2], items[1::2], strict=False)
        if scope in ("local", "worktree")
    }
    off = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    return [
        word
        for name in sorted(names)
        for key, value in off
        for word in ("-c", f"filter.{name}.{key}={value}")
    ]
