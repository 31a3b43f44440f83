"""Which waiting runs start next, and why the others wait. Pure: values in, values out.

Order is priority, then place in the queue. First come the rules that have nothing to do
with room (held, paused, delayed, dependencies, named locks, project folders); a run they
stop keeps no room from others. Then comes room: slots, CPUs, memory, disk, GPUs. A run
that waits for room keeps what there is of it: a smaller one may pass only with what the
first has no use for, so a wide run can't starve.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.needs import Capacity, Occupant
from orp_tui.core.room import Room
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.core.words import duration


@dataclasses.dataclass(frozen=True)
class Start:
    """A run to be started now."""

    run: Run
    cards: tuple[int, ...] = ()
    """Indices of the GPUs it gets, in PCI order."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the policy says of all waiting runs."""

    start: tuple[Start, ...]
    """In this order."""
    waiting: dict[str, str]
    """Run id → why it waits, one line."""
    doomed: dict[str, str]
    """Run id → why it can never start: what it waits for has ended otherwise."""


def choose(queued: Sequence[Run], occupants: Sequence[Occupant], capacity: Capacity, *, now: float) -> Choice:
    """The runs that start now; `queued` is in the order in which they should.

    `now` is in seconds since 1970.
    """
    taken = list(occupants)
    room = Room(capacity, occupants)
    start: list[Start] = []
    waiting: dict[str, str] = {}
    doomed: dict[str, str] = {}
    for run in queued:
        broken = _broken_dependency(run, capacity)
        if broken is not None:
            doomed[run.id] = broken
            continue
        why = not_now(run, taken, capacity, now)
        if why is None:
            why = room.lacks(run)
            if why is None:
                taken.append(room.take(run))
                start.append(Start(run, taken[-1].cards))
            else:
                room.reserve(run)
        if why is not None:
            waiting[run.id] = why
    return Choice(tuple(start), waiting, doomed)


def _broken_dependency(run: Run, capacity: Capacity) -> str | None:
    for item in run.after:
        state = capacity.ends.get(item.run_id)
        if item.on == "ok" and state is not None and state.is_final and state is not RunState.SUCCEEDED:
            return f"waits for the success of {item.run_id}, which ended as {state.value}"
        if state is None:
            return f"waits for {item.run_id}, which is not there any more"
    return None


def not_now(run: Run, taken: Sequence[Occupant], capacity: Capacity, now: float) -> str | None:
    """Why a run may not start whatever room there is; None if it may."""
    if run.held:
        return "held"
    if capacity.paused is not None:
        return f"the queue is paused: {capacity.paused}"
    if capacity.guard is not None:
        return capacity.guard
    group = capacity.groups.get(run.group)
    if group is not None and group.paused is not None:
        return f"the group {run.group} is paused: {group.paused}"
    if run.starts_at is not None and run.starts_at > now:
        return f"starts in {duration(run.starts_at - now)}"
    if run.not_before is not None and run.not_before > now:
        return f"{run.detail or 'its last start failed'}; next try in {duration(run.not_before - now)}"
    pending = [item.run_id for item in run.after if not _has_ended(item.run_id, capacity)]
    if pending:
        return f"after {', '.join(pending)}"
    return _in_use(run, taken)


def _has_ended(run_id: str, capacity: Capacity) -> bool:
    state = capacity.ends.get(run_id)
    return state is not None and state.is_final


def _in_use(run: Run, taken: Sequence[Occupant]) -> str | None:
    for other in taken:
        shared = set(run.locks) & set(other.locks)
        if shared:
            return f"needs the lock {min(shared)}: held by {other.run_id}{_left(other)}"
        same = other.project == run.project
        if run.workspace == "in_place" and same and other.workspace != "isolated":
            return f"needs the project folder for itself: in use by {other.run_id}{_left(other)}"
        if run.workspace == "shared" and same and other.workspace == "in_place":
            return f"the project folder is in use by {other.run_id}{_left(other)}"
    return None


def _left(other: Occupant) -> str:
    return "" if other.left_s is None else f" (~{duration(other.left_s)} left)"
