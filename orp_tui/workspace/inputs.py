"""Declared inputs: which paths are linked into a workspace, and their fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path

from orp_tui.workspace.plan import LinkedInput, is_within, parents
from orp_tui.workspace.secretscan import is_secret_file

FINGERPRINTED_ENTRIES = 20_000


@dataclasses.dataclass(frozen=True)
class Fingerprint:
    """An input by names, sizes and times; nothing of it is read."""

    path: str
    files: int
    bytes: int
    newest: float | None
    """Unix time of the last change; None for an empty folder."""
    digest: str
    """sha256 over relative path, size and time of each file, in order of the paths."""
    truncated: bool
    """Only the first FINGERPRINTED_ENTRIES files count."""


def resolve_inputs(
    project: Path, cwd: str, declared: Sequence[str], answered: Sequence[str], own: Sequence[str]
) -> tuple[list[LinkedInput], list[str]]:
    """Links to make, and what is wrong with the rest.

    `declared` stand in the experiment file and are relative to `cwd`, or else to the project;
    `answered` stand in `orp.yaml` and are relative to the project, where what is gone is no
    error. Absolute paths outside the project need no link. `own`: folders of ORP.
    """
    links: dict[str, LinkedInput] = {}
    wrong: list[str] = []
    for written in declared:
        path = _inside(project, cwd, written)
        problem = None
        if path is None:
            problem = None if os.path.isabs(written) and os.path.exists(written) else _outside(written)
        elif not os.path.lexists(project / path):
            problem = f"input {written}: there is no such file or folder in {project}"
        else:
            problem = _problem(path, cwd, own)
        if problem:
            wrong.append(problem)
        elif path is not None:
            path = _linked_above(project, path)
            links[path] = LinkedInput(path, str(project / path))
    for written in answered:
        path = posixpath.normpath(written)
        if os.path.lexists(project / path):
            problem = _outside(written) if path.startswith(("..", "/")) else _problem(path, cwd, own)
            if problem:
                wrong.append(f"orp.yaml: {problem}")
            else:
                path = _linked_above(project, path)
                links[path] = LinkedInput(path, str(project / path))
    kept = [link for link in links.values() if not _is_nested(link.path, links)]
    return sorted(kept, key=lambda link: link.path), wrong


def _linked_above(project: Path, path: str) -> str:
    """What lies behind a link of the project is shown by linking that one."""
    above = [folder for folder in parents(path) if os.path.islink(project / folder)]
    return above[-1] if above else path


def _is_nested(path: str, links: Iterable[str]) -> bool:
    return any(path != other and is_within(path, other) for other in links)


def _inside(project: Path, cwd: str, written: str) -> str | None:
    """The path relative to the project; None if it lies outside."""
    if os.path.isabs(written):
        absolute = os.path.normpath(written)
        return os.path.relpath(absolute, project) if is_within(absolute, str(project)) else None
    near = posixpath.normpath(posixpath.join(cwd, written))
    if near.startswith(".."):
        return None
    far = posixpath.normpath(written)
    return near if os.path.lexists(project / near) or not os.path.lexists(project / far) else far


def _outside(written: str) -> str:
    if os.path.isabs(written):
        return f"input {written}: there is no such file or folder"
    return f"input {written}: lies outside the project; name it by its absolute path, here and in the script"


def _problem(path: str, cwd: str, own: Sequence[str]) -> str | None:
    if path == "." or is_within(cwd, path) or any(is_within(folder, path) for folder in own):
        return f"input {path}: the folder holds the project itself, or runs of ORP; name the data inside it"
    if is_secret_file(path):
        return f"input {path}: looks like a file of secrets; use training.env_file, which is read at the start and never stored"
    return None


def fingerprint(path: Path) -> Fingerprint:
    """Of a file or a folder; 20,000 files take some tenths of a second."""
    digest = hashlib.sha256()
    files = size = 0
    newest: float | None = None
    truncated = False
    for name, status in _walk(path):
        if files == FINGERPRINTED_ENTRIES:
            truncated = True
            break
        files += 1
        size += status.st_size
        newest = status.st_mtime if newest is None else max(newest, status.st_mtime)
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return Fingerprint(str(path), files, size, newest, digest.hexdigest(), truncated)


def _walk(path: Path) -> Iterable[tuple[str, os.stat_result]]:
    if not path.is_dir():
        if path.exists():
            yield path.name, path.stat()
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            at = os.path.join(folder, name)
            try:
                yield os.path.relpath(at, path), os.stat(at, follow_symlinks=False)
            except FileNotFoundError:
                continue
