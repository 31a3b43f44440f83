"""GPUs taken for runs: honoured by all users and base directories of this machine.

Each card has a lock file, one byte for each MiB of its memory. Who wants the whole card
locks all of it, who shares it locks as many free bytes as it booked, wherever they lie.
The locks are on one descriptor a card, which supervisor and training inherit: a booking
lives exactly as long as a process of the run, and there is nothing to tidy up after one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.core.needs import Card
from orp_tui.core.request import RunRequest
from orp_tui.engine.claims import claims_folder
from orp_tui.files import locks

MIB = 1 << 20
GATE_S = 0.25
"""How long to wait for others that are taking cards just now."""
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, len, pid
_TO_THE_END = 0
_TOUCHED_EVERY_S = 86_400.0
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def take_cards(cards: Sequence[Card], memory: int | None) -> list[int] | None:
    """Descriptors that hold `memory` bytes of each card, in the order given; the whole cards for None.

    None, and nothing is held, if one of them has not that much left. Waits at most
    `GATE_S`, and only for others that take cards at this moment.

    Raises OSError if the lock files can't be made.
    """
    held: list[int] = []
    gate = _pass_gate()
    try:
        for card in cards:
            descriptor = _take(card, memory)
            if descriptor is None:
                _let_go(held)
                return None
            held.append(descriptor)
    except BaseException:
        _let_go(held)
        raise
    finally:
        if gate is not None:
            os.close(gate)
    return held


def booked(card: Card) -> int:
    """Bytes of a card that runs of this machine hold, rounded up to MiB; asks, and takes nothing.

    All of it if its lock file can't be read: then it can't be taken either.
    Raises OSError if there is no folder for lock files.
    """
    try:
        descriptor = os.open(_path(card), _FLAGS)
    except FileNotFoundError:
        return 0
    except OSError:
        return card.memory
    try:
        units = _units(card.memory)
        free = sum(length for _, length in _free(descriptor, 0, units))
    finally:
        os.close(descriptor)
    return min(card.memory, (units - free) * MIB)


def environment_for(cards: Sequence[Card], request: RunRequest, *, by_uuid: bool = False) -> dict[str, str]:
    """Variables that show a training its cards and no others; those that its file sets are left to it.

    Cards go by index, which some launchers need, in the order of `nvidia-smi`. `by_uuid`
    is for a machine that has split cards too: CUDA counts the others differently there;
    instances always go by UUID. Without cards all are hidden if the run asks for 0, and
    nothing is said if it asks for none in particular: CUDA may work where NVML does not.
    """
    training = request.experiment.get("training", {})
    if not cards and (training.get("resources") or {}).get("gpus") != 0:
        return {}
    indices = ",".join(str(card.index) for card in cards)
    made = {"ORP_GPUS": indices}
    if any(card.uuid.startswith("AMD-") for card in cards):
        # Not ROCR_VISIBLE_DEVICES as well: HIP would then count among those alone.
        made["HIP_VISIBLE_DEVICES"] = indices
    else:
        named = by_uuid or any(card.uuid.startswith("MIG-") for card in cards)
        made["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        made["CUDA_VISIBLE_DEVICES"] = ",".join(card.uuid for card in cards) if named else indices
        if not cards:
            made["HIP_VISIBLE_DEVICES"] = ""
    fixed = training.get("env") or {}
    return {name: value for name, value in made.items() if name not in fixed}


def _pass_gate() -> int | None:
    """A descriptor that keeps others from taking cards; None if somebody else holds on to it.

    Without it two that want the same cards could each get a part and both give up. It
    guards nothing but that: a queue stopped while it holds it delays others, no more.
    """
    path = claims_folder() / "gpus-gate"
    deadline = time.monotonic() + GATE_S
    _make(path)
    while True:
        try:
            descriptor = locks.take(path, create=False)
        except PermissionError:
            return None
        if descriptor is not None or time.monotonic() >= deadline:
            return descriptor
        time.sleep(0.002)


def _take(card: Card, memory: int | None) -> int | None:
    path = _path(card)
    _make(path)
    while True:
        try:
            descriptor = os.open(path, _FLAGS)
        except PermissionError:
            return None  # somebody's who shares it with nobody
        try:
            taken = _lock(descriptor, card, memory)
            if taken and locks.same_file(descriptor, path):
                _touch(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        gone = taken  # a deleted lock file guards nothing: take the one in its place
        os.close(descriptor)
        if not gone:
            return None
        _make(path)


def _lock(descriptor: int, card: Card, memory: int | None) -> bool:
    """Lock what is wanted; False if there is not enough, whatever was locked then goes with the descriptor."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, f"not a lock file: {_path(card)}")
    if memory is None:
        return _try(descriptor, 0, _TO_THE_END)
    units, wanted = _units(card.memory), _units(memory)
    if wanted > units:
        return False
    # Again after somebody who came past the gate.
    return any(_lock_pieces(descriptor, wanted, units) for _ in range(3))


def _lock_pieces(descriptor: int, wanted: int, units: int) -> bool:
    _set(descriptor, fcntl.F_UNLCK, 0, _TO_THE_END)
    missing = wanted
    for start, length in list(_free(descriptor, 0, units)):
        piece = min(length, missing)
        if piece > 0 and _try(descriptor, start, piece):
            missing -= piece
    return missing <= 0


def _free(descriptor: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges from `start` to before `end` that nobody else holds, as first byte and length, in order.

    The kernel names any one lock in the way, not the first, so both sides of it are asked about.
    """
    todo = [(start, end)]
    while todo:
        start, end = todo.pop()
        if start >= end:
            continue
        ask = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, end - start, 0)
        kind, _, first, length, _ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, ask))
        if kind == fcntl.F_UNLCK:
            yield start, end - start
        else:
            if length != _TO_THE_END:
                todo.append((max(start, first + length), end))
            todo.append((start, min(end, first)))


def _try(descriptor: int, start: int, length: int) -> bool:
    try:
        _set(descriptor, fcntl.F_WRLCK, start, length)
    except BlockingIOError:
        return False
    return True


def _set(descriptor: int, kind: int, start: int, length: int) -> None:
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, start, length, 0))


def _path(card: Card) -> Path:
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in card.uuid)
    return claims_folder() / f"gpu-{name or card.index}"


def _make(path: Path) -> None:
    """Make a lock file that all users may lock; without harm if it is there."""
    old = os.umask(0)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666))
    except (FileExistsError, PermissionError):
        return
    finally:
        os.umask(old)


def _touch(descriptor: int) -> None:
    """Keep whoever tidies up old temporary files away from a lock file that is in use."""
    if time.time() - os.fstat(descriptor).st_mtime > _TOUCHED_EVERY_S:
        os.utime(descriptor)


def _units(count: int) -> int:
    return -(-count // MIB)


def _let_go(held: Sequence[int]) -> None:
    for descriptor in held:
        os.close(descriptor)
