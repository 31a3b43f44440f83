"""Carry out what `core.decide` says of an active run, until it says to wait."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

from orp_tui.core.decide import Action, ActionKind, Facts, Lock, decide
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.ports import Clock, Executor
from orp_tui.core.run import CancelRequest, Json, Run
from orp_tui.core.states import EVENT_OF_END, Reason
from orp_tui.core.verdict import verdict
from orp_tui.engine import facts, host, results
from orp_tui.engine.waking import let_go_on, wake_supervisor
from orp_tui.files import locks
from orp_tui.files.atomic import create_once, read_json, sweep, to_json, write_json
from orp_tui.files.failpoint import hit
from orp_tui.store import runs

MOST_STEPS = 12
"""More than any chain of decisions is long: a bound against our own mistakes."""


LONGEST_BACK_OFF_S = 60.0
CLIENT_WRITES_WITHIN_S = 2.0
FINALISER_PAUSES_S = (0.0, 1.0, 5.0)
"""Seconds after the end of the command before which a first, second or third replacement is not started."""


class Settler:
    """Brings rows in line with folders, one run at a time."""

    def __init__(
        self, paths: BasePaths, connection: sqlite3.Connection, executor: Executor, clock: Clock
    ) -> None:
        self._paths = paths
        self._connection = connection
        self._executor = executor
        self._clock = clock
        self.wrote = False
        """A row has changed since this was last set back."""

    def settle(self, run: Run, lock: int | None = None) -> Facts:
        """Do all that is to be done about a run now; returns the last facts seen.

        `lock` is the run's held lock if the caller has it; it is closed in any case.
        """
        current: Run | None = run
        found = facts.gather(self._paths, run, mine=lock is not None)
        self._pass_on_cancel(run, found)
        try:
            for _ in range(MOST_STEPS):
                assert current is not None
                action = decide(
                    current.state,
                    current.attempt,
                    current.finaliser_tries,
                    found,
                    cancel_requested=current.cancel_requested_at is not None,
                )
                if action.kind is ActionKind.WAIT:
                    if found.lock is Lock.HELD and current.state.is_active:
                        let_go_on(self._paths, current.id, current.attempt)
                    break
                if action.kind is ActionKind.TAKE_LOCK:
                    lock = locks.take(self._paths.run(run.id).supervisor_lock)
                    if lock is None:
                        break
                elif action.kind is ActionKind.FINALISE and self._is_too_early(current):
                    break
                else:
                    current, handed_over = self._carry_out(current, action, lock)
                    if handed_over or current is None:
                        break
                found = facts.gather(self._paths, current, mine=lock is not None)
        finally:
            if lock is not None:
                os.close(lock)
        return found

    def _pass_on_cancel(self, run: Run, found: Facts) -> None:
        """Tell the supervisor of a wish that the row has and the folder not: its client was killed between."""
        at = run.cancel_requested_at
        if at is None or found.cancel or found.exit or not found.folder or not run.state.is_active:
            return
        if 0 <= self._clock.now() - at < CLIENT_WRITES_WITHIN_S:
            return  # its client is about to write the file, with a grace that the row does not know
        request = CancelRequest(run.cancel_by or "", at, None)
        create_once(self._paths.run(run.id).cancel, to_json(request.to_json()))
        wake_supervisor(self._paths, run.id, run.attempt)

    def _is_too_early(self, run: Run) -> bool:
        """The last finaliser went moments ago: what it lacked may be back soon, as in an upgrade of ORP."""
        try:
            age = self._clock.now() - os.stat(self._paths.run(run.id).exit(run.attempt)).st_mtime
        except OSError:
            return False
        return 0 <= age < FINALISER_PAUSES_S[min(run.finaliser_tries, len(FINALISER_PAUSES_S) - 1)]

    def _carry_out(self, run: Run, action: Action, lock: int | None) -> tuple[Run | None, bool]:
        """The run afterwards (None if somebody else changed it), and whether a process has its lock now."""
        hit(f"leader.{action.kind.value}")
        if action.kind is ActionKind.ADVANCE:
            assert action.event is not None
            return self._advance(run, action.event, action.reason), False
        if action.kind is ActionKind.FENCE:
            self.fence(run, run.attempt)
            return run, False
        if action.kind is ActionKind.RECORD_LOSS:
            assert action.reason is not None
            self._record_loss(run, action.reason)
            return run, False
        if action.kind is ActionKind.CONCLUDE:
            self._conclude(run)
            return run, False
        assert lock is not None
        if action.kind is ActionKind.ADOPT:
            self._executor.adopt(run.id, run.attempt, lock)
            return run, True
        noted = runs.note(self._connection, run, finaliser_tries=run.finaliser_tries + 1)
        self.wrote = True
        if noted is not None:
            self._executor.finalise(run.id, lock)
        return noted, True

    def fence(self, run: Run, attempt: int) -> bool:
        """Make sure that an attempt can never happen; False if a supervisor has claimed it."""
        return fence(self._paths.run(run.id), attempt, now=self._clock.now())

    def _advance(self, run: Run, event: str, reason: Reason | None) -> Run | None:
        now = self._clock.now()
        values: dict[str, Any] = {}  # Any: columns of the row
        folder = self._paths.run(run.id)
        if event == "catch_up":
            values["attempt"] = facts.gather(self._paths, run).newest_attempt
        elif event == "start":
            started = facts.read_started(folder, run.attempt)
            values["started_at"] = started.at if started else now
        elif event == "requeue":
            values["not_before"] = now + back_off(run.attempt)
        elif event in EVENT_OF_END.values():
            values = self._end(run, folder, reason)
            self._sweep(folder)
        changed = runs.move(self._connection, run, event, at=now, **values)
        self.wrote = True
        hit(f"leader.moved.{event}")
        return changed

    def _end(self, run: Run, folder: RunPaths, reason: Reason | None) -> dict[str, object]:
        if reason is None:
            data = read_json(folder.result)
            assert data is not None
            return results.row_values(data)
        detail = {
            Reason.CANCELLED: f"cancelled{_by(run, folder)} before it started",
            Reason.FOLDER_DELETED: "its folder was deleted",
        }[reason]
        values: dict[str, object] = {"reason": reason.value, "ended_at": self._clock.now(), "detail": detail}
        orphan = (
            facts.read_exit(facts.orphan(self._paths, run.id)) if reason is Reason.FOLDER_DELETED else None
        )
        if orphan is not None:
            detail = f"its folder was deleted while it ran; {verdict(orphan, None).detail}"
            values |= {"exit_code": orphan.exit_code, "signal": orphan.signal, "ended_at": orphan.ended_at}
            values["detail"] = detail
        return values

    def _sweep(self, folder: RunPaths) -> None:
        """Remove what killed processes of a run have left unfinished; its lock says that none writes now."""
        sweep(folder.folder)
        zip_path = self._paths.artifact(folder.run_id)
        sweep(zip_path.parent, of=zip_path.name)

    def _record_loss(self, run: Run, reason: Reason) -> None:
        """Write the exit record that nobody was there to write."""
        folder = self._paths.run(run.id)
        started = facts.read_started(folder, run.attempt)
        record = results.exit_record(
            run.attempt,
            "lost",
            now=self._clock.now(),
            started_at=started.at if started else None,
            reason=reason.value,
            stderr_tail=results.tail_of(folder.stderr),
        )
        create_once(folder.exit(run.attempt), to_json(record))

    def fail_start(self, run: Run, why: str) -> None:
        """End a claimed attempt that can't ever be started; nothing has run."""
        if self.fence(run, run.attempt):
            record = results.exit_record(run.attempt, "spawn_error", now=self._clock.now(), spawn_error=why)
            create_once(self._paths.run(run.id).exit(run.attempt), to_json(record))

    def _conclude(self, run: Run) -> None:
        """Write a result from the exit record alone."""
        folder = self._paths.run(run.id)
        record = facts.read_exit(folder.exit(run.attempt))
        data = results.without_finaliser(run, record, now=self._clock.now())
        write_json(folder.result, data)


def back_off(attempt: int) -> float:
    """Seconds until the next attempt after one whose supervisor died before it had started anything.

    The first is repeated at once; a supervisor that can never start must not be tried ever faster.
    """
    return 0.0 if attempt <= 1 else min(2.0 ** (attempt - 2), LONGEST_BACK_OFF_S)


def fence(folder: RunPaths, attempt: int, *, now: float) -> bool:
    """Create the attempt's file, so that no supervisor can claim it; False if one has."""
    record: Json = {
        "schema": 1,
        "by": "leader",
        "pid": os.getpid(),
        "start_ticks": host.start_ticks(os.getpid()),
        "boot_id": host.boot_id(),
        "pid_namespace": host.pid_namespace(),
        "lock": "",
        "at": now,
    }
    return create_once(folder.attempt(attempt), to_json(record))


def _by(run: Run, folder: RunPaths) -> str:
    request = facts.read_cancel(folder)
    who = run.cancel_by or (request.by if request else None)
    return f" by {who}" if who else ""
