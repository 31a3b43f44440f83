"""Remove for good what is in the trash."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.core.layout import BasePaths
from orp_tui.files.usage import usage
from orp_tui.services.cleaning import part_of
from orp_tui.services.trash_index import ELSEWHERE
from orp_tui.services.trash_lock import alone_in_trash

_EMPTYING = ".emptying-"


def trash_folders(paths: BasePaths) -> list[Path]:
    """All that an emptying removes; what an earlier one that was killed has left is among it."""
    found = []
    for parent in (
        paths.trash,
        *(part_of(paths, part) / ELSEWHERE for part in ("runs", "artifacts", "sources")),
    ):
        if parent.is_dir() and not parent.is_symlink():
            found += [Path(entry.path) for entry in os.scandir(parent)]
    return sorted(found)


def empty(paths: BasePaths, progress: Callable[[int, int], None] | None = None) -> int:
    """Remove all that is in the trash; returns the bytes that were freed.

    `progress` is called with bytes done and bytes in all. Raises OSError if something can't be
    removed; the rest is gone then.
    """
    trouble: OSError | None = None
    aside: list[Path] = []
    with alone_in_trash(paths):
        for folder in trash_folders(paths):
            try:
                aside.append(_set_aside(folder))
            except OSError as error:
                trouble = error
    folders = [(folder, usage(folder)) for folder in aside]
    total, freed = sum(size for _, size in folders), 0
    for folder, size in folders:
        try:
            for count in _remove(folder):
                if progress is not None:
                    progress(min(total, freed + count), total)
            freed += size
        except OSError as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return freed


def _set_aside(folder: Path) -> Path:
    """Under a name that nothing is put back from: a half removed workspace is none."""
    if folder.name.startswith(_EMPTYING):
        return folder
    aside = folder.with_name(f"{_EMPTYING}{folder.name}")
    os.rename(folder, aside)
    return aside


def _remove(top: Path) -> Iterator[int]:
    """Remove a tree, bytes so far after each folder; what a training has made read-only too, of links themselves only."""
    if top.is_symlink() or not top.is_dir():
        top.unlink()
        return
    os.chmod(top, 0o700)
    for folder, names, _ in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    count = 0
    for folder, names, files in os.walk(top, topdown=False):
        for name in files:
            path = os.path.join(folder, name)
            count += os.lstat(path).st_blocks * 512
            os.unlink(path)
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                os.unlink(path)
            else:
                os.rmdir(path)
        yield count
    os.rmdir(top)
