"""The runs on the screen before Textual is there, so that the start shows something worth reading.

The look is needed anyway: the dashboard begins with it. One that takes long, as at a store that
somebody else holds, is not waited for.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from orp_tui.core.sanitise import cell_width, one_line

if TYPE_CHECKING:
    from orp_tui.services.board import Board
    from orp_tui.services.context import Context

WITHIN_S = 0.5
_NAME = 24
"""Cells that a name takes at most."""


def first_look(context: Context) -> Board | None:
    """Queue and runs; None if there is no store, it can't be used, or does not answer in time."""
    try:
        if context.paths.database.stat().st_size == 0:
            return None
    except OSError:
        return None
    found: list[Board] = []
    # A connection belongs to its thread: looked and closed in one.
    thread = threading.Thread(target=_look, args=(context, found), name="first-look", daemon=True)
    thread.start()
    thread.join(WITHIN_S)
    board = found[0] if found else None
    return board if board is not None and board.problem is None else None


def _look(context: Context, found: list[Board]) -> None:
    """What goes wrong here goes wrong again for the dashboard, which can tell it."""
    with contextlib.suppress(Exception):
        from orp_tui.services.board import BoardReader

        reader = BoardReader(context)
        try:
            found.append(reader.look())
        finally:
            reader.close()


def queue_lines(board: Board, width: int, *, ascii_only: bool = False) -> list[str]:
    """The runs as lines of at most `width` cells, safe for a terminal, about as the queue will show them."""
    from orp_tui.tui.rows import run_row

    rows = [
        run_row(item, now=board.at, ascii_only=ascii_only, metric=board.metrics.get(item.run.id, ""))
        for item in board.rows[:60]
    ]
    names = [one_line(row.name, _NAME) for row in rows]
    room = max((cell_width(name) for name in names), default=0)
    lines = []
    for row, name in zip(rows, names, strict=True):
        padded = name + " " * (room - cell_width(name))
        beside = row.said if row.waits else f"{row.elapsed:>7} {row.deliverables:>5}  {row.said}"
        lines.append(_cut(f"{row.short_id:4} {padded} {row.state:<12} {beside}", width))
    return lines


def _cut(line: str, width: int) -> str:
    """A safe line cut to `width` cells; its runs of blanks stay."""
    if cell_width(line) <= width:
        return line
    line = line[:width]
    while cell_width(line) > width:
        line = line[:-1]
    return line
