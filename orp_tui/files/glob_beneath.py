"""Shell patterns, matched beneath a folder that is scanned through a safe opener."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from orp_tui.core.errors import UnsafePath

Scan = Callable[[str], AbstractContextManager[Iterator["os.DirEntry[str]"]]]
"""Relative path of a folder → its entries."""

Exists = Callable[[str, str], bool]
"""Relative path of a folder and a name → whether the folder holds that name, symlinks not followed."""


class Glob:
    """One search; see `safe_open.Beneath.glob` for the rules."""

    def __init__(self, scan: Scan, exists: Exists, *, hidden: bool, scan_limit: int) -> None:
        self._scan = scan
        self._exists = exists
        self._hidden = hidden
        self._left = scan_limit
        self._denied: PermissionError | None = None
        self._found: set[str] = set()
        self._seen: set[tuple[str, int]] = set()
        self._parts: list[str] = []
        self._folders_only = False

    def find(self, pattern: str, limit: int) -> tuple[list[str], bool]:
        """The first `limit` matches in sorted order, and whether more were left out.

        Raises PermissionError if nothing was found and a folder could not be read.
        """
        self._folders_only = pattern.endswith("/")
        self._parts = [part for part in pattern.split("/") if part not in ("", ".")]
        pending = [("", 0)]
        while pending and self._left > 0:
            step = pending.pop()
            if step not in self._seen:
                self._seen.add(step)
                pending.extend(self._step(*step))
        if self._denied and not self._found:
            raise self._denied
        found = sorted(self._found)
        return found[:limit], len(found) > limit or self._left <= 0

    def _step(self, folder: str, index: int) -> list[tuple[str, int]]:
        """Match part `index` in `folder`; what is to be looked at next."""
        if index == len(self._parts):
            return []
        part = self._parts[index]
        if part == "**":
            return self._any_depth(folder, index)
        if not has_magic(part):
            return self._literal(folder, index)
        return self._names(folder, index, re.compile(fnmatch.translate(part)).match)

    def _literal(self, folder: str, index: int) -> list[tuple[str, int]]:
        """Plain names are joined and opened as one; the last one is looked up, its folder not scanned."""
        path, last = folder, len(self._parts) - 1
        while index < last and not has_magic(self._parts[index]):
            path = _join(path, self._parts[index])
            index += 1
        if index < last or has_magic(self._parts[index]):
            return [(path, index)]
        self._left -= 1
        name = self._parts[index]
        if self._exists(path or ".", name) and (not self._folders_only or self._opens(_join(path, name))):
            self._found.add(_join(path, name))
        return []

    def _names(self, folder: str, index: int, match: Callable[[str], object]) -> list[tuple[str, int]]:
        last = index == len(self._parts) - 1
        dots = self._hidden or self._parts[index].startswith(".")
        deeper: list[tuple[str, int]] = []
        for entry in self._entries(folder):
            name = entry.name
            if not match(name) or (name[0] == "." and not dots):
                continue
            if not last:
                if entry.is_dir(follow_symlinks=False) or entry.is_symlink():
                    deeper.append((_join(folder, name), index + 1))
            elif not self._folders_only or self._is_folder(entry, _join(folder, name)):
                self._found.add(_join(folder, name))
        return deeper

    def _any_depth(self, folder: str, index: int) -> list[tuple[str, int]]:
        last = index == len(self._parts) - 1
        deeper = [] if last else [(folder, index + 1)]
        for entry in self._entries(folder):
            if entry.name[0] == "." and not self._hidden:
                continue
            path = _join(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                deeper.append((path, index))
                if last and self._folders_only:
                    self._found.add(path)
            elif last and not self._folders_only:
                self._found.add(path)
        return deeper

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """Nothing for what is no folder, leads out, vanished or cannot be read."""
        try:
            with self._scan(folder or ".") as entries:
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        return
                    yield entry
        except UnsafePath:
            return
        except PermissionError as error:
            self._denied = error
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # not the folder's fault
                raise

    def _is_folder(self, entry: os.DirEntry[str], path: str) -> bool:
        return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and self._opens(path))

    def _opens(self, path: str) -> bool:
        try:
            with self._scan(path):
                return True
        except (UnsafePath, OSError):
            return False


def has_magic(part: str) -> bool:
    """Whether a pattern holds a wildcard."""
    return any(char in part for char in "*?[")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
