"""From what the user named to a log that can be read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from orp_tui.core.errors import UsageError
from orp_tui.logs.path_watch import News, WatchedLog
from orp_tui.logs.reader import FileLog, LogReader
from orp_tui.logs.zip_member import ZipMemberLog
from orp_tui.logs.zip_view import ZipView


class OpenLog(LogReader, Protocol):
    """A log that is being looked at, whatever may become of it."""

    @property
    def exists(self) -> bool:
        """Whether there is something to read, or was."""
        ...

    @property
    def ended(self) -> bool:
        """Whether it can't grow."""
        ...

    @property
    def progress(self) -> str:
        """What is being done before it can be read everywhere; empty if nothing is."""
        ...

    def look(self) -> Sequence[News]:
        """What happened to it since the last look."""
        ...

    def unpack(self) -> bool:
        """Go on making it readable, one slice; False if there is nothing left to do."""
        ...


SEPARATOR = "::"


def split_reference(reference: str) -> tuple[str, str | None]:
    """`path.zip::member` → path and member; a plain path → path and None.

    Both halves may hold `::` themselves: a file of the whole name wins, then the first
    split whose left half is a file.
    """
    if SEPARATOR not in reference or os.path.lexists(reference):
        return reference, None
    parts = reference.split(SEPARATOR)
    splits = [
        (SEPARATOR.join(parts[:place]), SEPARATOR.join(parts[place:])) for place in range(1, len(parts))
    ]
    return next((split for split in splits if os.path.isfile(split[0])), splits[0])


def open_log(reference: str) -> LogReader:
    """The log at a path, or `path.zip::member` inside a zip; to be closed.

    Raises UsageError if there is nothing to read there, UnsafePath for a FIFO, a device or a
    folder, ArchiveError for a damaged zip or a missing member.
    """
    path, member = split_reference(reference)
    try:
        return FileLog(path) if member is None else ZipMemberLog(path, member)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = error.strerror if isinstance(error, OSError) else None
        raise UsageError(f"{path}: {(why or str(error)).lower()}") from error


def open_growing(reference: str, *, follow_links: bool = False) -> OpenLog:
    """The log at a path where there may be none yet, or `path.zip::member`; to be closed.

    Raises UsageError and ArchiveError for a zip that can't be read, never for a path.
    """
    path, member = split_reference(reference)
    if member is None:
        return WatchedLog(path, follow_links=follow_links)
    try:
        return ZipView(path, member)
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from error
