"""The last lines of what a run printed: from its folder, or from its zip once only that has them."""

from __future__ import annotations

import dataclasses

from orp_tui.core.errors import OrpError
from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import size
from orp_tui.logs.source import open_growing, split_reference
from orp_tui.logs.zip_member import ZipMemberLog
from orp_tui.services.context import Context
from orp_tui.services.log_places import log_places

LINES = 10
_LOOKED_AT = 60
"""Rows among which the last that are not blank are looked for."""
_MOST_UNPACKED = 64 << 20
"""A longer log in a zip is not unpacked for a look."""
_LONGEST = 500
_CRASHED = (RunState.FAILED, RunState.LOST)


@dataclasses.dataclass(frozen=True)
class LogEnd:
    """The last lines of one of a run's two logs."""

    lines: tuple[str, ...] = ()
    """The oldest first, each harmless; blank ones are left out."""
    name: str = ""
    """`stdout` or `stderr`."""
    in_zip: bool = False
    """The folder has it no more."""
    why_none: str = ""
    """Why there are no lines, in words."""


def log_end(context: Context, run: PastRun) -> LogEnd:
    """What a run said last: of a crash what stderr has of it, else what stdout has, else the other."""
    places = log_places(context, run.id)
    both = [("stdout", places.stdout), ("stderr", places.stderr)]
    why = ""
    for name, reference in reversed(both) if run.state in _CRASHED else both:
        try:
            lines = _last_lines(reference)
        except (OrpError, OSError) as error:
            why = why or one_line(str(error), _LONGEST)
            continue
        if lines:
            return LogEnd(lines, name, split_reference(reference)[1] is not None)
    return LogEnd(why_none=why or _why_none(run))


def _last_lines(reference: str) -> tuple[str, ...]:
    """Raises OrpError or OSError; () for a log that is not there, or has nothing but blank lines."""
    path, member = split_reference(reference)
    if member is None:
        log = open_growing(path)
        try:
            # What lies there may be no file: that is said, and nothing of it is opened.
            said = [news.text for news in log.look() if hasattr(news, "text")]
            if said:
                raise OSError(f"the log can't be read: {said[0]}")
            return _shown(log.tail_lines(_LOOKED_AT))
        finally:
            log.close()
    with ZipMemberLog(path, member) as packed:
        if packed.size() > _MOST_UNPACKED:
            raise OSError(f"the log in the zip has {size(packed.size())}: open the run to read it")
        return _shown(packed.tail_lines(_LOOKED_AT))


def _shown(rows: list[bytes]) -> tuple[str, ...]:
    """Of a row that was drawn over and over, as a progress bar is, what stood there last."""
    texts = (row.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace") for row in rows)
    lines = [text for text in map(_kept, texts) if text.strip()]
    return tuple(lines[-LINES:])


def _kept(text: str) -> str:
    """With its indentation, which tells a traceback's code from its words."""
    inner = one_line(text[: _LONGEST * 4], _LONGEST)
    indent = len(text) - len(text.lstrip(" "))
    return " " * min(indent, 8) + inner


def _why_none(run: PastRun) -> str:
    if run.state is RunState.QUEUED:
        return "no log yet: the run waits"
    return "it has printed nothing yet" if run.state.is_active else "it printed nothing, or its logs are gone"
