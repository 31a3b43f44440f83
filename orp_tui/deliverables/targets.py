"""From a declared path to the files that are there."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from typing import NamedTuple

from orp_tui.core.checklist import Deliverable
from orp_tui.core.errors import UnsafePath
from orp_tui.deliverables.context import FileFacts, Target
from orp_tui.deliverables.findings import os_words
from orp_tui.files.safe_open import Beneath, vanished


class Limits(NamedTuple):
    """How far a search goes."""

    matches: int
    """Paths that are looked at."""
    names: int
    """Directory entries that a glob may read."""
    files: int
    """Files beneath one matched folder."""


FINAL = Limits(matches=10_000, names=1_000_000, files=100_000)
LIVE = Limits(matches=1_000, names=20_000, files=1_000)
"""Once a second for every run: a few milliseconds each."""


class Found(NamedTuple):
    """What a declared path matched."""

    targets: tuple[Target, ...] = ()
    refused: tuple[str, ...] = ()
    """One sentence for each name that may not be opened: links out, FIFOs, devices, sockets."""
    dangling: tuple[str, ...] = ()
    """One sentence for each symlink to nothing."""
    unreadable: tuple[str, ...] = ()
    """One sentence for each name that the system did not let us look at."""
    truncated: bool = False

    @property
    def size(self) -> int:
        return sum(target.size for target in self.targets)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(target.path for target in self.targets)


def find(folder: Beneath, deliverable: Deliverable, limits: Limits) -> Found:
    """What is at the deliverable's path now. Raises nothing: what is wrong is in the answer."""
    try:
        paths, truncated = _paths(folder, deliverable, limits)
    except UnsafePath as unsafe:
        return Found(refused=(str(unsafe),))
    except OSError as problem:
        return Found(unreadable=(os_words(deliverable.path, problem),))
    return of_paths(folder, paths, limits, truncated=truncated)


def of_paths(folder: Beneath, paths: Iterable[str], limits: Limits, *, truncated: bool = False) -> Found:
    """The facts of these paths; those that are gone are left out."""
    targets: list[Target] = []
    refused: list[str] = []
    dangling: list[str] = []
    unreadable: list[str] = []
    for path in paths:
        try:
            targets.append(_target(folder, path, limits, refused, unreadable))
        except UnsafePath as unsafe:
            refused.append(str(unsafe))
        except OSError as problem:
            if not vanished(problem):
                unreadable.append(os_words(path, problem))
            elif _dangling(folder, path):
                dangling.append(f"{path}: a symlink to nothing")
    return Found(tuple(targets), tuple(refused), tuple(dangling), tuple(unreadable), truncated)


def _paths(folder: Beneath, deliverable: Deliverable, limits: Limits) -> tuple[list[str], bool]:
    path = deliverable.path
    if path.startswith("~"):  # no shell here; a folder called ~ is a mistake and not a wish
        raise UnsafePath(path, "leaves the workspace; write a path inside it")
    plain = path.rstrip("/") or "."
    if not deliverable.is_glob:
        return [plain], False
    try:
        folder.stat(plain)  # a file may really be called `run[1].json`
    except (OSError, UnsafePath):
        return folder.glob(path, limits.matches, scan_limit=limits.names)
    return [plain], False


def _target(folder: Beneath, path: str, limits: Limits, refused: list[str], unreadable: list[str]) -> Target:
    found = folder.stat(path)
    if not stat.S_ISDIR(found.st_mode):
        facts = FileFacts(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        return Target(path, False, (facts,))
    files: list[FileFacts] = []
    for inner in folder.walk(path):
        if len(files) >= limits.files:
            return Target(path, True, tuple(files), truncated=True)
        try:
            found = folder.stat(inner)
        except UnsafePath as unsafe:
            refused.append(str(unsafe))
        except OSError as problem:
            if not vanished(problem):
                unreadable.append(os_words(inner, problem))
        else:
            if not stat.S_ISDIR(found.st_mode):  # a symlinked folder: its files are counted where they are
                files.append(
                    FileFacts(inner, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
                )
    return Target(path, True, tuple(files))


def _dangling(folder: Beneath, path: str) -> bool:
    parent, _, name = path.rpartition("/")
    return folder.has_name(parent or ".", name)
