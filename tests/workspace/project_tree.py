"""Small real projects for the tests of freezing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from orp_tui.core.checklist import Deliverable
from orp_tui.core.layout import BasePaths
from orp_tui.workspace.freeze import plan_freeze
from orp_tui.workspace.plan import FreezePlan

GITHUB_TOKEN = "ghp_" + "a1B2" * 9
"""Has the shape of a token; put together here so that this file does not."""


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def git_project(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, files)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def deliverable(path: str, index: int = 0) -> Deliverable:
    return Deliverable(index, "metrics", path, True, ())


def plan(project: Path, **options: object) -> FreezePlan:
    cwd = options.pop("cwd", project)
    return plan_freeze(project, cwd, base_dirs=BasePaths.under(project / "experiments"), **options)  # type: ignore[arg-type]


def why(frozen: FreezePlan, path: str) -> str:
    return {item.path: item.why for item in (*frozen.left_out, *frozen.secrets)}[path]


def paths(frozen: FreezePlan) -> set[str]:
    return set(frozen.file_paths)


def names_below(folder: Path) -> set[str]:
    """Every file and link beneath, `.git` apart."""
    found = set()
    for at, folders, files in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        for name in (*files, *(name for name in folders if (Path(at) / name).is_symlink())):
            found.add(os.path.relpath(os.path.join(at, name), folder))
    return found
