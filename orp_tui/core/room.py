"""The room that is left on a machine while a policy goes through its queue."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.needs import Capacity, Card, Needs, Occupant
from orp_tui.core.run import Run
from orp_tui.core.words import duration, size


@dataclasses.dataclass
class _Place:
    """A card as it stands in this round."""

    card: Card
    free: int
    whole: bool
    kept_for: str = ""
    """The run that waits for it."""

    def fits(self, needs: Needs) -> bool:
        if self.card.shut or self.kept_for:
            return False
        if needs.gpu_memory is None:
            return self.whole
        return self.free >= needs.gpu_memory


class Room:
    """What is left; shrinks as runs take it or keep it for themselves."""

    def __init__(self, capacity: Capacity, occupants: Sequence[Occupant]) -> None:
        self._capacity = capacity
        self._occupants = list(occupants)
        self._slots = capacity.slots - len(occupants)
        self._cpus = _left(capacity.cpus, sum(other.needs.cpus or 0 for other in occupants))
        self._memory = _left(capacity.memory, sum(other.needs.memory or 0 for other in occupants))
        self._disk = capacity.disk_free
        self._places = [_Place(card, card.free, card.whole) for card in capacity.cards]
        self._in_group: dict[str, int] = {}
        for other in occupants:
            self._in_group[other.group] = self._in_group.get(other.group, 0) + 1
        self._kept_slot: list[str] = []

    @property
    def has_slots(self) -> bool:
        """Whether anything can start at all; what slots are left for may be kept for somebody."""
        return self._slots > 0

    def lacks(self, run: Run) -> str | None:
        """What there is too little of for a run, in words; None if it can start."""
        needs = run.needs
        full = self._full_group(run)
        if full is not None:
            return full
        impossible = self._impossible(needs)
        if impossible:
            return impossible
        if self._slots <= 0:
            kept = f", the next is kept for {self._kept_slot[0]}" if self._kept_slot else ""
            return f"needs a slot: {len(self._occupants)} of {self._capacity.slots} taken by {self._holders()}{kept}"
        if needs.cpus and self._cpus is not None and needs.cpus > self._cpus:
            return f"needs {needs.cpus} CPUs: {max(0, self._cpus)} of {self._capacity.cpus} free"
        if needs.memory and self._memory is not None and needs.memory > self._memory:
            return f"needs {size(needs.memory)} of memory: {size(max(0, self._memory))} not yet booked"
        if needs.disk and self._disk is not None and needs.disk > self._disk:
            return f"needs {size(needs.disk)} on the disk: {size(self._disk)} free"
        if needs.gpus and len(self._fitting(needs)) < needs.gpus:
            return f"needs {needs.gpus_in_words()}: {self._cards_in_words(needs)}"
        return None

    def _full_group(self, run: Run) -> str | None:
        """Why the run's group lets no more start; None if it does."""
        group = self._capacity.groups.get(run.group)
        taken = self._in_group.get(run.group, 0)
        if group is None or group.slots is None or taken < group.slots:
            return None
        holders = f" taken by {self._holders(run.group)}" if taken else ""
        return f"needs a slot of group {run.group}: {taken} of {group.slots}{holders}"

    def _impossible(self, needs: Needs) -> str | None:
        """Why no waiting helps; such a run keeps nothing from others."""
        capacity = self._capacity
        if needs.gpus and not capacity.cards:
            return f"needs {needs.gpus_in_words()}: {capacity.no_cards}"
        able = [
            card for card in capacity.cards if needs.gpu_memory is None or card.memory >= needs.gpu_memory
        ]
        if needs.gpus > len(able):
            return f"needs {needs.gpus_in_words()}: this machine has {len(able)} such"
        if needs.cpus and capacity.cpus is not None and needs.cpus > capacity.cpus:
            return f"needs {needs.cpus} CPUs: this machine has {capacity.cpus}"
        if needs.memory and capacity.memory is not None and needs.memory > capacity.memory:
            return f"needs {size(needs.memory)} of memory: this machine has {size(capacity.memory)}"
        return None

    def take(self, run: Run) -> Occupant:
        """Give a run that lacks nothing what it needs."""
        needs = run.needs
        self._spend(run)
        places = self._fitting(needs)[: needs.gpus]
        for place in places:
            place.free = 0 if needs.gpu_memory is None else place.free - needs.gpu_memory
            place.whole = False
        cards = tuple(sorted(place.card.index for place in places))
        occupant = Occupant(run.id, run.workspace, run.project, run.group, needs, cards, run.locks)
        self._occupants.append(occupant)
        return occupant

    def reserve(self, run: Run) -> None:
        """Keep for a run that has to wait what there is of its needs."""
        needs = run.needs
        if self._full_group(run) is not None or self._impossible(needs) is not None:
            return
        if self._slots > 0:
            self._kept_slot.append(run.id)
        self._slots -= 1
        self._cpus = _left(self._cpus, needs.cpus or 0)
        self._memory = _left(self._memory, needs.memory or 0)
        for place in self._fitting(needs)[: needs.gpus]:
            place.kept_for = run.id

    def _spend(self, run: Run) -> None:
        needs = run.needs
        self._slots -= 1
        self._cpus = _left(self._cpus, needs.cpus or 0)
        self._memory = _left(self._memory, needs.memory or 0)
        self._disk = _left(self._disk, needs.disk or 0)
        self._in_group[run.group] = self._in_group.get(run.group, 0) + 1

    def _fitting(self, needs: Needs) -> list[_Place]:
        """Cards that a run could get, the best first: whole ones in order, shared ones by the tightest fit."""
        places = [place for place in self._places if place.fits(needs)]
        if needs.gpu_memory is not None:
            places.sort(key=lambda place: (place.whole, place.free, place.card.index))
        return places

    def _cards_in_words(self, needs: Needs) -> str:
        words = []
        for place in self._places:
            if place.kept_for:
                words.append(f"GPU{place.card.index} kept for {place.kept_for}")
            elif not place.fits(needs):
                words.append(f"GPU{place.card.index} {self._why_not(place, needs)}")
            else:
                words.append(f"GPU{place.card.index} free")
        return ", ".join(words)

    def _why_not(self, place: _Place, needs: Needs) -> str:
        holders = [other for other in self._occupants if place.card.index in other.cards]
        if holders:
            first = holders[0]
            left = "" if first.left_s is None else f" (~{duration(first.left_s)} left)"
            return f"held by {first.run_id}{left}"
        if place.card.why:
            return place.card.why
        if needs.gpu_memory is not None:
            return f"has {size(place.free)} free"
        return "is not free"

    def _holders(self, group: str | None = None) -> str:
        names = [other.run_id for other in self._occupants if group is None or other.group == group]
        return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def _left(total: int | None, used: int) -> int | None:
    return None if total is None else total - used
