"""The truth about queue and runs, whether or not a queue processor lives.

Rows say what was last written; for every run that is not at its end the folder and the
kernel's locks are asked as well, and `core.decide` says what follows. Nothing is written.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orp_tui.core.decide import Facts, foresee
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.run import Run
from orp_tui.core.states import NO_ROOM_BYTES, Mark, Reason, RunState
from orp_tui.engine import capacity, facts, guards
from orp_tui.engine.alert_log import newest_of, read_alerts
from orp_tui.engine.guards import Forecast
from orp_tui.engine.leadership import LeaderIdentity, read_leader
from orp_tui.files.atomic import read_json
from orp_tui.store import events, history, runs
from orp_tui.store.database import one_moment

if TYPE_CHECKING:
    from orp_tui.core.checklist import ChecklistReport

_LOST_WORDS = {
    Reason.REBOOTED: "the machine was restarted while it ran",
    Reason.SUPERVISOR_KILLED: "its supervisor was killed and it ended unseen",
    Reason.PROCESSES_VANISHED: "all its processes vanished at once, as when a container ends",
    Reason.FOLDER_DELETED: "its folder was deleted",
    Reason.FINALISER_FAILED: "its end is known, but checks and zip could not be made",
    Reason.CANCELLED: "cancelled before it started",
}


@dataclasses.dataclass(frozen=True)
class RunView:
    """A run as it truly stands."""

    run: Run
    """The row; its `state` may be behind."""
    state: RunState
    reason: str | None
    detail: str | None
    """The evidence of an end, or why a queued run waits; one line."""
    marks: frozenset[Mark]
    started_at: float | None
    ended_at: float | None
    exit_code: int | None
    signal: int | None
    checklist: ChecklistReport | None
    """The newest there is, live or final; None if nothing was checked yet."""
    left_s: float | None = None
    """Seconds until a running run will likely end; None if no run of its name tells, or it takes longer than those."""
    starts_in_s: float | None = None
    """Seconds until a waiting run will likely start; None if that can't be said."""
    alert: str = ""
    """The newest alert of an active run, one line; empty if it had none. Names in it are text from outside."""
    alert_rule: str = ""
    """The condition of that alert, as the experiment has it."""

    def elapsed_s(self, now: float) -> float | None:
        """Seconds from start to end, or to `now` while it runs; None if it never started, or nobody saw its end."""
        if self.started_at is None or self.state is RunState.LOST:
            return None
        return (self.ended_at or now) - self.started_at


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """Everything at one moment."""

    at: float
    leader: LeaderIdentity | None
    slots: int
    paused: str | None
    unfinished: tuple[RunView, ...]
    """Queued and active runs, in the order in which they would start."""
    counts: dict[RunState, int]
    """Of all runs, by their true state."""
    event: int
    """Number of the newest event: ask for what came after it."""
    disk: Forecast | None = None
    """When the disk of the runs will be full, if they go on so; None if they do not grow, or nobody has looked."""


def snapshot(paths: BasePaths, connection: sqlite3.Connection, *, slots: int) -> Snapshot:
    """Look at everything that is not at its end."""
    with one_moment(connection):
        newest = events.newest(connection)
        rows = runs.unfinished(connection)
        counts = runs.counts(connection)
    found = {run.id: facts.gather(paths, run) for run in rows}
    views = [view(paths, run, found[run.id]) for run in rows]
    for row, seen in zip(rows, views, strict=True):
        if row.state is not seen.state:
            counts[row.state] -= 1
            counts[seen.state] = counts.get(seen.state, 0) + 1
    leader = read_leader(paths)
    slots = leader.slots if leader is not None and leader.slots is not None else slots
    queued = [seen.run for seen in views if seen.state is RunState.QUEUED]
    now = time.time()
    takes = history.durations(connection, (run.name for run in rows))
    left = _left(views, takes, now)
    taken = capacity.occupants(rows, found, left)
    room = capacity.capacity(paths, connection, queued, taken, slots=slots, now=now)
    waits: dict[str, str] = {}
    coming: dict[str, float] = {}
    if queued:
        from orp_tui.core import eta, policy

        choice = policy.choose(queued, taken, room, now=now)
        waits = choice.waiting | choice.doomed
        if takes:
            hopeful = [run for run in queued if run.id not in choice.doomed]
            coming = eta.starts(hopeful, taken, room, takes, now=now)
    unfinished = tuple(
        dataclasses.replace(
            seen,
            detail=waits.get(seen.run.id, seen.detail),
            left_s=left.get(seen.run.id),
            starts_in_s=coming.get(seen.run.id) or None,
        )
        for seen in views
        if not seen.state.is_final
    )
    return Snapshot(
        time.time(),
        leader,
        room.slots,
        room.paused,
        unfinished,
        {s: n for s, n in counts.items() if n},
        newest,
        guards.forecast(paths, now=now),
    )


def _left(views: Sequence[RunView], takes: Mapping[str, float], now: float) -> dict[str, float]:
    """Run id → seconds until its likely end; a run that takes longer than its like is left out."""
    return {
        seen.run.id: left
        for seen in views
        if seen.state is RunState.RUNNING and seen.started_at is not None and seen.run.name in takes
        if (left := seen.started_at + takes[seen.run.name] - now) > 0
    }


def view(paths: BasePaths, run: Run, found: Facts | None = None) -> RunView:
    """One run as it truly stands; `found` saves a look if the caller has just had it."""
    folder = paths.run(run.id)
    if run.state.is_final:
        return RunView(
            run, run.state, run.reason, run.detail, frozenset(), run.started_at, run.ended_at, run.exit_code,
            run.signal, None,
        )  # fmt: skip
    found = found or facts.gather(paths, run)
    ahead = foresee(
        run.state,
        run.attempt,
        run.finaliser_tries,
        found,
        cancel_requested=run.cancel_requested_at is not None,
    )
    marks = set(ahead.marks)
    if run.held:
        marks.add(Mark.HELD)
    attention = facts.read_attention(folder) if found.folder else None
    if attention is not None and not ahead.state.is_final:
        marks.add(attention)
    values = _values(paths, run, ahead.state, ahead.reason)
    if ahead.state.is_active and found.folder and _is_full(folder):
        marks.add(Mark.DISK_FULL)
        values["detail"] = (
            f"no room left where {folder.folder} lies: make some; nothing is lost, it goes on by itself"
        )
    alerts = read_alerts(folder) if ahead.state.is_active else ()
    return RunView(
        run=run,
        state=ahead.state,
        marks=frozenset(marks),
        checklist=checklist(paths, run),
        alert=newest_of(alerts),
        alert_rule=alerts[-1].rule if alerts else "",
        **values,
    )


def _is_full(folder: RunPaths) -> bool:
    """Whether nothing can be written to the run's folder for want of room."""
    try:
        found = os.statvfs(folder.folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < NO_ROOM_BYTES


def _values(
    paths: BasePaths, run: Run, state: RunState, reason: Reason | None
) -> dict[str, Any]:  # Any: fields of RunView
    folder = paths.run(run.id)
    values: dict[str, Any] = {
        "reason": reason.value if reason else None,
        "detail": _LOST_WORDS.get(reason) if reason else run.detail,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "exit_code": None,
        "signal": None,
    }
    if state.is_active or state.is_final:
        started = facts.read_started(folder, run.attempt)
        values["started_at"] = started.at if started else run.started_at
    record = facts.read_exit(folder.exit(run.attempt))
    if record is not None:
        values |= {"ended_at": record.ended_at, "exit_code": record.exit_code, "signal": record.signal}
    if state.is_final and reason is None:
        try:
            data = read_json(folder.result)
        except (OSError, ValueError):
            data = None
        if data is not None:
            from orp_tui.engine import results

            row = results.row_values(data)
            values |= {name: row[name] for name in values}
    return values


def declared(paths: BasePaths, run: Run) -> ChecklistReport | None:
    """The list before anybody has looked: everything is missing. None if the request can't be read."""
    return declared_of(paths, run.id)


def declared_of(paths: BasePaths, run_id: str) -> ChecklistReport | None:
    """The same for whoever has no row of it."""
    from orp_tui.core.checklist import ChecklistReport
    from orp_tui.engine.request_file import read_request

    try:
        deliverables = read_request(paths.run(run_id)).deliverables
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return ChecklistReport.unseen(deliverables)


def killed_at(paths: BasePaths, run: Run) -> float | None:
    """When a training that was asked to end is killed, seconds of the wall clock; None if nobody has asked."""
    folder = paths.run(run.id)
    asked = facts.read_cancel(folder)
    if asked is None:
        return None
    if asked.grace_s is not None:
        return asked.at + asked.grace_s
    from orp_tui.engine.request_file import read_request

    try:
        return asked.at + read_request(folder).stop.grace_s
    except (OSError, ValueError, KeyError, TypeError):
        return None


def checklist(paths: BasePaths, run: Run) -> ChecklistReport | None:
    """The newest checklist of a run: the finaliser's, else the observer's; None if there is none."""
    return checklist_of(paths, run.id)


def checklist_of(paths: BasePaths, run_id: str) -> ChecklistReport | None:
    """The same for whoever has no row of it."""
    for path in (paths.run(run_id).deliverables, paths.live / f"{run_id}.json"):
        try:
            data = read_json(path)
            if data is not None:
                from orp_tui.core.checklist import ChecklistReport

                return ChecklistReport.from_json(data)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
