"""The code of now for a run that waits, as after a bug fix: a new run takes its place in the queue."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import sqlite3
import time

from orp_tui.core.errors import SubmitRefused, UsageError
from orp_tui.core.run import REFROZEN, CancelRequest, Run, refreeze_key, refreeze_key_of
from orp_tui.core.states import Reason, RunState
from orp_tui.files.atomic import create_once, to_json
from orp_tui.files.failpoint import hit
from orp_tui.services.context import Context
from orp_tui.services.control import cancel
from orp_tui.services.predecessor import request_of, same_wishes, source_of
from orp_tui.services.shared_freeze import SharedFreeze
from orp_tui.services.submission import SubmitOptions
from orp_tui.services.submit import carry_out, new_folder, tidy
from orp_tui.store import events, runs
from orp_tui.store.database import transaction
from orp_tui.workspace.sources import store_tree


@dataclasses.dataclass(frozen=True)
class Refrozen:
    """What came of a refreeze."""

    run_id: str
    """The run that waits now."""
    replaced: bool
    """It has taken the place of the one that was asked about, which is cancelled; else that one has the code of now."""


def refreeze(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    *,
    by: str,
    shared: SharedFreeze | None = None,
) -> Refrozen:
    """A new run with the code of now in the place of one that waits, which is cancelled.

    The new one is queued held; then one transaction cancels the old one and lets the new one have its
    place, its group, its hold and those who wait for it. So never both start, and asked for again after
    a kill it goes on where it was. `shared` saves looking at one project again for each of many runs.

    Raises UsageError if the run does not wait (any more) or has no frozen code, and what a submit raises.
    """
    if run.state is RunState.CANCELLED and (run.detail or "").startswith(REFROZEN):
        newer = (run.detail or "").removeprefix(REFROZEN)
        _write_cancel(context, run, newer, by=by, at=run.cancel_requested_at or time.time())
        return Refrozen(newer, replaced=True)
    _require_waiting(run)
    request = request_of(context, run)
    if request.workspace != "isolated":
        raise UsageError(
            f"{run.id}: its workspace is {request.workspace}: it runs the code of its start anyway"
        )
    source = source_of(context, request, ())
    plan = source.plan
    if request.resume_of is not None:
        plan = dataclasses.replace(plan, argv=[*plan.argv, *(plan.resume or ())])
    plan = dataclasses.replace(plan, parent=request.parent)
    options = SubmitOptions(
        wishes=dataclasses.replace(same_wishes(request), held=True),
        batch=request.batch,
        retry_of=request.retry_of,
        retry=request.retry,
        resume_of=request.resume_of,
        allow_live_code=request.live_code,
    )
    shared = shared or SharedFreeze(context)
    run_id, building = new_folder(context.paths)
    try:
        prepared = shared.pinned(
            shared.prepare(dataclasses.replace(source, plan=plan, frozen=None), run_id, options)
        )
        tree = store_tree(prepared.freeze, context.paths.sources, prepared.cache)
        if tree.sha256 == request.tree:
            return Refrozen(run.id, replaced=False)
        key, new = _refreeze_key(connection, run, tree.sha256)
        if new is None:
            prepared = dataclasses.replace(prepared, options=dataclasses.replace(options, key=key))
            new = carry_out(context, connection, prepared, building)
    finally:
        tidy(context, connection, run_id, building)
    hit("refreeze.queued")
    _take_place(context, connection, run, new, by=by)
    return Refrozen(new, replaced=True)


def _refreeze_key(connection: sqlite3.Connection, run: Run, tree: str) -> tuple[str, str | None]:
    """An idempotency key, and the run that waits under it already; a key whose run has ended is used up."""
    for number in itertools.count(1):
        key = refreeze_key(run.id, tree, number)
        known = runs.find_by_key(connection, key)
        found = runs.get(connection, known) if known is not None else None
        if found is None or found.state is RunState.QUEUED:
            return key, found.id if found is not None else None
    raise AssertionError("counting has no end")


def _require_waiting(run: Run) -> None:
    if run.state is not RunState.QUEUED:
        raise UsageError(f"{run.id}: is {run.state.value}; only a run that waits can get the code of now")


def _take_place(context: Context, connection: sqlite3.Connection, old: Run, new_id: str, *, by: str) -> None:
    """Have a held run stand where another one waits, and cancel that, in one transaction.

    Raises UsageError, with the held run cancelled, if the other one has started meanwhile.
    """
    now = time.time()
    with transaction(connection):
        current, new = runs.get(connection, old.id), runs.get(connection, new_id)
        waits = current is not None and current.state is RunState.QUEUED
        if current is not None and new is not None and waits and new.state is RunState.QUEUED:
            _swap(connection, current, new, by=by, at=now)
    hit("refreeze.swapped")
    for stale in _left_by_a_kill(context, connection, old.id) - ({new_id} if waits else set()):
        _cancel(context, connection, stale, by=by)
    if not waits:
        _cancel(context, connection, new_id, by=by)
        state = "gone" if current is None else current.state.value
        raise UsageError(f"{old.id}: is {state} by now; it was left as it is")
    _write_cancel(context, old, new_id, by=by, at=now)


def _write_cancel(context: Context, run: Run, new_id: str, *, by: str, at: float) -> None:
    """A database that is made again must know that the run is not to start, and which one is instead."""
    request = CancelRequest(by, at, None, refrozen_as=new_id)
    with contextlib.suppress(FileNotFoundError):
        create_once(context.paths.run(run.id).cancel, to_json(request.to_json()))


def _swap(connection: sqlite3.Connection, old: Run, new: Run, *, by: str, at: float) -> None:
    """Inside a transaction: all that the old run has in the queue is the new one's."""
    kept = ("priority", "position", "group", "held", "starts_at", "not_before", "after")
    runs.set_values(connection, new, {name: getattr(old, name) for name in kept})
    events.append(connection, new.id, at, by, "refreeze", f"in the place of {old.id}")
    for other in runs.unfinished(connection):
        if any(item.run_id == old.id for item in other.after):
            after = tuple(
                dataclasses.replace(item, run_id=new.id) if item.run_id == old.id else item
                for item in other.after
            )
            runs.set_values(connection, other, {"after": after})
            events.append(connection, other.id, at, by, "after", f"{new.id} instead of {old.id}")
    values = {
        "state": RunState.CANCELLED.value, "reason": Reason.CANCELLED.value, "ended_at": at,
        "cancel_requested_at": at, "cancel_by": by, "detail": f"{REFROZEN}{new.id}",
    }  # fmt: skip
    runs.set_values(connection, old, values)
    events.append(connection, old.id, at, by, "cancel", f"{REFROZEN}{new.id}")


def _left_by_a_kill(context: Context, connection: sqlite3.Connection, run_id: str) -> set[str]:
    """Held runs that were to take the place of `run_id` with code that was changed once more since."""
    found = set()
    for run in runs.unfinished(connection):
        if run.state is RunState.QUEUED and run.held:
            with contextlib.suppress(SubmitRefused):
                if refreeze_key_of(request_of(context, run).key) == run_id:
                    found.add(run.id)
    return found


def _cancel(context: Context, connection: sqlite3.Connection, run_id: str, *, by: str) -> None:
    run = runs.get(connection, run_id)
    if run is not None and run.state is RunState.QUEUED:
        cancel(context.paths, connection, run, by=by)
