"""Following a log that somebody writes: by looking, ten times a second.

No watcher: fstat costs nothing, works on every file system and misses nothing. What
happens to the file under way is said: truncated, rewritten, replaced, deleted, or
something at its place that must not be opened.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator

from orp_tui.logs.path_watch import Notice, PathWatch, Restarted

CHUNK = 256 << 10
_ONE_LOOK = 4 << 20
"""Bytes that one look gives at most, so that whoever follows a flood can stop."""
_FINGERPRINT = 64


@dataclasses.dataclass(frozen=True)
class Chunk:
    """New bytes, at most 256 KiB; they end anywhere."""

    data: bytes
    offset: int
    """Of its first byte in the file."""


Event = Chunk | Restarted | Notice


class Follower:
    """A log that is looked at again and again. A context manager.

    It need not exist yet. With `backlog`, a look that finds more unread bytes than that
    skips to the last of them and says so: for views, which can't show a flood anyway.
    `follow_links` is for a path that the user named; then a link that is set anew is followed too.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        offset: int = 0,
        backlog: int | None = None,
        follow_links: bool = False,
    ) -> None:
        self.path = os.fspath(path)
        self.offset = offset
        """Of the next byte to be given."""
        self._backlog = backlog
        self._file = PathWatch(self.path, follow_links=follow_links)
        self._last = b""

    def look(self) -> list[Event]:
        """What is new; empty if nothing. After a full look (4 MiB) there may be more at once."""
        events: list[Event] = []
        if self._file.fd >= 0:
            self._read(events)
        if not any(isinstance(event, Chunk) for event in events):
            self._check_path(events)
        return events

    def written(self) -> int:
        """Bytes in the log now; 0 if it was never there."""
        return self._file.size()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _read(self, events: list[Event]) -> None:
        size = os.fstat(self._file.fd).st_size
        if size < self.offset:
            self._restart("truncated", events)
        elif size > self.offset and not self._last_still_there():
            self._restart("rewritten", events)
        if self._backlog is not None and size - self.offset > self._backlog:
            skipped = size - self._backlog - self.offset
            events.append(Notice(f"{skipped:,} bytes skipped"))
            self.offset, self._last = size - self._backlog, b""
        until = min(size, self.offset + _ONE_LOOK)
        while self.offset < until:
            data = os.pread(self._file.fd, min(CHUNK, until - self.offset), self.offset)
            if not data:
                break
            events.append(Chunk(data, self.offset))
            self.offset += len(data)
            self._last = (
                (self._last + data)[-_FINGERPRINT:] if len(data) < _FINGERPRINT else data[-_FINGERPRINT:]
            )

    def _last_still_there(self) -> bool:
        if not self._last:
            return True
        return os.pread(self._file.fd, len(self._last), self.offset - len(self._last)) == self._last

    def _restart(self, why: str, events: list[Event]) -> None:
        events.append(Restarted(why))
        self.offset, self._last = 0, b""

    def _check_path(self, events: list[Event]) -> None:
        opened = self._file.opened
        for news in self._file.check():
            if isinstance(news, Restarted):
                self._restart(news.why, events)
            else:
                events.append(news)
        if self._file.opened != opened:
            self._read(events)


def follow(
    path: str | os.PathLike[str],
    *,
    offset: int = 0,
    stop: Callable[[], bool],
    interval_s: float = 0.1,
    backlog: int | None = None,
    follow_links: bool = False,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Event]:
    """What is written to a log, until `stop` says so; then what is left of it.

    `wait` is called between two looks that found nothing; an Event's `wait` ends it sooner.
    """
    with Follower(path, offset=offset, backlog=backlog, follow_links=follow_links) as follower:
        while not stop():
            events = follower.look()
            yield from events
            if not _moved(events):
                wait(interval_s)
        # What was written until now is given; a process that writes on for ever ends nothing.
        end = follower.written()
        while _moved(events := follower.look()):
            yield from events
            if follower.offset >= end:
                return
        yield from events


def _moved(events: list[Event]) -> bool:
    return any(isinstance(event, Chunk | Restarted) for event in events)
