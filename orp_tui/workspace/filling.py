"""Fill a run's working directory from a frozen tree."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from orp_tui.workspace.freeze import OUTPUT_FOLDER
from orp_tui.workspace.owngit import prepare
from orp_tui.workspace.plan import FreezePlan, all_parents
from orp_tui.workspace.sources import FrozenTree, sync_file_system

_FICLONE = 0x40049409


def fill(tree: FrozenTree, workspace: Path, plan: FreezePlan) -> None:
    """Makes `workspace`: files, empty folders, links to inputs, `outputs/`, an own `.git`.

    Nothing is flushed; one `sync_workspaces` for any number of them does that. Files share
    their blocks with the tree where the file system can (XFS, Btrfs); none shares an inode,
    so that a training that writes into one changes nothing else.

    Raises OSError; what was made so far is the caller's to remove.
    """
    git = prepare(tree, plan)
    workspace.mkdir(mode=0o700)
    folders = {*plan.folders, OUTPUT_FOLDER} | all_parents(
        (*(file.path for file in tree.files), *(item.path for item in plan.inputs), *plan.folders)
    )
    for folder in sorted(folders - plan.file_paths):
        (workspace / folder).mkdir()
    copier = _Copier()
    source, target = f"{tree.path}/", f"{workspace}/"
    for file in tree.files:
        if file.link is not None:
            os.symlink(file.link, target + file.path)
        else:
            copier.copy(source + file.path, target + file.path, 0o777 if file.mode == "100755" else 0o666)
    for item in plan.inputs:
        os.symlink(item.target, target + item.path)
    if git is not None:
        _copy_git(git, workspace / ".git", copier)


def _copy_git(git: Path, target: Path, copier: _Copier) -> None:
    for folder, _, names in os.walk(git):
        place = str(target) + folder[len(str(git)) :]
        os.mkdir(place)
        for name in names:
            copier.copy(os.path.join(folder, name), os.path.join(place, name), 0o666)


def sync_workspaces(*places: Path) -> None:
    """What was written to the file systems of `places` is on disk.

    Raises OSError.
    """
    done = set()
    for place in places:
        device = os.stat(place).st_dev
        if device not in done:
            sync_file_system(place)
            done.add(device)


class _Copier:
    """Copies by reference until the file system says that it can't, then by content."""

    def __init__(self) -> None:
        self._clones = True

    def copy(self, source: str, target: str, mode: int) -> None:
        """`mode` is cut by the umask, as for any new file."""
        reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                if not (self._clones and self._clone(reader, writer)):
                    _copy_content(reader, writer)
            finally:
                os.close(writer)
        finally:
            os.close(reader)

    def _clone(self, reader: int, writer: int) -> bool:
        try:
            fcntl.ioctl(writer, _FICLONE, reader)
        except OSError:
            self._clones = False
            return False
        return True


def _copy_content(reader: int, writer: int) -> None:
    left = os.fstat(reader).st_size
    while left > 0:
        try:
            copied = os.copy_file_range(reader, writer, min(left, 1 << 30))
        except OSError:
            # Some network and overlay file systems refuse it; plain reading goes on where it stopped.
            copied = 0
        if copied == 0:
            while chunk := os.read(reader, 1 << 20):
                view = memoryview(chunk)
                while view:
                    view = view[os.write(writer, view) :]
            return
        left -= copied
