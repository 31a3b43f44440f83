"""Follow submitted runs to their end: a live view in a terminal, lines elsewhere, JSON if asked."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.cli import output
from orp_tui.cli.context_option import base_option
from orp_tui.cli.live import LiveView
from orp_tui.cli.summary import checklist_lines, next_step, summary_lines
from orp_tui.cli.terminal import ask_key
from orp_tui.cli.view import View
from orp_tui.core.checklist import ChecklistReport, DeliverableStatus
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.services.context import Context, actor
from orp_tui.services.control import cancel
from orp_tui.services.follow import Waits, follow, result_of
from orp_tui.services.watch import RunView, checklist
from orp_tui.store import database, runs

NOT_SUCCEEDED = 1
INTERRUPTED = 130
LIVE_PERIOD_S = 0.1


def follow_to_the_end(context: Context, ids: Sequence[str], *, as_json: bool, junit: Path | None) -> int:
    """Show the runs until all have ended; the exit code of `orp run`."""
    with context.store() as connection:
        interrupts = Interrupts()
        with interrupts:
            views = _watch(context, connection, ids, interrupts, quiet=as_json)
        if views is None:
            return INTERRUPTED
        results = [result_of(context, item) for item in views]
    if as_json:
        data = [result.to_json() for result in results]
        output.emit_json(data[0] if len(data) == 1 else data)
    if junit is not None:
        from orp_tui.cli.junit import write_junit

        write_junit(junit, results)
    good = all(result.succeeded for result in results)
    return 0 if good else INTERRUPTED if interrupts.cancelled else NOT_SUCCEEDED


class Interrupts:
    """Ctrl-C asks what to do in a terminal, and cancels elsewhere.

    A signal that ends this process, as a lost terminal sends one, leaves the runs running.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.cancelled = False

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, self._interrupted)

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, _number: int, _frame: object) -> None:
        self.asked += 1


def _watch(
    context: Context,
    connection: database.Connection,
    ids: Sequence[str],
    interrupts: Interrupts,
    *,
    quiet: bool,
) -> list[RunView] | None:
    """The runs at their ends; None if the person has left them running."""
    live = not quiet and len(ids) == 1 and sys.stdout.isatty() and sys.stderr.isatty() and _is_capable()
    view: View = LiveView(context, connection, ids[0]) if live else Lines(context, connection, quiet=quiet)
    answered = 0
    views: list[RunView] = []
    try:
        for views in follow(context, connection, ids, period_s=LIVE_PERIOD_S if live else 0.05):
            if interrupts.asked > answered:
                answered = interrupts.asked
                if not _answer(context, connection, views, view, interrupts):
                    return None
            view.show(views)
    finally:
        view.close()
    if not quiet:
        for item in views:
            for line in summary_lines(context, item, checklist(context.paths, item.run)):
                output.emit(line)
            step = next_step(context, item)
            if step is not None:
                output.say(step)
    return views


def _is_capable() -> bool:
    import os

    return os.environ.get("TERM") not in (None, "", "dumb")


def _answer(
    context: Context,
    connection: database.Connection,
    views: Sequence[RunView],
    view: View,
    interrupts: Interrupts,
) -> bool:
    """Whether to go on following after a Ctrl-C."""
    left = [item.run.id for item in views if not item.state.is_final]
    if not left:
        return True  # the end is on its way to the screen
    if sys.stdin.isatty() and sys.stderr.isatty():
        view.pause()
        choice = _ask(left, cancelled=interrupts.cancelled)
        if choice == "d":
            base = base_option(context)
            again, end = f"orp logs -f {left[0]}{base}", f"orp cancel {' '.join(left)}{base}"
            output.say(f"left running: {' '.join(left)}\nfollow again: {again}\nend:          {end}")
            return False
        if choice != "c":
            return True
    if interrupts.cancelled:
        return True  # it is under way; asking again changes nothing
    interrupts.cancelled = True
    for run_id in left:
        run = runs.get(connection, run_id)
        if run is not None:
            cancel(context.paths, connection, run, by=actor())
    output.say("cancelling; the training has its grace to save")
    return True


def _ask(left: Sequence[str], *, cancelled: bool) -> str:
    """`d`, `c` or anything else; a second Ctrl-C leaves the runs alone as well."""
    who, it = (left[0], "it") if len(left) == 1 else (f"{len(left)} runs", "them")
    if cancelled:
        state, keys = "being cancelled, with or without this terminal", f"d  detach: leave {it} to end"
    else:
        state = "not bound to this terminal"
        keys = f"d  detach: leave {it} running      c  cancel {it}"
    key = ask_key(f"{who}: {state}", f"{keys}      any other key: go on watching")
    return "d" if key in ("", "\x03", "\x04") else key


class Lines(View):
    """One line on stderr for each thing that happens."""

    def __init__(self, context: Context, connection: database.Connection, *, quiet: bool) -> None:
        self._reasons = Waits(context, connection)
        self._quiet = quiet
        self._states: dict[str, RunState] = {}
        self._waits: dict[str, str] = {}
        self._green: dict[str, set[str]] = {}
        self._alarms: dict[str, str] = {}

    def show(self, views: Sequence[RunView]) -> None:
        """Say what is new."""
        if self._quiet:
            return
        for item in views:
            for line in self._news(item):
                output.say(f"{item.run.id} {line}")

    def _news(self, item: RunView) -> Iterator[str]:
        run_id = item.run.id
        if self._states.get(run_id) is not item.state:
            self._states[run_id] = item.state
            yield output.state_label(item.state, sys.stderr) + _because(item)
        if item.state is RunState.QUEUED:
            why = self._reasons.of(run_id)
            if why and self._waits.get(run_id) != why:
                self._waits[run_id] = why
                yield f"waits: {why}"
        if item.alert and item.alert != self._alarms.get(run_id):
            self._alarms[run_id] = item.alert
            yield f"alert: {one_line(item.alert)}"
        yield from self._turned_green(item)

    def _turned_green(self, item: RunView) -> Iterator[str]:
        report = item.checklist
        if report is None:
            return
        known = self._green.setdefault(item.run.id, set())
        for key, entry in zip(report.keys(), report.items, strict=True):
            if entry.status is DeliverableStatus.VALID and key not in known:
                known.add(key)
                yield from checklist_lines(ChecklistReport((entry,), report.final), sys.stderr)


def _because(item: RunView) -> str:
    return f": {item.detail}" if item.state.is_final and item.detail else ""
