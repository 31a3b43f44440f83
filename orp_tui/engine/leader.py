"""The queue processor: settle every active run from its folder, start what fits, sleep.

It keeps nothing in memory that it could not read again, so it may be killed between
any two instructions. One leads a base directory, by the kernel lock `queue.lock`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable

from orp_tui.core import policy
from orp_tui.core.decide import Facts, Lock
from orp_tui.core.errors import LeaderError, StoreDamaged, StoreError
from orp_tui.core.layout import BasePaths
from orp_tui.core.ports import Clock
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine import capacity, host
from orp_tui.engine.local import LocalExecutor
from orp_tui.engine.settle import Settler
from orp_tui.engine.starter import Starter
from orp_tui.files.failpoint import hit
from orp_tui.store import database, runs, settings
from orp_tui.store.backup import back_up

POLL_S = 0.1
REFRESH_S = 1.0
"""A run is looked at afresh this often, even if nothing about it seems to have changed."""
CHECK_STORE_S = 3.0
STALE_SUBMISSION_S = 3600.0
BACK_UP_S = 3600.0
"""How often it is asked whether the daily copy of the database is due."""
STORE_RETRY_S = 1.0
TROUBLE_RETRY_S = 30.0
_BAD_FOLDER = (OSError, ValueError, KeyError, TypeError)
"""What the records of a damaged run folder can raise."""


@dataclasses.dataclass(frozen=True)
class LeaderSettings:
    """How a queue processor behaves."""

    slots: int
    idle_exit_s: float | None
    """End after so long without unfinished runs; None: never."""
    allow_network: bool = False


class Leader:
    """The loop. `run` returns when it was asked to stop or has had nothing to do for long."""

    def __init__(self, paths: BasePaths, options: LeaderSettings, clock: Clock) -> None:
        self._paths = paths
        self._options = options
        self._clock = clock
        self._executor = LocalExecutor(paths, self._supervisor_ended)
        self._wake = asyncio.Event()
        self._stopping = False
        self._rows: list[Run] = []
        self._seen: dict[str, _Seen] = {}
        self._chosen_for: tuple[str, ...] | None = None
        """Who held slots when it was last chosen what starts; None if the rows have changed since."""
        self._chosen_at = 0.0
        self._said: dict[str, str] = {}
        self._helpers: list[Callable[[list[Run]], object]] = []
        self._helped = False

    def add_helper(self, helper: Callable[[list[Run]], object]) -> None:
        """Have `helper` called with the unfinished runs on every turn, as for keeping an observer alive.

        While it answers True there is something to wait for, even if no run is unfinished.
        """
        self._helpers.append(helper)

    def stop(self) -> None:
        """End after the present turn; runs are left alone."""
        self._stopping = True
        self._wake.set()

    def _supervisor_ended(self, run_id: str) -> None:
        self._seen.pop(run_id, None)
        self._wake.set()

    async def run(self, connection: sqlite3.Connection) -> None:
        """Lead until stopped; the caller holds the lead and closes the connection."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._settler = Settler(self._paths, connection, self._executor, self._clock)
        self._starter = Starter(self._paths, connection, self._executor, self._settler, self._clock)
        sweep_submissions(self._paths, now=self._clock.now())
        try:
            await self._loop(connection)
        finally:
            self._executor.let_go()

    async def _loop(self, connection: sqlite3.Connection) -> None:
        self._data_version = -1
        self._idle_since = self._clock.monotonic()
        checked = backed_up = -math.inf
        while not self._stopping:
            hit("leader.turn")
            now = self._clock.monotonic()
            if now - checked >= CHECK_STORE_S:
                checked = now
                check_store(self._paths, connection)
            if now - backed_up >= BACK_UP_S:
                backed_up = now
                self._back_up(connection)
            pause = await self._turn_or_wait(connection)
            if self._is_idle(now):
                return
            await self._pause(pause)

    async def _turn_or_wait(self, connection: sqlite3.Connection) -> float:
        """Take one turn; seconds until the next. A store that is busy or full is waited for."""
        try:
            await self._turn(connection)
        except StoreDamaged:
            raise
        except StoreError as error:
            self._say_once("", str(error))
            self._seen.clear()
            return STORE_RETRY_S
        except sqlite3.OperationalError as error:
            self._say_once("", f"the database does not answer: {error}")
            self._seen.clear()
            return STORE_RETRY_S
        self._said.pop("", None)
        return 0.0 if self._settler.wrote else POLL_S

    async def _turn(self, connection: sqlite3.Connection) -> None:
        current = database.data_version(connection)
        if current != self._data_version or self._settler.wrote:
            self._settler.wrote = False
            self._rows = runs.unfinished(connection)
            self._data_version = current
            self._chosen_for = None
        active = [run for run in self._rows if run.state.is_active]
        known = {run.id: self._settled(run) for run in active}
        if not self._settler.wrote:
            await self._dispatch(connection, known)
        answers = [helper(self._rows) for helper in self._helpers]
        self._helped = True in answers

    def _is_idle(self, now: float) -> bool:
        """Nothing has been unfinished for as long as an automatically started leader waits."""
        if self._rows or self._settler.wrote or self._helped:
            self._idle_since = now
            return False
        limit = self._options.idle_exit_s
        return limit is not None and now - self._idle_since >= limit

    def _back_up(self, connection: sqlite3.Connection) -> None:
        try:
            if back_up(connection, self._paths.database, now=self._clock.now()):
                log("the database was copied")
        except (OSError, sqlite3.Error) as error:
            self._say_once("backup", f"the database cannot be copied: {error}")

    def _say_once(self, about: str, text: str) -> None:
        """Log a trouble when it begins, not on every turn while it lasts."""
        if self._said.get(about) != text:
            self._said[about] = text
            log(text)

    def _settled(self, run: Run) -> Facts:
        """The facts about an active run, after everything they call for has been done."""
        try:
            changed = os.stat(self._paths.run(run.id).folder).st_mtime_ns
        except OSError:
            changed = 0
        now = self._clock.monotonic()
        seen = self._seen.get(run.id)
        if (
            seen is not None
            and seen.version == run.version
            and seen.changed == changed
            and now - seen.at < REFRESH_S
        ):
            return seen.facts
        try:
            found = self._settler.settle(run)
        except _BAD_FOLDER as error:
            # One run's folder that can't be read must not stop the others; its slot stays taken.
            self._say_once(run.id, f"{run.id}: cannot be looked after: {type(error).__name__}: {error}")
            found = Facts(lock=Lock.HELD)
        self._seen[run.id] = _Seen(run.version, changed, now, found)
        return found

    async def _dispatch(self, connection: sqlite3.Connection, known: dict[str, Facts]) -> None:
        queued = [run for run in self._rows if run.state is RunState.QUEUED]
        if not queued:
            return
        taken = capacity.occupants(self._rows, known)
        holders = tuple(other.run_id for other in taken)
        turn = self._clock.monotonic()
        if holders == self._chosen_for and turn - self._chosen_at < REFRESH_S:
            return  # nothing has changed but the time, for which once a second is enough
        self._chosen_for, self._chosen_at = holders, turn
        now = self._clock.now()
        room = capacity.capacity(self._paths, connection, queued, taken, slots=self._options.slots, now=now)
        choice = policy.choose(queued, taken, room, now=now)
        for run_id, why in choice.doomed.items():
            runs.request_cancel(connection, run_id, at=self._clock.now(), by="the queue", detail=why)
            self._settler.wrote = True
        for item in choice.start:
            try:
                cards = [card for card in room.cards if card.index in item.cards]
                await self._starter.start(item.run, cards)
            except _BAD_FOLDER as error:
                run = item.run
                self._say_once(run.id, f"{run.id}: cannot be started: {type(error).__name__}: {error}")
                self._hold_back(connection, run, str(error))

    def _hold_back(self, connection: sqlite3.Connection, run: Run, why: str) -> None:
        """Leave a run that can't be started alone for a while."""
        again = self._clock.now() + TROUBLE_RETRY_S
        runs.note(connection, run, not_before=again, detail=why)
        self._settler.wrote = True

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What a look at a run's folder found, and how to tell that it is old."""

    version: int
    changed: int
    at: float
    facts: Facts


def check_store(paths: BasePaths, connection: sqlite3.Connection) -> None:
    """Raise StoreError if the open database is not the one that lies at its place any more."""
    opened = connection.execute("PRAGMA database_list").fetchone()[2]
    try:
        there = os.stat(paths.database)
    except FileNotFoundError:
        raise StoreError(f"{paths.database}: was deleted while it was in use") from None
    for entry in os.scandir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found = os.stat(entry.path)
            if (found.st_dev, found.st_ino) == (there.st_dev, there.st_ino):
                return
    raise StoreError(f"{opened}: was replaced while it was in use")


def check_host(connection: sqlite3.Connection, *, now: float) -> None:
    """Raise LeaderError if another machine led this store and left runs that may still be alive there."""
    here = host.host_id()
    owner = settings.owner(connection, here, at=now)
    if owner == here:
        return
    active = [run.id for run in runs.unfinished(connection) if run.state.is_active]
    if active:
        raise LeaderError(
            f"this store was led on {owner.split(':')[0]}, and {len(active)} of its runs may be alive there "
            f"({active[0]}); start the queue processor on that machine"
        )
    settings.hand_over(connection, here)


def sweep_submissions(paths: BasePaths, *, now: float) -> None:
    """Remove what killed submissions have left behind for over an hour."""
    import shutil

    for parent in (paths.runs, paths.sources):
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(parent):
                if (
                    entry.name.startswith(".new-")
                    and now - entry.stat(follow_symlinks=False).st_mtime > STALE_SUBMISSION_S
                ):
                    shutil.rmtree(entry.path, ignore_errors=True)


def log(text: str) -> None:
    """A line in queue.log, which is the leader's stderr; on a full disk it is left out."""
    with contextlib.suppress(OSError):
        print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, file=sys.stderr, flush=True)  # noqa: T201 - the log
