"""When waiting runs will start, by how long runs like them took. Pure: a small simulation of the queue.

It knows slots, limits of groups, GPUs by number, dependencies, named locks and delayed starts. It
promises nothing: where a run has to end of which nobody knows how long it takes, there is no answer.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from orp_tui.core.needs import Capacity, Occupant
from orp_tui.core.run import Run

MOST_RUNS = 300
"""Only so many of the first are looked at: what comes after them is far away and uncertain."""


def starts(
    queued: Sequence[Run],
    occupants: Sequence[Occupant],
    capacity: Capacity,
    takes: Mapping[str, float],
    *,
    now: float,
) -> dict[str, float]:
    """Run id → seconds until it starts; a run of which that can't be said is left out.

    `queued` is in the order in which runs start; `takes` maps experiment names to the seconds that
    their runs take. Nothing is said while the queue is paused, nor of held runs and paused groups.
    """
    if capacity.paused is not None or capacity.guard is not None:
        return {}
    return _Simulation(queued[:MOST_RUNS], occupants, capacity, takes, now).run()


@dataclasses.dataclass(frozen=True)
class _Busy:
    """A run that goes on."""

    run_id: str
    group: str
    gpus: int
    locks: tuple[str, ...]
    ends: float
    """Seconds from the beginning; infinite if nobody knows."""


class _Simulation:
    """The queue, from now on."""

    def __init__(
        self,
        queued: Sequence[Run],
        occupants: Sequence[Occupant],
        capacity: Capacity,
        takes: Mapping[str, float],
        now: float,
    ) -> None:
        self._capacity = capacity
        self._takes = takes
        self._now = now
        self._at = 0.0
        self._waiting = [run for run in queued if not run.held and not self._is_paused(run)]
        self._busy = [
            _Busy(item.run_id, item.group, item.needs.gpus, item.locks, math.inf if item.left_s is None else item.left_s)
            for item in occupants
        ]  # fmt: skip
        self._ended = {run_id for run_id, state in capacity.ends.items() if state.is_final}
        self._found: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        """Go from one end or delayed start to the next, until nothing is left that can happen."""
        while True:
            self._start()
            moments = [item.ends for item in self._busy] + [
                run.starts_at - self._now for run in self._waiting if run.starts_at is not None
            ]
            coming = [moment for moment in moments if self._at < moment < math.inf]
            if not self._waiting or not coming:
                return self._found
            self._at = min(coming)
            self._ended |= {item.run_id for item in self._busy if item.ends <= self._at}
            self._busy = [item for item in self._busy if item.ends > self._at]

    def _start(self) -> None:
        """Start what can be started now; a run that lacks room lets nobody behind it pass."""
        left = []
        for place, run in enumerate(self._waiting):
            if not self._may(run):
                left.append(run)
            elif not self._fits(run):
                left += self._waiting[place:]
                break
            else:
                self._found[run.id] = self._at
                ends = self._at + self._takes.get(run.name, math.inf)
                self._busy.append(_Busy(run.id, run.group, run.needs.gpus, run.locks, ends))
        self._waiting = left

    def _is_paused(self, run: Run) -> bool:
        group = self._capacity.groups.get(run.group)
        return group is not None and group.paused is not None

    def _may(self, run: Run) -> bool:
        if run.starts_at is not None and run.starts_at - self._now > self._at:
            return False
        if any(item.run_id not in self._ended for item in run.after):
            return False
        if any(set(run.locks) & set(other.locks) for other in self._busy):
            return False
        group = self._capacity.groups.get(run.group)
        if group is None or group.slots is None:
            return True
        return sum(other.group == run.group for other in self._busy) < group.slots

    def _fits(self, run: Run) -> bool:
        if len(self._busy) >= self._capacity.slots:
            return False
        taken = sum(other.gpus for other in self._busy)
        return run.needs.gpus == 0 or taken + run.needs.gpus <= len(self._capacity.cards)
