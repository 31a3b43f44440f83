"""What a view of a log says of itself, and what it draws: values handed from the reader to the screen."""

from __future__ import annotations

import dataclasses

from orp_tui.logs.page import ScreenLine

FILLED_MOST = 40


@dataclasses.dataclass(frozen=True, slots=True)
class LogStatus:
    """Where a view of a log stands."""

    name: str = ""
    """Of the log, as it was given."""
    stream: str = "stdout"
    """`stdout`, `stderr` or `both`."""
    following: bool = True
    line: int | None = None
    """Number of the first line on the screen, from 1; None if not counted."""
    lines: int | None = None
    """How many there are; None if not counted, as while following."""
    percent: int = 100
    """Share of the bytes that lie above the end of the screen."""
    new_lines: int = 0
    """Lines that have come since following was left."""
    search: str = ""
    hit: int | None = None
    """Which of the hits is the current one, from 1; None if it is not known."""
    hits: int | None = None
    """Matching lines found so far; None without a search."""
    searching: bool = False
    """Whether there may be more hits than were counted."""
    filter: str = ""
    matching: int | None = None
    """Lines that the filter lets through, found so far; None without a filter."""
    looking: bool = False
    """Whether something is being looked for right now."""
    wrap: bool = False
    is_awaited: bool = False
    """Whether the log is not there yet, and `notice` says that."""
    notice: str = ""
    """Something to be told in a line: truncated, deleted, the search went round, …"""


@dataclasses.dataclass(frozen=True, slots=True)
class LogScreen:
    """What is to be drawn of one log."""

    lines: tuple[ScreenLine, ...] = ()
    current: int = -1
    """Offset of the row that a jump went to; -1 if none."""
    row: str = ""
    """Plain text of the current row: the one jumped to, else the first, or the last while following."""
    size: int = 0
    """Bytes of the log."""
    filled: int = 0
    """Lines that the whole log would fill, at most `FILLED_MOST`."""
    misses: int = 0
    """How often something was looked for and not found."""
    status: LogStatus = LogStatus()
