"""One submission of several runs: looked at as a whole, frozen once, and then queued one after the other.

Nothing is queued before all of it has been found good. Runs of one project share one look at its
files and one frozen tree, so that an edit during the submit can't come between them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import time
from collections.abc import Iterator, Sequence

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import RunPaths
from orp_tui.services.context import Context
from orp_tui.services.parents import with_parent
from orp_tui.services.reference import find_run
from orp_tui.services.shared_freeze import SharedFreeze
from orp_tui.services.submission import Prepared, Source, SubmitOptions
from orp_tui.services.submit import carry_out, new_folder, tidy
from orp_tui.services.wishes import Wishes, place_of
from orp_tui.store import groups, runs


@dataclasses.dataclass(frozen=True)
class Item:
    """A run of a submission."""

    run_id: str
    name: str
    existed: bool = False
    """It has succeeded before, and nothing was queued."""


def submit_all(
    context: Context,
    connection: sqlite3.Connection,
    wanted: Sequence[Source],
    options: SubmitOptions,
    *,
    batch: bool = False,
    parallel: int | None = None,
    smoke: bool = False,
    unless_exists: bool = False,
) -> Iterator[Item]:
    """Queue these runs; each is given as soon as it is queued.

    With more than one, or with `batch`, all carry the id of the first. At most `parallel` of them
    go at once; None: no limit of their own. With `smoke` all but the first wait for its success.

    Raises, before anything is queued, what `prepare` raises, ConfigError for a parent that is not there, and
    UsageError or RunNotFound for wishes that can't be met.
    """
    if parallel is not None and options.wishes.group is not None:
        raise UsageError(
            "--parallel makes a group of its own; give it or --group, or: orp queue slots N --group G"
        )
    _check_wishes(context, connection, wanted, options.wishes)
    new: list[tuple[Source, str | None]] = []
    leader: str | None = None
    for number, source in enumerate(wanted, 1):
        key = options.key if number == 1 or options.key is None else f"{options.key}#{number}"
        known = None if key is None else runs.find_by_key(connection, key)
        before = None if known else _existing(connection, source, unless_exists=unless_exists)
        if known is not None:
            leader = leader or _batch_of(connection, known)
        if known or before:
            yield Item(known or before or "", source.plan.name, existed=before is not None)
        else:
            new.append((source, key))
    if new:
        with contextlib.closing(_Submission(context, connection, new, options)) as submission:
            together = batch or len(wanted) > 1
            yield from submission.queue(leader, batch=together, parallel=parallel, smoke=smoke)


def _batch_of(connection: sqlite3.Connection, run_id: str) -> str:
    run = runs.get(connection, run_id)
    return (run.batch if run is not None else None) or run_id


def _existing(connection: sqlite3.Connection, source: Source, *, unless_exists: bool) -> str | None:
    from orp_tui.config.plan import experiment_hash

    if not (unless_exists or source.plan.queue["unless_exists"]):
        return None
    found = runs.success_of(connection, experiment_hash(source.plan))
    return found.id if found is not None else None


def _check_wishes(
    context: Context, connection: sqlite3.Connection, wanted: Sequence[Source], wishes: Wishes
) -> None:
    """Raise what would be raised half-way: runs to wait for that are not there, times that are none."""
    paths, now = context.paths, time.time()
    names: set[str] = set()
    for source in wanted:
        place_of(connection, source.plan, dataclasses.replace(wishes, fresh=True), paths, now=now)
        for item in source.plan.queue["after"]:
            if (
                item["run"] not in names
            ):  # what an earlier file of this very submission makes is not there yet
                find_run(connection, item["run"], paths)
        names.add(f"last:{source.plan.name}")


class _Submission:
    """Folders that are being built; what is not queued in the end is removed."""

    def __init__(
        self,
        context: Context,
        connection: sqlite3.Connection,
        wanted: Sequence[tuple[Source, str | None]],
        options: SubmitOptions,
    ) -> None:
        self._context = context
        self._connection = connection
        self._left: list[tuple[Prepared, RunPaths]] = []
        self._folders: list[tuple[str, RunPaths]] = []
        self._ids: list[str] = []
        shared = SharedFreeze(context)
        earlier: dict[str, str] = {}
        try:
            for source, key in wanted:
                child = with_parent(connection, context.paths, source, earlier)
                run_id, building = new_folder(context.paths)
                earlier[source.plan.name] = run_id
                self._folders.append((run_id, building))
                own = dataclasses.replace(options, key=key)
                self._left.append((shared.prepare(child, run_id, own), building))
            self._left = [(shared.pinned(item), building) for item, building in self._left]
        except BaseException:
            self.close()
            raise

    def queue(self, leader: str | None, *, batch: bool, parallel: int | None, smoke: bool) -> Iterator[Item]:
        """Queue one after the other; `leader` is the first run of the submission if it is queued already."""
        for prepared, building in self._left:
            options = prepared.options
            first = leader or prepared.run_id
            wishes = options.wishes
            if parallel is not None:
                wishes = dataclasses.replace(wishes, group=f"batch-{first}")
                groups.set_slots(self._connection, f"batch-{first}", parallel)
            if smoke and leader is not None:
                wishes = dataclasses.replace(wishes, after=(*wishes.after, f"{leader}:ok"))
            options = dataclasses.replace(options, wishes=wishes, batch=first if batch else options.batch)
            queued = carry_out(
                self._context, self._connection, dataclasses.replace(prepared, options=options), building
            )
            leader = leader or queued
            yield Item(queued, prepared.source.plan.name)

    def close(self) -> None:
        """Remove every folder whose run is not in the queue."""
        for run_id, building in self._folders:
            tidy(self._context, self._connection, run_id, building)
