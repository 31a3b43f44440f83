"""The live view of `orp run`: state, elapsed, last log lines, and the checklist turning green.

Drawn ten times a second at most and only when something differs.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence

from orp_tui.cli.output import has_colours, painted, state_label
from orp_tui.cli.summary import checklist_lines
from orp_tui.cli.terminal import Canvas, fitted
from orp_tui.cli.view import View
from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.states import Mark, RunState
from orp_tui.core.words import duration
from orp_tui.logs.path_watch import Restarted
from orp_tui.logs.progress import RecentRows
from orp_tui.logs.tail import Chunk, Follower
from orp_tui.services.context import Context
from orp_tui.services.follow import Waits
from orp_tui.services.watch import RunView, declared, killed_at

MOST_LOG_ROWS = 8
MOST_ITEMS = 12
BACKLOG = 64 << 10
_LEAST_WIDTH = 20
_OTHER_ROWS = 4
"""Headline, what did not fit, the hint, and the row of the cursor."""


class LiveView(View):
    """One run, drawn in place."""

    def __init__(self, context: Context, connection: sqlite3.Connection, run_id: str) -> None:
        folder = context.paths.run(run_id)
        self._logs = [
            (Follower(path, backlog=BACKLOG), RecentRows(keep=MOST_LOG_ROWS))
            for path in (folder.stdout, folder.stderr)
        ]
        self._paths = context.paths
        self._declared: ChecklistReport | None = None
        self._killed_at: float | None = None
        self._waits = Waits(context, connection)
        self._canvas = Canvas()
        self._exit = contextlib.ExitStack()
        self._exit.enter_context(self._canvas)
        for follower, _ in self._logs:
            self._exit.callback(follower.close)

    def show(self, views: Sequence[RunView]) -> None:
        """Draw what has changed."""
        width, height = shutil.get_terminal_size()
        self._canvas.draw(self._rows(views[0], max(_LEAST_WIDTH, width - 1), height))

    def pause(self) -> None:
        """Take the drawing away, to ask something."""
        self._canvas.clear()

    def close(self) -> None:
        """Take the drawing away for good: the summary says it all."""
        self._exit.close()

    def _rows(self, item: RunView, width: int, height: int) -> list[str]:
        report = item.checklist or self._declared_by(item)
        items = list(checklist_lines(report, sys.stdout, width - 2)) if report else []
        shown = items[: min(MOST_ITEMS, max(0, height - _OTHER_ROWS - 2))]
        alarm = (
            [painted(fitted(f"  ! {one_line(item.alert)}", width), "33", sys.stdout)] if item.alert else []
        )
        log = self._log_rows(max(0, min(MOST_LOG_ROWS, height - _OTHER_ROWS - len(shown) - len(alarm))))
        rows = [self._headline(item, width), *alarm]
        rows += [f"  {fitted(row, width - 2)}" for row in log]
        rows += [f"  {fitted(row, width - 2)}" for row in shown]
        if len(items) > len(shown):
            rows.append(f"  … {len(items) - len(shown)} more")
        hint = "detach" if Mark.CANCEL_REQUESTED in item.marks else "detach or cancel"
        rows.append(painted(fitted(f"  Ctrl-C: {hint}", width), "2", sys.stdout))
        return rows

    def _declared_by(self, item: RunView) -> ChecklistReport | None:
        if self._declared is None:
            self._declared = declared(self._paths, item.run)
        return self._declared

    def _headline(self, item: RunView, width: int) -> str:
        elapsed = item.elapsed_s(time.time())
        words = [duration(elapsed if elapsed < 10 else round(elapsed))] if elapsed is not None else []
        marks = sorted(mark.value.replace("_", " ") for mark in item.marks if mark is not Mark.STALE)
        words += [", ".join(marks)] if marks else []
        words += self._countdown(item)
        words += [item.run.id, item.run.name]
        why = self._waits.of(item.run.id) if item.state is RunState.QUEUED else None
        words += [f"waits: {why}"] if why else []
        label = state_label(item.state, sys.stdout)
        return fitted(f"{label}  {'  '.join(map(one_line, words))}", width)

    def _countdown(self, item: RunView) -> list[str]:
        """How long a training that was asked to end still has to save; empty if it was not asked."""
        if Mark.CANCEL_REQUESTED not in item.marks or item.state is not RunState.RUNNING:
            return []
        if self._killed_at is None:
            self._killed_at = killed_at(self._paths, item.run)
        if self._killed_at is None:
            return []
        left = self._killed_at - time.time()
        return [f"SIGKILL in {duration(math.ceil(left))}" if left > 0 else "killing"]

    def _log_rows(self, count: int) -> list[str]:
        """The last rows of both logs, stdout's first; stderr gets up to a third of them."""
        for follower, rows in self._logs:
            for event in follower.look():
                if isinstance(event, Restarted):
                    rows.restart()
                elif isinstance(event, Chunk):
                    rows.feed(event.data)
        if count <= 0:
            return []
        out, err = ([row for row in rows.rows(count) if row] for _, rows in self._logs)
        errors = min(len(err), max(count // 3, count - len(out)))
        kept = out[-(count - errors) :] if count > errors else []
        kept += err[-errors:] if errors else []
        return kept if has_colours(sys.stdout) else [sanitise(row) for row in kept]
