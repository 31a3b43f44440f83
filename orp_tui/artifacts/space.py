"""Room for a zip: what it will need, what there is, and what a killed packer left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from pathlib import Path

from orp_tui.artifacts.member_source import MemberSource
from orp_tui.artifacts.plan import Plan, PlanItem
from orp_tui.core.errors import DiskFull, UnsafePath
from orp_tui.files.safe_open import Beneath

_SAMPLED_FROM = 8 << 20
_PER_MEMBER = 1024
"""Headers, directory and manifest line of one member, generously."""
_STALE_S = 600
_BESIDE = re.compile(r"\..+\.zip\.tmp-([0-9]+)")


def beside(target: Path) -> Path:
    """Where this process writes the zip until it is whole; what lay there is gone."""
    path = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    path.unlink(missing_ok=True)  # the finaliser keeps its pid over exec, so a dead one may have had ours
    return path


def sweep(target: Path) -> None:
    """Remove what dead processes left: of this zip at once, of others after 10 minutes.

    The pause spares a packer on another host that shares the folder and whose pid means nothing here.
    """
    with os.scandir(target.parent) as entries:
        for entry in entries:
            match = _BESIDE.fullmatch(entry.name)
            if match is None or _alive(int(match[1])):
                continue
            with contextlib.suppress(OSError):
                own = entry.name.startswith(f".{target.name}.tmp-")
                if own or time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE_S:
                    os.unlink(entry.path)


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError as error:
        return error.errno == errno.EPERM
    return True


def free_bytes(folder: Path) -> int:
    """What this user may still write on the folder's file system."""
    found = os.statvfs(folder)
    blocks = found.f_bfree if os.geteuid() == 0 else found.f_bavail
    return blocks * found.f_frsize


def check(plan: Plan, target: Path) -> int:
    """An estimate of the zip's bytes. Raises DiskFull if there is less room than that."""
    needed = estimate(plan)
    free = free_bytes(target.parent)
    if needed > free:
        raise DiskFull(str(target), needed, free)
    return needed


def estimate(plan: Plan) -> int:
    """Bytes of the zip: of large files a sample is deflated, small ones count in full."""
    needed = sum(len(inline.data) for inline in plan.inline)
    needed += _PER_MEMBER * (len(plan.items) + len(plan.left_out) + 64)
    return needed + sum(_estimate(item) for item in plan.items if item.packed)


def _estimate(item: PlanItem) -> int:
    if item.size < _SAMPLED_FROM:
        return item.size
    try:
        with Beneath(item.root) as folder, folder.open(item.path) as file:
            source = MemberSource(file, item, _nothing)
            saved = source.saved_share() if source.worth_deflating() else 0.0
            return int(source.size * min(1.0, (1 - saved) * 1.1))
    except (OSError, UnsafePath):
        return 0  # it won't be packed either


def _nothing(count: int) -> None:
    """Progress of an estimate is not shown."""
