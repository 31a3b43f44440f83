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
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.errors import LeaderError, StoreBusy, StoreError
from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths
from orp_tui.core.states import RunState
from orp_tui.engine.leadership import read_leader
from orp_tui.files import locks
from orp_tui.files.locks import LockState
from orp_tui.services.rebuild_runs import UNWATCHED, FolderReading, Watch, one_a_key, settle, settle_lacking
from orp_tui.store import database, replacement, spool
from orp_tui.store.replacement import Copy
from orp_tui.store.spool import Spool

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


def rebuild(paths: BasePaths, watch: Watch = UNWATCHED, *, allow_network: bool = False) -> Rebuilt:
    """Make the database again, or give a sound one the runs that it lacks; a second call changes nothing.

    Raises LeaderError while a queue processor leads, StoreError if no database can be made, and Stopped
    if `watch` says so: everything is then as it was.
    """
    database.check_place(paths.state, allow_network=allow_network)
    with _alone(paths, time.monotonic() + WAIT_S):
        if locks.ask(paths.leader_lock) is LockState.HELD:
            raise LeaderError(
                f"{paths.base} has a queue processor ({read_leader(paths) or 'just starting'}); "
                "stop it first with `orp queue stop`; runs go on"
            )
        return _rebuild(paths, watch, allow_network=allow_network)


def make_missing(
    paths: BasePaths, watch: Watch = UNWATCHED, *, leading: bool = False, allow_network: bool = False
) -> Rebuilt | None:
    """Make a database that is gone while there are runs; None if it is there, or nothing was ever run.

    `leading` says that the caller holds the lead. Anybody else waits until a queue processor
    that still has the deleted file open has noticed and ended, or a new one has made it.

    Raises StoreBusy if that takes too long, StoreError if runs may be alive on another machine, and Stopped
    if `watch` says so.
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
                return _rebuild(paths, watch, allow_network=allow_network, alive_elsewhere=False)
        watch.look()
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


def _rebuild(paths: BasePaths, watch: Watch, *, allow_network: bool, alive_elsewhere: bool = True) -> Rebuilt:
    """`alive_elsewhere` says that runs which may be alive on another machine are taken as they stand."""
    replacement.remove_unfinished(paths.database)
    journals = replacement.read_journals(paths.database)
    reading = FolderReading(paths, watch)
    if replacement.is_sound(paths.database, allow_network=allow_network):
        return _complete(paths, reading, allow_network=allow_network)
    kept = None
    try:
        with (
            replacement.new_database(paths.database, allow_network=allow_network) as connection,
            spool.opened(connection) as spooled,
        ):
            reading.read(spooled)
            if not alive_elsewhere:
                _refuse_elsewhere(paths, reading)
            copy = settle(spooled, paths.database)
            done = _fill(connection, spooled, reading, _values(copy))
            # From here on nobody can queue a run in the old one; what came while the others were read is in time.
            kept = replacement.set_aside(paths.database, journals, now=time.time())
            done = _with(done, _late(connection, spooled, reading))
        return dataclasses.replace(done, new=True, kept=kept, copy=copy.at if copy else None)
    except BaseException:
        if kept is not None:
            replacement.put_old_back(kept, paths.database)
        raise


def _complete(paths: BasePaths, reading: FolderReading, *, allow_network: bool) -> Rebuilt:
    """Give a sound database what it lacks."""
    with database.opened(paths.database, allow_network=allow_network) as connection:
        ids = replacement.known_ids(connection)
        reading.pass_over(ids)
        with spool.opened(connection) as spooled:
            reading.read(spooled)
            settle_lacking(spooled, ids)
            return _fill(connection, spooled, reading, {})


def _late(connection: sqlite3.Connection, spooled: Spool, reading: FolderReading) -> Rebuilt:
    """Put back the runs whose folders came while the others were read."""
    reading.read(spooled, is_late=True)
    return _fill(connection, spooled, reading, {})


def _fill(
    connection: sqlite3.Connection, spooled: Spool, reading: FolderReading, values: dict[str, str]
) -> Rebuilt:
    twice = one_a_key(spooled, replacement.known_keys(connection))
    spooled.leave_out(twice)
    counts = spooled.counts()
    may_start = any(state in (RunState.QUEUED, RunState.STARTING) for state in counts)
    if may_start:
        values = {**values, "paused": PAUSED}
    if counts or values:
        with reading.watch.stopping():
            spooled.put_back(values, reading.watch.cancelled)
    return Rebuilt(False, None, counts, {**reading.skipped, **twice}, may_start)


def _with(done: Rebuilt, late: Rebuilt) -> Rebuilt:
    counts = {
        state: done.counts.get(state, 0) + late.counts.get(state, 0)
        for state in {**done.counts, **late.counts}
    }
    skipped = {**done.skipped, **late.skipped}
    return dataclasses.replace(done, counts=counts, skipped=skipped, paused=done.paused or late.paused)


def _values(copy: Copy | None) -> dict[str, str]:
    """The settings that are taken over."""
    return {key: value for key, value in copy.settings.items() if key != "paused"} if copy else {}


def _refuse_elsewhere(paths: BasePaths, reading: FolderReading) -> None:
    if reading.elsewhere:
        run_id, host = next(iter(reading.elsewhere.items()))
        raise StoreError(
            f"{paths.database}: is gone, and {len(reading.elsewhere)} runs may be alive on {host} ({run_id}); "
            "work there, or `orp doctor --rebuild` if that machine runs them no more"
        )
