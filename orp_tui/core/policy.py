"""Which waiting runs start next, and why the others wait. Pure: values in, values out.

Order is priority, then submission. What a run needs is looked at one rule at a time;
each rule that says no says it in words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.run import Run


@dataclasses.dataclass(frozen=True)
class Occupant:
    """An active run that still owns its slot."""

    run_id: str
    workspace: str
    project: str


@dataclasses.dataclass(frozen=True)
class Capacity:
    """What this machine may run at once."""

    slots: int
    paused: str | None = None
    """Why nothing starts at all; None if things may start."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the policy says of all waiting runs."""

    start: tuple[Run, ...]
    """To be started now, in this order."""
    waiting: dict[str, str]
    """Run id → why it waits, one line."""


def choose(queued: Sequence[Run], occupants: Sequence[Occupant], capacity: Capacity, *, now: float) -> Choice:
    """The runs that start now; `queued` is in the order in which they should.

    `now` is in seconds since 1970.
    """
    taken = list(occupants)
    start: list[Run] = []
    waiting: dict[str, str] = {}
    for run in queued:
        why = _why_not(run, taken, capacity, now)
        if why is None:
            start.append(run)
            taken.append(Occupant(run.id, run.workspace, run.project))
        else:
            waiting[run.id] = why
    return Choice(tuple(start), waiting)


def _why_not(run: Run, taken: Sequence[Occupant], capacity: Capacity, now: float) -> str | None:
    if run.held:
        return "held"
    if capacity.paused is not None:
        return f"the queue is paused: {capacity.paused}"
    if run.not_before is not None and run.not_before > now:
        return f"{run.detail or 'its last start failed'}; next try in {run.not_before - now:.0f} s"
    if len(taken) >= capacity.slots:
        holders = ", ".join(other.run_id for other in taken[:3]) + (" …" if len(taken) > 3 else "")
        return f"needs a slot: {len(taken)} of {capacity.slots} taken by {holders}"
    if run.workspace == "in_place":
        for other in taken:
            if other.project == run.project and other.workspace != "isolated":
                return f"needs the project folder for itself: in use by {other.run_id}"
    elif run.workspace == "shared":
        for other in taken:
            if other.project == run.project and other.workspace == "in_place":
                return f"the project folder is in use by {other.run_id}"
    return None
