"""A run as lists, filters and comparisons know it: its row, and what its folder says, in one value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from orp_tui.core.states import RunState

Scalar = str | int | float | bool | None
"""A value of a config; lists and what else is no scalar stand as JSON text."""


@dataclasses.dataclass(frozen=True, slots=True)
class MetricValues:
    """One metric of one run in short. None: there is no such value, or it is not known, or no finite number."""

    first: float | None = None
    last: float | None = None
    lowest: float | None = None
    highest: float | None = None
    goal: str = ""
    """`minimize` or `maximize` where the experiment says so; empty: the name tells, see `best_goal`."""

    def best(self, name: str) -> float | None:
        """The lowest or the highest, by the goal."""
        return self.lowest if (self.goal or best_goal(name)) == "minimize" else self.highest


_FALLING = (
    "loss",
    "error",
    "err",
    "perplexity",
    "ppl",
    "wer",
    "cer",
    "mae",
    "mse",
    "rmse",
    "nll",
    "fid",
    "bpb",
    "bpc",
)


def best_goal(name: str) -> str:
    """Which way a metric gets better as its name tells: `minimize` for losses and errors, else `maximize`."""
    words = name.lower().replace("-", "_").replace("/", "_").replace(".", "_").split("_")
    return "minimize" if any(word in _FALLING or word.endswith("loss") for word in words) else "maximize"


@dataclasses.dataclass(frozen=True, slots=True)
class PastRun:
    """Everything that a list of runs can show, sort and filter. Names and texts are from outside.

    Times are seconds since 1970, UTC. None: there is none, or nobody knows.
    """

    id: str
    name: str
    state: RunState
    """As it truly stands, as far as anybody has looked."""
    submitted_at: float
    started_at: float | None = None
    ended_at: float | None = None
    reason: str | None = None
    """A value of `states.Reason` once it has ended otherwise than well."""
    detail: str | None = None
    """The evidence, one line."""
    exit_code: int | None = None
    seed: int | None = None
    group: str = "default"
    project: str = ""
    submitted_by: str = ""
    experiment_file: str | None = None
    deliverables_valid: int | None = None
    deliverables_total: int = 0
    zip: str = "none"
    """none, ok, pending or error; with what is missing behind a colon, as `Run.artifacts`."""
    zip_bytes: int | None = None
    bytes: int | None = None
    """On the disk, its folder and its zip; None while it goes on."""
    config: Mapping[str, Scalar] = dataclasses.field(default_factory=dict)
    """Dotted key → value, secrets masked."""
    metrics: Mapping[str, MetricValues] = dataclasses.field(default_factory=dict)
    primary: str | None = None
    """The metric that its experiment is judged by."""
    primary_value: float | None = None
    """Read where the experiment says; None if it has none yet."""
    tags: tuple[str, ...] = ()
    """Sorted."""
    is_starred: bool = False
    is_archived: bool = False
    note: str = ""
    """The newest."""
    parent: str | None = None
    retry_of: str | None = None
    resume_of: str | None = None
    resumed_by: str | None = None
    """The run that goes on from it: of a chain only the last one, which has none, is a sample."""
    batch: str | None = None
    variant: str = ""
    """The same for runs of one experiment that differ by their seed alone."""
    tree: str | None = None
    """sha256 of the frozen code."""
    commit: str = ""
    host: str = ""
    imported_from: str = ""
    """The host a zip came from; empty for a run of this base directory."""
    problem: str = ""
    """What is wrong with its folder, in words: one red row. Empty: nothing."""

    def elapsed_s(self, now: float) -> float | None:
        """Seconds from start to end, or until `now`; None if it never started, or nobody saw its end."""
        if self.started_at is None or (self.state.is_final and self.ended_at is None):
            return None
        return (self.ended_at if self.state.is_final and self.ended_at is not None else now) - self.started_at
