"""The YAML files beneath a folder, found without following a link and without getting lost in data.

Left out are hidden folders, ORP's own, virtual environments and what installers and Python make.
Wide folders come before deep ones, so that what is cut off is what lies furthest away.
"""

from __future__ import annotations

import dataclasses
import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.config.settings import PROJECT_FILE
from orp_tui.core.layout import BasePaths
from orp_tui.core.words import counted

SUFFIXES = (".yaml", ".yml")
MOST_FILES = 5_000
MOST_DEEP = 8
MOST_ENTRIES = 50_000
"""Names that are looked at in all."""
MOST_IN_FOLDER = 10_000
"""Names that are looked at in one folder: one with more holds data."""
_NEVER = frozenset({"__pycache__", "node_modules", "site-packages"})
_NUMBERS = re.compile(r"(\d+)")

Stamp = tuple[int, int, int, int]
"""Time of change in ns, size in bytes, device and inode: another one means that the file is another."""


@dataclasses.dataclass(frozen=True)
class Found:
    """A file that may be an experiment."""

    path: Path
    name: str
    """Relative to the folder that is watched, `/` between parts."""
    stamp: Stamp | None
    """None if it can't be asked for, as behind a link that leads nowhere."""


@dataclasses.dataclass(frozen=True)
class Scan:
    """What lies beneath a folder at one moment."""

    files: tuple[Found, ...]
    """Folders before the files beside them, numbers in names by their value."""
    folders: tuple[Path, ...]
    """Every folder that was looked into, the watched one first; empty if that is not there."""
    notes: tuple[str, ...]
    """What was left out for its number, depth or kind, or can't be read; one line each."""


def scan(folder: Path, own: Sequence[str]) -> Scan:
    """Look at `folder`; `own` are the real paths of folders that are ORP's. Raises nothing."""
    return _Scanner(folder, frozenset(own)).scan()


def own_folders(paths: BasePaths) -> tuple[str, ...]:
    """The real paths of ORP's folders."""
    return tuple(os.path.realpath(path) for path in (paths.base, paths.runs, paths.artifacts, paths.state))


def by_place(name: str) -> tuple[tuple[object, ...], ...]:
    """A key that sorts relative names as a tree shows them: `a/b.yaml` before `a.yaml`, `r2` before `r10`."""
    *folders, file = name.split("/")
    return (*((0, *_natural(part)) for part in folders), (1, *_natural(file)))


def _natural(name: str) -> tuple[object, ...]:
    parts = _NUMBERS.split(name.lower())
    return (tuple((place % 2, int(part) if place % 2 else part) for place, part in enumerate(parts)), name)


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of the file behind a path; None if there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_dev, found.st_ino


class _Scanner:
    def __init__(self, folder: Path, own: frozenset[str]) -> None:
        self._folder = folder
        self._own = own
        self._files: list[Found] = []
        self._folders: list[Path] = []
        self._links: list[str] = []
        self._unreadable: list[str] = []
        self._crowded: list[str] = []
        self._too_deep: list[str] = []
        self._entries = 0

    def scan(self) -> Scan:
        waiting: deque[tuple[str, int]] = deque([("", 0)])
        while waiting and not self._is_full:
            name, depth = waiting.popleft()
            for inside in self._look_into(name):
                if depth < MOST_DEEP:
                    waiting.append((inside, depth + 1))
                else:
                    self._too_deep.append(inside)
        self._files.sort(key=lambda found: by_place(found.name))
        return Scan(tuple(self._files), tuple(self._folders), tuple(self._notes(cut_short=self._is_full)))

    @property
    def _is_full(self) -> bool:
        return len(self._files) >= MOST_FILES or self._entries >= MOST_ENTRIES

    def _look_into(self, name: str) -> list[str]:
        """Take the files of one folder; the relative names of the folders in it, sorted."""
        path = self._folder / name
        try:
            entries = list(self._entries_of(path, name))
        except OSError as error:
            if name or os.path.lexists(path):
                self._unreadable.append(f"{name or path}: {(error.strerror or str(error)).lower()}")
            return []
        self._folders.append(path)
        inside = [f"{name}/{entry.name}" if name else entry.name for entry in entries if _is_folder(entry)]
        for entry in sorted(entries, key=lambda entry: by_place(entry.name)):
            self._take(entry, f"{name}/{entry.name}" if name else entry.name)
        return sorted((folder for folder in inside if self._is_wanted(folder)), key=by_place)

    def _entries_of(self, path: Path, name: str) -> Iterator[os.DirEntry[str]]:
        with os.scandir(path) as entries:
            for number, entry in enumerate(entries):
                if number >= MOST_IN_FOLDER:
                    self._crowded.append(name or str(path))
                    break
                self._entries += 1
                yield entry

    def _take(self, entry: os.DirEntry[str], name: str) -> None:
        if _is_folder(entry) or entry.name == PROJECT_FILE or entry.name.startswith("."):
            return
        if entry.is_symlink() and _leads_to_folder(entry):
            self._links.append(name)
        elif entry.name.endswith(SUFFIXES) and len(self._files) < MOST_FILES:
            path = self._folder / name
            self._files.append(Found(path, name, stamp_of(path)))

    def _is_wanted(self, name: str) -> bool:
        last = name.rpartition("/")[2]
        if last.startswith(".") or last in _NEVER:
            return False
        path = self._folder / name
        return os.path.realpath(path) not in self._own and not os.path.lexists(path / "pyvenv.cfg")

    def _notes(self, *, cut_short: bool) -> Iterator[str]:
        if cut_short and len(self._files) >= MOST_FILES:
            yield f"only the first {MOST_FILES:,} files are shown; watch a smaller folder: orp-tui FOLDER"
        elif cut_short:
            yield f"only the first {MOST_ENTRIES:,} names were looked at; watch a smaller folder: orp-tui FOLDER"
        if self._crowded:
            yield _listed(self._crowded, f"of {{}} only {MOST_IN_FOLDER:,} names were looked at")
        if self._too_deep:
            yield _listed(self._too_deep, f"deeper than {MOST_DEEP} folders, not looked into: {{}}")
        if self._links:
            number = counted(len(self._links), "link")
            yield _listed(self._links, f"{number} to folders not followed: {{}}")
        if self._unreadable:
            yield _listed(self._unreadable, "can't be read: {}")


def _listed(names: list[str], words: str) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return words.format(shown)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISDIR(os.stat(entry.path).st_mode)
    except (OSError, ValueError):
        return False
