"""The bytes of a file that somebody appends to: new ones at each look, from a place that can be kept.

No descriptor is held between looks, so twenty runs cost nothing while nothing is written. What
happens to the file is told apart: it grew, or it is another text now and begins anew.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from typing import Any

_PRINT = 64
"""Bytes compared at the beginning and before the place reached, to know a file again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read; what is kept to go on later, in another process too."""

    offset: int = 0
    head: bytes = b""
    """The first bytes of the file, at most 64."""
    before: bytes = b""
    """The last bytes before `offset`, at most 64."""

    def to_json(self) -> dict[str, Any]:
        return {"offset": self.offset, "head": self.head.hex(), "before": self.before.hex()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Place:
        """Raises KeyError, TypeError or ValueError if that is no place."""
        return cls(int(data["offset"]), bytes.fromhex(data["head"]), bytes.fromhex(data["before"]))


@dataclasses.dataclass(frozen=True, slots=True)
class Grown:
    """What a look found."""

    data: bytes = b""
    """From the place on; may end anywhere."""
    restarted: str = ""
    """`truncated` or `rewritten`: `data` is from the beginning, and what was read before is no more there."""
    at_end: bool = True
    """Nothing is left beyond `data`."""
    trouble: str = ""
    """Why nothing can be read, in words; empty if it could, or if there is no such file."""


class GrowingFile:
    """A file that is looked at again and again; it need not exist yet.

    `follow_links` is for a path that the user named. FIFOs and devices are never opened for reading.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, place: Place | None = None, follow_links: bool = False
    ) -> None:
        self.path = os.fspath(path)
        self.place = place or Place()
        self._flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        if not follow_links:
            self._flags |= os.O_NOFOLLOW
        self._seen: tuple[int, ...] = ()

    def changed(self) -> bool:
        """Whether a look could find something: one stat."""
        return self._stamp() != self._seen

    def look(self, most: int) -> Grown:
        """Up to `most` bytes from the place on. The place moves by `advance` only."""
        stamp = self._stamp()
        if not stamp:
            self._seen = ()
            return Grown()
        try:
            descriptor = os.open(self.path, self._flags)
        except FileNotFoundError:
            return Grown()
        except OSError as error:
            return Grown(trouble=f"cannot be read: {error.strerror}")
        try:
            return self._read(descriptor, most, stamp)
        except OSError as error:
            return Grown(trouble=f"cannot be read: {error.strerror}")
        finally:
            os.close(descriptor)

    def advance(self, data: bytes) -> None:
        """`data`, the first bytes of what the last look gave, was taken."""
        head = self.place.head
        if len(head) < _PRINT:
            head = (head + data[:_PRINT])[:_PRINT]
        self.place = Place(
            self.place.offset + len(data), head, (self.place.before + data[-_PRINT:])[-_PRINT:]
        )

    def _read(self, descriptor: int, most: int, stamp: tuple[int, ...]) -> Grown:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return Grown(trouble="is no regular file")
        restarted = self._restarted(descriptor, found.st_size)
        if restarted:
            self.place = Place()
        data = os.pread(descriptor, most, self.place.offset)
        at_end = self.place.offset + len(data) >= found.st_size
        # What was written between the two stats is found at the next look.
        self._seen = stamp if at_end else ()
        return Grown(data, restarted, at_end)

    def _restarted(self, descriptor: int, size: int) -> str:
        place = self.place
        if size < place.offset:
            return "truncated"
        same = os.pread(descriptor, len(place.head), 0) == place.head and (
            os.pread(descriptor, len(place.before), place.offset - len(place.before)) == place.before
        )
        return "" if same else "rewritten"

    def _stamp(self) -> tuple[int, ...]:
        try:
            found = os.stat(self.path)
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
