"""Who was on a card at each look, and whether that is somebody ORP has to keep away from. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from orp_tui.core.words import size
from orp_tui.hardware.gpus import GpuProcess, GpuSample

UNEXPLAINED_BYTES = 500 << 20
UNEXPLAINED_SHARE = 0.05
"""Memory in use that no process explains is a program that can't be seen if it is more than both."""
BUSY = 0.10
"""Load above which somebody computes."""
_NAMED = 2


@dataclasses.dataclass(frozen=True)
class Look:
    """What one look at a card says of those on it."""

    own: str
    """A run of ORP that is on it, `a run` if its name is not known; "" if none is."""
    own_bytes: int
    foreign: tuple[GpuProcess, ...]
    """Programs of others that compute, and whose user is known."""
    nameless: bool
    """There are processes of whom nothing is known; they may be ORP's."""
    hidden_bytes: int | None
    """Of those, and of whatever no process explains; None: not known."""
    tolerated: tuple[GpuProcess, ...]
    """Programs of users that don't matter."""
    tolerated_bytes: int
    """Of these, and of programs that draw a screen."""
    busy: float | None
    """The load, if it is one and no process explains it."""


@dataclasses.dataclass(frozen=True)
class Users:
    """Who is on a card and is not ORP; false if nobody is."""

    named: tuple[GpuProcess, ...]
    hidden: bool
    """Somebody who can't be seen is on it."""
    bytes: int | None
    """Of all these; None: not known."""
    busy: float | None
    settling: int
    """Bytes that seem to be left of a run of ORP that has just ended."""
    bytes_in_all: int
    """In use by anybody but ORP's bookings."""

    def __bool__(self) -> bool:
        return bool(self.named) or self.hidden or self.busy is not None

    def in_words(self) -> str:
        """`held by maria (14.0 GiB) and jonas (1.0 GiB)`, `in use by another program (2.1 GiB)`."""
        if self.named:
            return holders(self.named)
        if self.hidden:
            return "in use by another program" + ("" if not self.bytes else f" ({size(self.bytes)})")
        return f"in use by another program (busy: {(self.busy or 0.0) * 100:.0f} %)"


def holders(processes: Sequence[GpuProcess]) -> str:
    """`held by maria (14.0 GiB) and jonas (1.0 GiB)`, who has most of it first."""
    of_user: dict[str, int] = {}
    for process in processes:
        user = process.user or "another program"
        of_user[user] = of_user.get(user, 0) + (process.bytes or 0)
    names = sorted(of_user, key=lambda user: -of_user[user])
    words = [f"{name} ({size(of_user[name])})" if of_user[name] else name for name in names]
    more = len(words) - _NAMED
    return "held by " + " and ".join(words[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def looked_at(gpu: GpuSample, own_pids: Collection[int], ignore_users: Collection[str]) -> Look:
    """One look at a card, its processes told apart."""
    own = [item for item in gpu.processes if _is_own(item, own_pids)]
    others = [item for item in gpu.processes if not _is_own(item, own_pids)]
    screens = [item for item in others if item.graphics]
    computing = [item for item in others if not item.graphics]
    tolerated = [item for item in computing if item.user is not None and item.user in ignore_users]
    foreign = [item for item in computing if item not in tolerated]
    nameless = [item for item in foreign if item.pid is None]
    load = gpu.utilisation or 0.0
    return Look(
        own=next((item.run_id or "a run" for item in own), ""),
        own_bytes=sum(item.bytes or 0 for item in own),
        foreign=tuple(item for item in foreign if item.pid is not None),
        nameless=bool(nameless),
        hidden_bytes=_hidden(gpu, nameless),
        tolerated=tuple(tolerated),
        tolerated_bytes=sum(item.bytes or 0 for item in [*tolerated, *screens]),
        busy=load if load > BUSY and not own and not computing else None,
    )


def users(looks: Sequence[Look], number: int, booked: int) -> Users:
    """Who was on a card at one of the looks, the oldest of which is the first.

    What can't be told whose it is, is ORP's as far as ORP has booked that much (in a
    container no process can be told), and so is what remains where a run has just been.
    """
    look = looks[number]
    is_newest = number == len(looks) - 1
    after_own = bool(look.own) or (number > 0 and bool(looks[number - 1].own))
    hidden = look.hidden_bytes
    left = None if hidden is None else max(0, hidden - max(0, booked - look.own_bytes))
    is_hidden = bool(left) or (look.nameless and not booked)
    settling = (left or 1) if is_hidden and after_own and is_newest and not look.own else 0
    is_hidden = is_hidden and not after_own
    named_bytes = [process.bytes for process in look.foreign]
    counted = [*named_bytes, left if is_hidden else 0]
    known = [count for count in counted if count is not None]
    return Users(
        named=look.foreign,
        hidden=is_hidden,
        bytes=sum(known) if len(known) == len(counted) else None,
        busy=None if after_own or booked else look.busy,
        settling=settling,
        bytes_in_all=sum(count or 0 for count in named_bytes)
        + (left or 0)
        + look.tolerated_bytes
        + max(booked, look.own_bytes),
    )


def _is_own(process: GpuProcess, own_pids: Collection[int]) -> bool:
    return process.run_id is not None or (process.pid is not None and process.pid in own_pids)


def _hidden(gpu: GpuSample, nameless: Sequence[GpuProcess]) -> int | None:
    """Bytes of processes of whom nothing is known, and of what no process explains."""
    counts = [item.bytes for item in nameless]
    known = sum(count or 0 for count in counts)
    if gpu.used_bytes is None:
        return None if None in counts else known
    rest = max(0, gpu.used_bytes - sum(item.bytes or 0 for item in gpu.processes))
    if None in counts:
        return known + rest
    silent = any(item.bytes is None for item in gpu.processes)
    few = max(UNEXPLAINED_BYTES, int(gpu.total_bytes * UNEXPLAINED_SHARE))
    return known + (rest if rest > few and not silent else 0)
