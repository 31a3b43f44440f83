"""Locks beyond the run's own, honoured by all users and base directories of this machine.

A claim is an OFD lock on a file in a sticky folder. The leader takes it, and supervisor
and training inherit it, so it is held exactly as long as a process of the run lives.
Ports and project folders are claimed today; GPUs will be in the same way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from pathlib import Path

from orp_tui.files import locks
from orp_tui.hardware.glance import FAKE_VARIABLE

PORTS = range(20_000, 32_000)
"""Below the range from which the kernel gives ports to clients (32,768 and up by default)."""


OWN_FOLDER_VARIABLE = "ORP_CLAIMS_DIR"


def claims_folder() -> Path:
    """The machine-wide folder: /run/lock/orp, else one beneath the temporary folder.

    Where the GPUs are made up (ORP_FAKE_GPUS) those who share ORP_CLAIMS_DIR, if that is set, share them, and
    no others. Real ones can't be kept to oneself so.
    """
    own = os.environ.get(OWN_FOLDER_VARIABLE)
    if own and os.environ.get(FAKE_VARIABLE):
        os.makedirs(own, mode=0o700, exist_ok=True)
        return Path(own)
    for parent in (Path("/run/lock"), Path("/tmp")):  # noqa: S108 - sticky, and only locks lie there
        folder = parent / "orp"
        try:
            folder.mkdir(exist_ok=True)
            with contextlib.suppress(PermissionError):
                if folder.stat().st_mode & 0o1777 != 0o1777:
                    folder.chmod(0o1777)
            if os.access(folder, os.W_OK):
                return folder
        except OSError:
            continue
    raise OSError("no folder for machine-wide locks: neither /run/lock/orp nor /tmp/orp can be written")


def take(name: str) -> int | None:
    """A descriptor that holds the claim; None if somebody else does.

    Raises OSError if the lock file can't be opened.
    """
    path = claims_folder() / name
    old = os.umask(0)
    try:
        # Open to all: a claim file that only its first user could lock would shut out the others.
        with contextlib.suppress(FileExistsError, PermissionError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666))
    finally:
        os.umask(old)
    return locks.take(path, create=False)


def project_claim(project: str) -> str:
    """The claim that an `in_place` run holds on its project folder."""
    return (
        "project-"
        + hashlib.sha256(os.path.realpath(project).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    )


def take_port(seed: int) -> tuple[int, int]:
    """A port that nobody listens on, and the descriptor of its claim.

    `seed` spreads the runs over the range. Raises OSError if none is free.
    """
    for step in range(200):
        port = PORTS[(seed * 97 + step) % len(PORTS)]
        descriptor = take(f"port-{port}")
        if descriptor is None:
            continue
        if _is_free(port):
            return port, descriptor
        os.close(descriptor)
    raise OSError("no free port between 20000 and 31999")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
