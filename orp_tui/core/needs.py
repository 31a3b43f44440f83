"""What a run needs to start, and what a machine has."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from orp_tui.core.states import RunState
from orp_tui.core.words import size

Json = dict[str, Any]  # Any: values as JSON gives them


@dataclasses.dataclass(frozen=True)
class Needs:
    """What a run asks for, `training.resources`."""

    gpus: int = 0
    gpu_memory: int | None = None
    """Bytes on each of its GPUs, which it then shares; None: the whole cards."""
    cpus: int | None = None
    """None: not counted."""
    memory: int | None = None
    """Bytes; None: not counted."""
    disk: int | None = None
    """Bytes that must be free when it starts; None: not counted."""

    def to_json(self) -> Json:
        """Only what is asked for."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value}

    def in_words(self) -> str:
        """`1 GPU with 20.0 GiB, 4 CPUs, 16.0 GiB of memory`; "" if it asks for nothing."""
        words = [self.gpus_in_words()] if self.gpus else []
        words += [f"{self.cpus} CPU{'' if self.cpus == 1 else 's'}"] if self.cpus else []
        words += [f"{size(self.memory)} of memory"] if self.memory else []
        words += [f"{size(self.disk)} on the disk"] if self.disk else []
        return ", ".join(words)

    def gpus_in_words(self) -> str:
        """`2 GPUs with 20.0 GiB`."""
        word = "1 GPU" if self.gpus == 1 else f"{self.gpus} GPUs"
        return word if self.gpu_memory is None else f"{word} with {size(self.gpu_memory)}"

    @classmethod
    def from_json(cls, data: Json) -> Needs:
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


NO_NEEDS = Needs()


@dataclasses.dataclass(frozen=True)
class Dependency:
    """A run that has to end first."""

    run_id: str
    on: str = "ok"
    """`ok`: it must have succeeded; `any`: however it ends."""

    def to_json(self) -> Json:
        return {"run": self.run_id, "on": self.on}

    @classmethod
    def from_json(cls, data: Json) -> Dependency:
        return cls(data["run"], data.get("on", "ok"))


@dataclasses.dataclass(frozen=True)
class Card:
    """A GPU as it can be given to runs now."""

    index: int
    """In PCI order."""
    uuid: str
    memory: int
    """Bytes in all."""
    free: int
    """Bytes that nobody has booked and nobody else uses."""
    whole: bool
    """Nobody is on it: it may be given as a whole."""
    why: str = ""
    """Who or what is on it, or why none of it may be given: `held by maria (14 GB)`, `lost`; "" if nobody is."""
    shut: bool = False
    """None of it may be given, however much is free."""


@dataclasses.dataclass(frozen=True)
class Group:
    """A part of the queue."""

    name: str
    slots: int | None = None
    """How many of its runs go at once; None: no limit of its own."""
    paused: str | None = None
    """Why nothing of it starts; None if things may start."""


@dataclasses.dataclass(frozen=True)
class Occupant:
    """An active run that still owns its slot."""

    run_id: str
    workspace: str = "isolated"
    project: str = ""
    group: str = "default"
    needs: Needs = NO_NEEDS
    cards: tuple[int, ...] = ()
    """Indices of the GPUs it was given."""
    locks: tuple[str, ...] = ()
    left_s: float | None = None
    """Seconds until it will end, by the history of runs like it; None if there is none."""


@dataclasses.dataclass(frozen=True)
class Capacity:
    """What this machine may run at once, and what is left of it."""

    slots: int
    cpus: int | None = None
    """In all; None: not counted."""
    memory: int | None = None
    """Bytes in all; None: not counted."""
    disk_free: int | None = None
    """Bytes free where runs write; None: not known."""
    cards: tuple[Card, ...] = ()
    no_cards: str = "this machine has no GPU"
    """Why there are no cards, where there are none."""
    groups: Mapping[str, Group] = dataclasses.field(default_factory=dict)
    paused: str | None = None
    """Why nothing starts at all; None if things may start."""
    guard: str | None = None
    """Why the machine can take no more, as a disk that is nearly full; None if it can."""
    ends: Mapping[str, RunState] = dataclasses.field(default_factory=dict)
    """State of every run that a queued one waits for; a run that is not known is left out."""
