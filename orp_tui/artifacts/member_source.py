"""One file on its way into a zip: opened once, digested and handed on in the same pass."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from orp_tui.artifacts.plan import Kind, PlanItem

CHUNK = 1 << 20
_AHEAD = 4
_WORTH_A_THREAD = 16 << 20
_SAMPLES, _SAMPLE = 8, 64 << 10
_WORTH = 11 / 12
"""A file is deflated if that saves at least 1 part in 12: float weights stay as they are."""


class MemberSource:
    """An open file, of which exactly the bytes that it had at the opening are read.

    A log that grows meanwhile would otherwise never end.
    """

    def __init__(self, file: BinaryIO, item: PlanItem, advance: Callable[[int], None]) -> None:
        self._fd = file.fileno()
        self._item = item
        self._advance = advance
        self._digest = hashlib.sha256()
        self.before = os.fstat(self._fd)
        self.size = self.before.st_size
        """Bytes at the opening."""
        self.read = 0
        """Bytes so far."""
        self._failed = ""

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """The bytes, at most `size`; fewer if the file shrinks or can't be read to its end."""
        ahead = self.size >= _WORTH_A_THREAD
        for chunk in read_ahead(self._digested()) if ahead else self._digested():
            self.read += len(chunk)
            self._advance(len(chunk))
            yield chunk

    def _digested(self) -> Iterator[bytes]:
        position = 0
        while position < self.size:
            try:
                chunk = os.pread(self._fd, min(CHUNK, self.size - position), position)
            except OSError as error:
                self._failed = f"not read beyond byte {position:,}: {error.strerror}"
                return
            if not chunk:
                return
            self._digest.update(chunk)
            position += len(chunk)
            yield chunk

    def worth_deflating(self) -> bool:
        """Whether 8 blocks of 64 KiB, spread over the file, get smaller by deflating them."""
        saved = self.saved_share()
        return saved > 1 - _WORTH

    def saved_share(self) -> float:
        """The part of the file that deflating would save, 0 to 1, by the same blocks."""
        blocks = self._sample()
        total = sum(map(len, blocks))
        if total == 0:
            return 0.0
        return max(0.0, 1 - sum(len(zlib.compress(block, 1)) for block in blocks) / total)

    def _sample(self) -> list[bytes]:
        if self.size <= _SAMPLES * _SAMPLE:
            places = [place * _SAMPLE for place in range(-(-self.size // _SAMPLE))]
        else:
            step = (self.size - _SAMPLE) // (_SAMPLES - 1)
            places = [place * step for place in range(_SAMPLES)]
        try:
            return [os.pread(self._fd, _SAMPLE, place) for place in places]
        except OSError:
            return []  # the reading itself will say so

    def note(self) -> str:
        """What happened to the file meanwhile, and what it is beside its bytes; empty if nothing."""
        after = os.fstat(self._fd)
        notes = [self._failed] if self._failed else []
        if after.st_size > self.size:
            notes.append("grew while packing")
        elif after.st_size < self.size or (self.read < self.size and not self._failed):
            notes.append("shrank while packing")
        elif (after.st_mtime_ns, after.st_ctime_ns) != (self.before.st_mtime_ns, self.before.st_ctime_ns):
            notes.append("changed while packing" if after.st_nlink else "replaced or deleted while packing")
        if after.st_nlink > 1 and self._item.kind is Kind.WORKSPACE:
            notes.append(f"{after.st_nlink} hard links")
        return "; ".join(notes)


def read_ahead(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, made by a thread that stays a few ahead: digesting beside deflating.

    Ends its thread when it is closed early; what `chunks` raises is raised here.
    """
    import queue
    import threading

    ready: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
    unwanted = threading.Event()

    def work() -> None:
        last: BaseException | None = None
        try:
            for chunk in chunks:
                ready.put(chunk)
                if unwanted.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - a worker's border: handed to the consumer
            last = error
        ready.put(last)

    thread = threading.Thread(target=work, name="read ahead", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        unwanted.set()
        while thread.is_alive():
            while not ready.empty():
                ready.get()
            thread.join(0.01)
