"""When waiting runs will start, by how long runs like them took. Pure: a small simulation of the queue.

It goes from one end or delayed start to the next and lets start what the policy would: the same
rules, the same room of slots, groups, CPUs, memory, disk and GPUs. It promises nothing: where a
run has to end of which nobody knows how long it takes, there is no answer.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from orp_tui.core.needs import Capacity, Card, Occupant
from orp_tui.core.policy import not_now
from orp_tui.core.room import Room
from orp_tui.core.run import Run
from orp_tui.core.states import RunState

MOST_RUNS = 300
"""Only so many of the first are looked at: what comes after them is far away and uncertain."""
_ROUNDING = 16 << 20
"""A card that lacks less than this of its memory has nobody on it."""


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

    occupant: Occupant
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
        self._cards = {card.index: card for card in capacity.cards}
        self._ends = dict(capacity.ends)
        self._takes = takes
        self._now = now
        self._at = 0.0
        self._waiting = list(queued)
        self._busy = [_Busy(other, math.inf if other.left_s is None else other.left_s) for other in occupants]
        self._found: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        """Go from one moment at which something can change to the next, until there is none."""
        while True:
            self._start()
            moments = [item.ends for item in self._busy]
            for run in self._waiting:
                moments += [at - self._now for at in (run.starts_at, run.not_before) if at is not None]
            coming = [moment for moment in moments if self._at < moment < math.inf]
            if not self._waiting or not coming:
                return self._found
            self._at = min(coming)
            self._end()

    def _start(self) -> None:
        """Start what the policy would: who waits for room keeps what there is of it from those behind."""
        capacity = dataclasses.replace(self._capacity, cards=tuple(self._cards.values()), ends=self._ends)
        taken = [item.occupant for item in self._busy]
        room = Room(capacity, taken)
        left = []
        for place, run in enumerate(self._waiting):
            if not room.has_slots:
                left += self._waiting[place:]
                break
            if not_now(run, taken, capacity, self._now + self._at) is not None:
                left.append(run)
            elif room.lacks(run) is not None:
                room.reserve(run)
                left.append(run)
            else:
                taken.append(room.take(run))
                self._begin(run, taken[-1])
        self._waiting = left

    def _begin(self, run: Run, occupant: Occupant) -> None:
        self._found[run.id] = self._at
        self._busy.append(_Busy(occupant, self._at + self._takes.get(run.name, math.inf)))
        share = occupant.needs.gpu_memory
        for card in self._cards_of(occupant):
            free = 0 if share is None else card.free - share
            self._cards[card.index] = dataclasses.replace(card, free=free, whole=False)

    def _end(self) -> None:
        """Give back what those had whose end has come."""
        over = [item.occupant for item in self._busy if item.ends <= self._at]
        self._busy = [item for item in self._busy if item.ends > self._at]
        for occupant in over:
            self._ends[occupant.run_id] = RunState.SUCCEEDED
            self._give_back(occupant)

    def _give_back(self, occupant: Occupant) -> None:
        share = occupant.needs.gpu_memory
        used = {index for item in self._busy for index in item.occupant.cards}
        for card in self._cards_of(occupant):
            free = card.memory if share is None else min(card.memory, card.free + share)
            whole = card.index not in used and free > card.memory - _ROUNDING
            self._cards[card.index] = dataclasses.replace(card, free=free, whole=whole)

    def _cards_of(self, occupant: Occupant) -> list[Card]:
        return [self._cards[index] for index in occupant.cards if index in self._cards]
