"""Many runs at once: those named, or those that a filter finds."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Sequence

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.services.reference import find_run
from orp_tui.services.watch import view
from orp_tui.store import runs

BAD_ENDS = (RunState.FAILED, RunState.INCOMPLETE, RunState.LOST)
"""What `--failed` means: whatever ended otherwise than it should, and not by somebody's wish."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which runs a filter finds: those that answer to all that is given."""

    all_queued: bool = False
    failed: bool = False
    batch: str | None = None
    """Id of the first run of a submission, or what else means that run."""
    group: str | None = None
    name: str | None = None
    state: RunState | None = None
    among: frozenset[str] | None = None
    """Ids that a filter of the filter language has found, see `services.finding`."""

    @property
    def is_given(self) -> bool:
        """Whether anything is asked for."""
        return self != NOTHING


NOTHING = Selection()


@dataclasses.dataclass(frozen=True)
class Selected:
    """What a command is about."""

    runs: tuple[Run, ...]
    """Each once: in the order in which they were named, or by the filter in order of submission."""
    by_filter: bool
    """They were found, not named: one that can't take the act is no mistake of whoever asked."""


def select(
    connection: sqlite3.Connection,
    paths: BasePaths,
    references: Sequence[str],
    wanted: Selection,
    *,
    fit: Callable[[RunState], bool] = lambda _state: True,
) -> Selected:
    """The runs that are named, or those that the filter finds and whose state is `fit` for the act.

    Raises UsageError if both or neither are given, RunNotFound for a name that means no run.
    """
    if references and wanted.is_given:
        raise UsageError("name runs or give a filter, not both")
    if references:
        named = [find_run(connection, reference, paths) for reference in references]
        return Selected(tuple({run.id: run for run in named}.values()), by_filter=False)
    if not wanted.is_given:
        raise UsageError(
            "which runs? Name them, or give --filter, --all-queued, --failed, --batch, --group, --name or --state"
        )
    batch = None if wanted.batch is None else batch_id(connection, wanted.batch, paths)
    found = []
    for run in _candidates(connection, wanted):
        if batch is not None and batch not in (run.batch, run.id):
            continue
        if wanted.group not in (None, run.group) or wanted.name not in (None, run.name):
            continue
        state = run.state if run.state.is_final else view(paths, run).state
        if _has_state(state, wanted) and fit(state):
            found.append(run)
    return Selected(tuple(found), by_filter=True)


def batch_id(connection: sqlite3.Connection, reference: str, paths: BasePaths) -> str:
    """The id of the submission that a run belongs to; of the run itself if it came alone."""
    run = find_run(connection, reference, paths)
    return run.batch or run.id


def _candidates(connection: sqlite3.Connection, wanted: Selection) -> list[Run]:
    """The rows to look at, oldest first; those that wait in the order in which they would start."""
    if wanted.all_queued or wanted.state is RunState.QUEUED:
        waiting = [run for run in runs.unfinished(connection) if run.state is RunState.QUEUED]
        return [run for run in waiting if wanted.among is None or run.id in wanted.among]
    if wanted.among is not None:
        return sorted(runs.some(connection, list(wanted.among)).values(), key=lambda run: run.seq)
    return runs.newest(connection, -1)[::-1]


def _has_state(state: RunState, wanted: Selection) -> bool:
    if wanted.all_queued and state is not RunState.QUEUED:
        return False
    if wanted.failed and state not in BAD_ENDS:
        return False
    return wanted.state in (None, state)


def tried_again(connection: sqlite3.Connection) -> set[str]:
    """Ids of the runs that have a retry."""
    return {run.retry_of for run in runs.newest(connection, -1) if run.retry_of is not None}
