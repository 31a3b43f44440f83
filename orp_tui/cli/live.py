"""The live view of `orp run`: state, elapsed, last log lines, and the checklist turning green.

A few rows that are drawn over, ten times a second at most and only when they differ;
what has scrolled away stays in the terminal's history.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence

from orp_tui.cli.output import painted, state_label
from orp_tui.cli.summary import checklist_lines
from orp_tui.cli.view import View
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.states import Mark, RunState
from orp_tui.core.words import duration
from orp_tui.logs.progress import RecentRows
from orp_tui.logs.tail import Chunk, Follower, Restarted
from orp_tui.services.context import Context
from orp_tui.services.watch import RunView

MOST_LOG_ROWS = 8
MOST_ITEMS = 12
BACKLOG = 64 << 10
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: a terminal that knows it draws the frame at once, others ignore it."""


class LiveView(View):
    """One run, drawn in place."""

    def __init__(self, context: Context, run_id: str) -> None:
        folder = context.paths.run(run_id)
        self._logs = [
            (Follower(path, backlog=BACKLOG), RecentRows(keep=MOST_LOG_ROWS))
            for path in (folder.stdout, folder.stderr)
        ]
        self._drawn = 0
        self._last: list[str] = []

    def show(self, views: Sequence[RunView]) -> None:
        """Draw what has changed."""
        width, height = shutil.get_terminal_size()
        lines = self._lines(views[0], max(20, width - 1), height)
        if lines != self._last:
            self._draw(lines)
            self._last = lines

    def close(self) -> None:
        """Take the drawing away: the summary says it all."""
        if self._drawn:
            sys.stdout.write(f"\x1b[{self._drawn}F\x1b[J{SHOW_CURSOR}")
            sys.stdout.flush()
        self._drawn, self._last = 0, []
        for follower, _ in self._logs:
            follower.close()

    def _draw(self, lines: list[str]) -> None:
        up = f"\x1b[{self._drawn}F" if self._drawn else HIDE_CURSOR
        body = "".join(f"{line}\x1b[0m\x1b[K\n" for line in lines)
        sys.stdout.write(f"{BEGIN}{up}{body}\x1b[J{END}")
        sys.stdout.flush()
        self._drawn = len(lines)

    def _lines(self, item: RunView, width: int, height: int) -> list[str]:
        lines = [self._headline(item, width)]
        items = list(checklist_lines(item.checklist, sys.stdout, width - 2)) if item.checklist else []
        shown = items[: min(MOST_ITEMS, max(0, height - 6))]
        rows = self._log_rows(max(0, min(MOST_LOG_ROWS, height - len(shown) - 4)))
        lines += [_cut(f"  {row}", width) for row in rows]
        lines += [f"  {line}" for line in shown]
        if len(items) > len(shown):
            lines.append(f"  … {len(items) - len(shown)} more")
        lines.append(painted("  Ctrl-C: detach or cancel", "2", sys.stdout))
        return lines

    def _headline(self, item: RunView, width: int) -> str:
        elapsed = item.elapsed_s(time.time())
        words = f"{item.run.id}  {item.run.name}"
        if elapsed is not None:
            words += f"  {duration(elapsed if elapsed < 10 else round(elapsed))}"
        marks = [mark.value.replace("_", " ") for mark in item.marks if mark is not Mark.STALE]
        if marks:
            words += "  " + ", ".join(sorted(marks))
        if item.state is RunState.QUEUED and item.detail:
            words += f"  {item.detail}"
        return f"{state_label(item.state, sys.stdout)}  {one_line(words, max(10, width - 14))}"

    def _log_rows(self, count: int) -> list[str]:
        """The last rows of both logs, stdout's first; stderr gets up to a third of them."""
        if count <= 0:
            return []
        for follower, rows in self._logs:
            for event in follower.look():
                if isinstance(event, Restarted):
                    rows.restart()
                elif isinstance(event, Chunk):
                    rows.feed(event.data)
        out, err = (rows.rows(count) for _, rows in self._logs)
        out, err = [row for row in out if row], [row for row in err if row]
        errors = min(len(err), max(count // 3, count - len(out)))
        kept = out[-(count - errors) :] if count > errors else []
        return kept + (err[-errors:] if errors else [])


def _cut(row: str, width: int) -> str:
    """A row with its colours, cut to the width; one that is too long loses its colours."""
    plain = sanitise(row)
    return row if len(plain) <= width and "\x1b" in row else one_line_keeping_blanks(plain, width)


def one_line_keeping_blanks(text: str, width: int) -> str:
    """`text` cut to `width` cells, with its indentation."""
    body = text.lstrip(" ")
    indent = len(text) - len(body)
    return " " * indent + one_line(body, max(1, width - indent))
