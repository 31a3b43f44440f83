"""What the header and the frames of the panes say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.tui.widgets.header_line import Heading

if TYPE_CHECKING:
    from orp_tui.logs.status import LogStatus
    from orp_tui.services.board import Board


def entitle(widget: Widget, words: str) -> None:
    """Let the frame of a widget say these words. Setting the same title again would draw all of it again."""
    title = Content(words)
    if widget.border_title != title.markup:
        widget.border_title = title


_COUNTED = (
    ("run", (RunState.STARTING, RunState.RUNNING, RunState.FINISHING)),
    ("wait", (RunState.QUEUED,)),
)


_SCREENS = {"dashboard": "1 Dashboard", "runs": "2 Runs", "compare": "3 Compare", "system": "5 System"}


def screens(here: str = "") -> str:
    """`[1]Dashboard 2 Runs …`: the screens with their digits, the one of that id in brackets."""
    return " ".join(f"[{words[0]}]{words[2:]}" if name == here else words for name, words in _SCREENS.items())


def heading(project: str, board: Board | None, here: str = "dashboard") -> Heading:
    """The header over the screen of that id; `board` is None before the first look."""
    counts = board.seen.counts if board is not None and board.seen is not None else {}
    words = [
        f"{number} {word}"
        for word, states in _COUNTED
        if (number := sum(counts.get(state, 0) for state in states))
    ]
    return Heading(
        place=f"{os.uname().nodename}  {project}",
        screens=screens(here),
        counts="  ".join(words) or ("nothing runs" if board is not None else "looking"),
        warning=_warning(board) if board is not None else "",
    )


def log_words(status: LogStatus) -> str:
    """`FOLLOW both`, `line 1,203 of 5,812  3/17 "loss"  37 new`, for a title."""
    words = ["FOLLOW" if status.following else _where(status), status.stream]
    if status.search:
        more = "+" if status.searching else ""
        words.append(f'{status.hit or "-"}/{status.hits or 0}{more} "{one_line(status.search, 20)}"')
    if status.filter:
        words.append(f"&{one_line(status.filter, 20)}")
    if status.new_lines and not status.following:
        words.append(f"{status.new_lines:,} new")
    if status.wrap:
        words.append("wrap")
    return "  ".join(words)


def _where(status: LogStatus) -> str:
    if status.line is None or status.lines is None:
        return f"{status.percent}%"
    return f"line {status.line:,} of {status.lines:,}"


def _warning(board: Board) -> str:
    if board.problem is not None:
        return board.problem
    if board.making:
        return board.making
    if board.seen is not None and board.seen.paused is not None:
        return f"queue paused: {board.seen.paused}"
    if board.is_read_only:
        return "read only: nothing can be changed from here"
    paused = [one_line(group.name, 20) for group in board.groups if group.paused is not None]
    if paused:
        return f"paused: {'group' if len(paused) == 1 else 'groups'} {', '.join(paused)}"
    if board.unstarted_without_leader:
        return "nothing starts: no queue processor"
    return ""
