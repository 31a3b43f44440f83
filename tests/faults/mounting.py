"""Small file systems for tests that fill them or cut their power; they need root."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import until


def _try(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"not allowed here: {' '.join(command)}: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    until(
        lambda: subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0, 20
    )


@contextlib.contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[Path]:
    """A file system in memory that is full after `size`."""
    folder.mkdir(parents=True)
    _try("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "orp-test", str(folder))
    try:
        yield folder
    finally:
        unmount(folder)


class Disk:
    """An ext4 file system in a file, whose power can be cut."""

    def __init__(self, root: Path) -> None:
        self.image, self.folder = root / "disk.img", root / "disk"
        self.folder.mkdir(parents=True)
        with open(self.image, "wb") as file:
            file.truncate(64 << 20)
        _try("mkfs.ext4", "-q", "-F", str(self.image))
        self.mounted = False
        self.mount()

    def mount(self) -> None:
        _try("mount", "-o", "loop", str(self.image), str(self.folder))
        self.mounted = True

    def photograph(self) -> Path:
        """What a power cut at this moment would leave: whatever has not been flushed is not in it."""
        copy = self.image.with_name("cut.img")
        subprocess.run(["cp", "--sparse=always", str(self.image), str(copy)], check=True)
        return copy

    def return_to(self, copy: Path) -> None:
        """The machine is started again; nothing of the project may have a file open."""
        self.close()
        shutil.move(copy, self.image)
        self.mount()

    def close(self) -> None:
        if self.mounted:
            unmount(self.folder)
            self.mounted = False
