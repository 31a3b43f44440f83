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


class Scanner:
    """Looks at one folder again and again; what has not changed comes back as the same object."""

    def __init__(self, folder: Path, own: Sequence[str]) -> None:
        """`own` are the real paths of folders that are ORP's."""
        self._folder = folder
        self._own = frozenset(own)
        self._walk: _Walk | None = None
        self._scan = Scan((), (), ())

    def scan(self) -> Scan:
        """What lies there now. Raises nothing."""
        walk = _Walk(str(self._folder), self._own)
        walk.go()
        if self._walk is None or not walk.has_seen_the_same(self._walk):
            known = {found.name: found for found in self._scan.files}
            files = (
                known[name]
                if name in known and known[name].stamp == stamp
                else Found(self._folder / name, name, stamp)
                for name, stamp in sorted(walk.files, key=lambda item: by_place(item[0]))
            )
            self._scan = Scan(
                tuple(files), tuple(self._folder / name for name in walk.folders), tuple(walk.notes())
            )
        self._walk = walk
        return self._scan


def scan(folder: Path, own: Sequence[str]) -> Scan:
    """One look at a folder, as a Scanner has it."""
    return Scanner(folder, own).scan()


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


class _Walk:
    """One walk through the folders, by relative names; those near the top come first."""

    def __init__(self, folder: str, own: frozenset[str]) -> None:
        self._folder = folder
        self._own = own
        self.files: list[tuple[str, Stamp | None]] = []
        self.folders: list[str] = []
        self._left_out: dict[str, list[str]] = {"links": [], "unreadable": [], "crowded": [], "deep": []}
        self._entries = 0

    def has_seen_the_same(self, other: _Walk) -> bool:
        """Whether both have found the same, in the same order."""
        mine = (self.files, self.folders, self._left_out, self._is_full)
        return mine == (other.files, other.folders, other._left_out, other._is_full)

    def go(self) -> None:
        waiting: deque[tuple[str, int]] = deque([("", 0)])
        while waiting and not self._is_full:
            name, depth = waiting.popleft()
            inside = self._look_into(name)
            if depth < MOST_DEEP:
                waiting.extend((folder, depth + 1) for folder in inside)
            else:
                self._left_out["deep"] += inside

    @property
    def _is_full(self) -> bool:
        return len(self.files) >= MOST_FILES or self._entries >= MOST_ENTRIES

    def _look_into(self, name: str) -> list[str]:
        """Take the files of one folder; the relative names of the folders in it, sorted."""
        path = f"{self._folder}/{name}" if name else self._folder
        try:
            entries = list(self._entries_of(path, name))
        except OSError as error:
            if name or os.path.lexists(path):
                self._left_out["unreadable"].append(
                    f"{name or path}: {(error.strerror or str(error)).lower()}"
                )
            return []
        self.folders.append(name)
        before = f"{name}/" if name else ""
        folders = []
        for entry in entries:
            if _is_folder(entry):
                if self._is_wanted(entry):
                    folders.append(before + entry.name)
            else:
                self._take(entry, before + entry.name)
        return sorted(folders, key=by_place)

    def _entries_of(self, path: str, name: str) -> Iterator[os.DirEntry[str]]:
        with os.scandir(path) as entries:
            for number, entry in enumerate(entries):
                if number >= MOST_IN_FOLDER:
                    self._left_out["crowded"].append(name or path)
                    break
                self._entries += 1
                yield entry

    def _take(self, entry: os.DirEntry[str], name: str) -> None:
        if entry.name.startswith(".") or entry.name == PROJECT_FILE:
            return
        if entry.is_symlink() and _leads_to_folder(entry):
            self._left_out["links"].append(name)
        elif entry.name.endswith(SUFFIXES) and len(self.files) < MOST_FILES:
            self.files.append((name, _stamp_of(entry)))

    def _is_wanted(self, entry: os.DirEntry[str]) -> bool:
        if entry.name.startswith(".") or entry.name in _NEVER:
            return False
        return os.path.realpath(entry.path) not in self._own and not os.path.lexists(
            f"{entry.path}/pyvenv.cfg"
        )

    def notes(self) -> Iterator[str]:
        """What was left out, in words."""
        links = sorted(self._left_out["links"])
        if len(self.files) >= MOST_FILES:
            yield f"only the first {MOST_FILES:,} files are shown; watch a smaller folder: orp-tui FOLDER"
        elif self._is_full:
            yield f"only the first {MOST_ENTRIES:,} names were looked at; watch a smaller folder: orp-tui FOLDER"
        if crowded := self._left_out["crowded"]:
            yield _listed(crowded, f"of {{}} only {MOST_IN_FOLDER:,} names were looked at")
        if deep := self._left_out["deep"]:
            yield _listed(deep, f"deeper than {MOST_DEEP} folders, not looked into: {{}}")
        if links:
            number = counted(len(links), "link")
            yield _listed(links, f"{number} to folders not followed: {{}}")
        if unreadable := self._left_out["unreadable"]:
            yield _listed(unreadable, "can't be read: {}")


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


def _stamp_of(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        found = entry.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_dev, found.st_ino
