"""Kernel locks as proof of life: taken, inherited, and asked about without being taken.

Open file description locks (`F_OFD_SETLK`, Linux 3.15): a lock belongs to the open
description, so a child that inherits the descriptor holds it too; it goes when the
last of them is closed, also by SIGKILL; and `F_OFD_GETLK` asks without taking.
flock and OFD locks do not see each other, so ORP uses OFD everywhere.

A lock file is never unlinked or renamed: two files would mean two holders.
"""

from __future__ import annotations

import enum
import fcntl
import os
import struct
from pathlib import Path

_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, len, pid


class LockState(enum.Enum):
    """What the kernel says of a lock file."""

    ABSENT = "absent"
    """There is no such file."""
    FREE = "free"
    HELD = "held"


def request(kind: int) -> bytes:
    """The argument of an OFD call about a whole file: F_WRLCK takes or asks, F_UNLCK lets go."""
    return _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0)


def take(path: Path, *, create: bool = True) -> int | None:
    """A descriptor that holds the lock, close-on-exec; None if somebody else holds it.

    Raises OSError if the file can't be opened (or does not exist and `create` is false).
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, request(fcntl.F_WRLCK))
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def ask(path: Path) -> LockState:
    """Whether anybody holds the lock; takes nothing and disturbs nobody.

    Raises OSError if the file is there and can't be opened.
    """
    try:
        descriptor = os.open(
            path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        )  # asking needs no right to write
    except FileNotFoundError:
        return LockState.ABSENT
    except PermissionError:
        return LockState.HELD  # somebody else's: it can't be ours to take
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, request(fcntl.F_WRLCK))
    finally:
        os.close(descriptor)
    return LockState.FREE if _FLOCK.unpack(answer)[0] == fcntl.F_UNLCK else LockState.HELD


def same_file(descriptor: int, path: Path) -> bool:
    """Whether `path` still names the file that is open: a deleted lock file guards nothing."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
