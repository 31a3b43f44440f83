"""The database made again from the folders: the facts about runs are theirs, and the queue is an index of them.

What is lost with a database is the order, priorities and holds that were changed after the
submission, and the settings of the queue; what the daily copy knows of them is taken over.
A queue with runs that might start is paused, so that nothing starts by surprise.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from orp_tui.core.errors import LeaderError, StoreBusy, StoreError
from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine.leadership import read_leader
from orp_tui.files import locks
from orp_tui.files.locks import LockState
from orp_tui.services.known_refreezes import settled, without_their_old_ones
from orp_tui.services.known_runs import read_folder
from orp_tui.store import database, replacement
from orp_tui.store.replacement import KnownRun

WAIT_S = 10.0
POLL_S = 0.05
PAUSED = "its database was made again from the run folders; `orp queue resume` goes on"


@dataclasses.dataclass(frozen=True)
class Rebuilt:
    """What was done to a database."""

    new: bool
    """A new one was made; False: the one that was there is sound, and only got what it lacked."""
    kept: Path | None
    """Where the file lies that was there before; None if there was none, or it is still in use."""
    counts: dict[RunState, int]
    """How many runs were put back, by state."""
    skipped: dict[str, str]
    """Names in the runs folder that could not be put back, and why."""
    paused: bool
    copy: float | None = None
    """When the copy was made whose priorities, holds and settings were taken over; None without one."""

    def words(self) -> list[str]:
        """What a person should know, one line each."""
        number = sum(self.counts.values())
        states = ", ".join(f"{count} {state.value}" for state, count in self.counts.items())
        found = f"{number} run{'s' if number != 1 else ''} put back from their folders" + (
            f" ({states})" if states else ""
        )
        said = [f"the database was made again: {found}" if self.new else f"the database is sound: {found}"]
        if self.kept is not None:
            said.append(f"the old one is kept as {self.kept}")
        if self.copy is not None:
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.copy))
            said.append(f"priorities, holds and settings are those of {when}, when the last copy was made")
        said += [f"skipped {name}: {why}" for name, why in self.skipped.items()]
        if self.paused:
            said.append("the queue is paused, so that nothing starts by surprise; `orp queue resume` goes on")
        return said


def needs_rebuild(paths: BasePaths) -> bool:
    """Whether the database is gone, or was emptied, while there are runs."""
    return not database.has_content(paths.database) and has_runs(paths)


def has_runs(paths: BasePaths) -> bool:
    """Whether there is any run folder."""
    try:
        with os.scandir(paths.runs) as entries:
            return any(
                is_run_id(entry.name) and os.path.lexists(f"{entry.path}/request.json") for entry in entries
            )
    except OSError:
        return False


def rebuild(paths: BasePaths, *, allow_network: bool = False) -> Rebuilt:
    """Make the database again, or give a sound one the runs that it lacks; a second call changes nothing.

    Raises LeaderError while a queue processor leads, StoreError if no database can be made.
    """
    database.check_place(paths.state, allow_network=allow_network)
    with _alone(paths, time.monotonic() + WAIT_S):
        if locks.ask(paths.leader_lock) is LockState.HELD:
            raise LeaderError(
                f"{paths.base} has a queue processor ({read_leader(paths) or 'just starting'}); "
                "stop it first with `orp queue stop`; runs go on"
            )
        return _rebuild(paths, _read_all(paths), allow_network=allow_network)


def make_missing(paths: BasePaths, *, leading: bool = False, allow_network: bool = False) -> Rebuilt | None:
    """Make a database that is gone while there are runs; None if it is there, or nothing was ever run.

    `leading` says that the caller holds the lead. Anybody else waits until a queue processor
    that still has the deleted file open has noticed and ended, or a new one has made it.

    Raises StoreBusy if that takes too long, StoreError if runs may be alive on another machine.
    """
    if not needs_rebuild(paths):
        return None
    database.check_place(paths.state, allow_network=allow_network)
    deadline = time.monotonic() + WAIT_S
    while needs_rebuild(paths):
        with _alone(paths, deadline):
            if not needs_rebuild(paths):
                return None
            if leading or locks.ask(paths.leader_lock) is not LockState.HELD:
                found = _read_all(paths)
                _refuse_elsewhere(paths, found)
                return _rebuild(paths, found, allow_network=allow_network)
        if time.monotonic() >= deadline:
            raise StoreBusy(
                f"{paths.database}: was deleted while the queue processor ({read_leader(paths)}) uses it; "
                "stop that with `orp queue stop` and try again; runs go on"
            )
        time.sleep(POLL_S)
    return None


@contextlib.contextmanager
def _alone(paths: BasePaths, deadline: float) -> Iterator[None]:
    """Only one process rebuilds at a time."""
    path = paths.state / "rebuild.lock"
    try:
        while (descriptor := locks.take(path)) is None:
            if time.monotonic() >= deadline:
                raise StoreBusy(f"{paths.database}: somebody else is making it again; try again later")
            time.sleep(POLL_S)
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {error.strerror}") from error
    try:
        yield
    finally:
        os.close(descriptor)


@dataclasses.dataclass(frozen=True)
class _Found:
    """What the runs folder holds."""

    runs: list[KnownRun]
    """In the order of their submission."""
    elsewhere: dict[str, str]
    """Run id → the other machine on which it may be alive."""
    skipped: dict[str, str]


def _read_all(paths: BasePaths) -> _Found:
    found = _Found([], {}, {})
    try:
        names = sorted(entry.name for entry in os.scandir(paths.runs) if not entry.name.startswith("."))
    except OSError:
        names = []
    for name in names:
        if not is_run_id(name):
            found.skipped[name] = "is no run id"
            continue
        try:
            seen = read_folder(paths, name)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            found.skipped[name] = f"request.json cannot be read: {type(error).__name__}: {error}"
            continue
        found.runs.append(seen.known)
        if seen.host not in (None, os.uname().nodename):
            found.elsewhere[name] = str(seen.host)
    found.runs.sort(key=lambda item: (item.run.submitted_at, item.run.id))
    return found


def _refuse_elsewhere(paths: BasePaths, found: _Found) -> None:
    if found.elsewhere:
        run_id, host = next(iter(found.elsewhere.items()))
        raise StoreError(
            f"{paths.database}: is gone, and {len(found.elsewhere)} runs may be alive on {host} ({run_id}); "
            "work there, or `orp doctor --rebuild` if that machine runs them no more"
        )


def _rebuild(paths: BasePaths, found: _Found, *, allow_network: bool) -> Rebuilt:
    replacement.remove_unfinished(paths.database)
    journals = replacement.read_journals(paths.database)
    if replacement.is_sound(paths.database, allow_network=allow_network):
        with database.opened(paths.database, allow_network=allow_network) as connection:
            ids = replacement.known_ids(connection)
            lacking = [item for item in found.runs if item.run.id not in ids]
            lacking = without_their_old_ones(lacking, ids)
            return _fill(connection, lacking, {}, found.skipped)
    kept = replacement.set_aside(paths.database, journals, now=time.time())
    copy = replacement.read_copy(paths.database)
    values = {key: value for key, value in copy.settings.items() if key != "paused"} if copy else {}
    wanted, stands_for = settled(found.runs)
    if copy is not None:
        wanted = [_as_in_copy(item, copy.runs, stands_for.get(item.run.id)) for item in wanted]
    with replacement.new_database(paths.database, allow_network=allow_network) as connection:
        done = _fill(connection, wanted, values, found.skipped)
    return dataclasses.replace(done, new=True, kept=kept, copy=copy.at if copy else None)


def _as_in_copy(item: KnownRun, known: Mapping[str, Run], stands_for: str | None) -> KnownRun:
    """A queued run with what was decided about it after its submission; an end is never taken back.

    `stands_for` is the run in whose place it waits, None for none; until the swap is in the copy that one's place counts.
    """
    before = known.get(item.run.id)
    old = known.get(stands_for) if stands_for is not None else None
    if old is not None and old.state is RunState.QUEUED:
        before = old
    if before is None or item.run.state is not RunState.QUEUED:
        return item
    if before.state.is_final:
        return dataclasses.replace(item, run=before)
    decided = {name: getattr(before, name) for name in ("priority", "held", "position", "group", "starts_at")}
    return dataclasses.replace(item, run=dataclasses.replace(item.run, **decided))


def _fill(
    connection: sqlite3.Connection, wanted: list[KnownRun], values: dict[str, str], skipped: dict[str, str]
) -> Rebuilt:
    chosen, twice = _one_a_key(wanted, replacement.known_keys(connection))
    may_start = any(item.run.state in (RunState.QUEUED, RunState.STARTING) for item in chosen)
    refused: dict[str, str] = {}
    if may_start:
        values = {**values, "paused": PAUSED}
    if chosen or values:
        refused = replacement.put_back(connection, chosen, values)
    counts = Counter(item.run.state for item in chosen if item.run.id not in refused)
    return Rebuilt(False, None, dict(counts), {**skipped, **twice, **refused}, may_start)


def _one_a_key(wanted: list[KnownRun], taken: set[str]) -> tuple[list[KnownRun], dict[str, str]]:
    """The runs without those whose idempotency key another has: they were never queued."""
    owners: dict[str, str] = {}
    for item in sorted(wanted, key=lambda item: item.run.attempt == 0):
        if item.key is not None and item.key not in taken:
            owners.setdefault(item.key, item.run.id)
    chosen: list[KnownRun] = []
    twice: dict[str, str] = {}
    for item in wanted:
        if item.key is None or owners.get(item.key) == item.run.id:
            chosen.append(item)
        else:
            twice[item.run.id] = f"was submitted again with the key {item.key!r} and never queued"
    return chosen, twice
