"""What the engine asks of its surroundings, where there is or will be more than one of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orp_tui.core.request import RunRequest
from orp_tui.core.series import Points


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Seconds since 1970, UTC; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some start; never jumps, counts through a suspend."""
        ...


@dataclasses.dataclass(frozen=True)
class Launch:
    """One attempt to start."""

    request: RunRequest
    attempt: int
    lock: int | None
    """Descriptor of the run's held lock, for the supervisor to inherit; None where the engine starts it elsewhere."""
    claims: tuple[int, ...] = ()
    """Descriptors of further locks (folders, ports, later GPUs) that the training's tree is to hold."""
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What is known only now: port, GPUs, late secrets."""
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """For the placeholders left in the command: port, gpus."""


@dataclasses.dataclass(frozen=True)
class Handle:
    """How an engine knows an attempt."""

    engine: str
    run_id: str
    attempt: int
    job: str
    """The engine's own name: `pid:start_ticks` here, a job id elsewhere."""


@dataclasses.dataclass(frozen=True)
class Submitted:
    """The engine took the attempt."""

    handle: Handle


@dataclasses.dataclass(frozen=True)
class Busy:
    """The engine can't take it now; nothing was started."""

    why: str
    retry_after_s: float


@dataclasses.dataclass(frozen=True)
class Rejected:
    """The engine will never take it; nothing was started."""

    why: str


SubmitResult = Submitted | Busy | Rejected


@dataclasses.dataclass(frozen=True)
class EngineSnapshot:
    """One answer about many attempts."""

    ok: bool
    """False: the engine gave no answer, and nothing may be concluded."""
    alive: Mapping[str, bool]
    """Run id → whether its supervisor lives; a run that the engine does not know is left out."""


@dataclasses.dataclass(frozen=True)
class Health:
    """Whether an engine can be used."""

    ok: bool
    words: str
    """Version and size if it can, the reason if it can't."""


class Executor(Protocol):
    """Starts supervisors somewhere and can stop them; the run folder is the protocol for all the rest."""

    name: str

    async def probe(self) -> Health:
        """Whether the engine can be used, and if not why."""
        ...

    async def submit(self, launches: Sequence[Launch]) -> list[SubmitResult]:
        """Start each attempt; one answer for each, in order."""
        ...

    def adopt(self, run_id: str, attempt: int, lock: int) -> None:
        """Start a process that watches a training whose supervisor is gone; it inherits the run's lock.

        Raises OSError if it can't be started.
        """
        ...

    def finalise(self, run_id: str, lock: int) -> None:
        """Start a finaliser in the place of one that is gone; it inherits the run's lock.

        Raises OSError if it can't be started.
        """
        ...

    async def poll(self, handles: Sequence[Handle]) -> EngineSnapshot:
        """One look at all of them."""
        ...

    async def cancel(self, handles: Sequence[Handle], *, force: bool = False) -> None:
        """Ask the supervisors to look at `cancel.json` now, or with `force` end them; idempotent."""
        ...

    async def find(self, run_ids: Sequence[str]) -> dict[str, Handle]:
        """The attempts that the engine knows of these runs, after a restart."""
        ...


@dataclasses.dataclass(frozen=True)
class MetricBatch:
    """What one read of a file of metrics brought."""

    points: Mapping[str, Points] = dataclasses.field(default_factory=dict)
    """Metric → its new points; they are to be added, not kept."""
    restarted: str = ""
    """`truncated` or `rewritten`: what came from this file before is no more there, and is to be forgotten."""
    more: bool = False
    """Another read at once will bring more."""
    bad: int = 0
    """Records passed over because they could not be read."""
    first_bad: str = ""
    """Where the first of those stands and what is wrong with it, fit to be shown."""
    trouble: str = ""
    """Why nothing could be read at all, in words; empty if it could, or if there is no such file yet."""


class MetricReader(Protocol):
    """One file of metrics, read as it grows. Never raises: a training may do to its file what it likes."""

    @property
    def mark(self) -> dict[str, Any]:  # Any: values as JSON gives them
        """Where it stands, as JSON can hold it; a reader made with it goes on there."""
        ...

    def changed(self) -> bool:
        """Whether a read could bring something; costs no more than a stat."""
        ...

    def read(self, *, final: bool = False) -> MetricBatch:
        """What is new, up to some MiB of the file. `final` takes a last record without its end, if it is whole."""
        ...
