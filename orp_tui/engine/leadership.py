"""Who leads a base directory: taken by a kernel lock, told by what the lock file holds."""

from __future__ import annotations

import dataclasses
import json
import os

import orp_tui
from orp_tui.core.errors import LeaderError
from orp_tui.core.layout import BasePaths
from orp_tui.engine import host
from orp_tui.files import locks


@dataclasses.dataclass(frozen=True)
class LeaderIdentity:
    """Who leads: what `queue.lock` holds while its lock is held."""

    pid: int
    start_ticks: int
    boot_id: str
    host: str
    user: str
    since: float
    version: str
    slots: int | None = None
    """How many runs it lets go at once by its settings; None: it did not say."""

    def __str__(self) -> str:
        return f"pid {self.pid} of {self.user} on {self.host}"


def take_lead(paths: BasePaths, *, now: float, slots: int | None = None) -> int:
    """A descriptor that holds the lead of a base directory.

    Raises LeaderError naming the holder if somebody else leads.
    """
    paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = locks.take(paths.leader_lock)
    if descriptor is None:
        holder = read_leader(paths)
        raise LeaderError(f"{paths.base} already has a queue processor: {holder or 'just starting'}")
    identity = LeaderIdentity(
        pid=os.getpid(),
        start_ticks=host.start_ticks(os.getpid()),
        boot_id=host.boot_id(),
        host=os.uname().nodename,
        user=_user(),
        since=now,
        version=orp_tui.__version__,
        slots=slots,
    )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(dataclasses.asdict(identity)).encode(), 0)
    return descriptor


def read_leader(paths: BasePaths) -> LeaderIdentity | None:
    """Who leads the base directory now; None if nobody does, or has only just begun to."""
    if locks.ask(paths.leader_lock) is not locks.LockState.HELD:
        return None
    try:
        return LeaderIdentity(**json.loads(paths.leader_lock.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def leader_variables(paths: BasePaths) -> frozenset[str] | None:
    """Names in the environment of the queue processor, where runs look for secrets; None if nobody leads."""
    leader = read_leader(paths)
    if leader is None:
        return None
    try:
        with open(f"/proc/{leader.pid}/environ", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return frozenset()
    return frozenset(os.fsdecode(word.partition(b"=")[0]) for word in words if word)


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
