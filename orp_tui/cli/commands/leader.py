"""Hidden verb: the queue processor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence

from orp_tui.cli.border import guarded
from orp_tui.cli.engine_arguments import Words, parse
from orp_tui.core.errors import OrpError, StoreError
from orp_tui.core.run import Run
from orp_tui.engine import breaker, guards, memory_limit
from orp_tui.engine.host import SystemClock
from orp_tui.engine.leader import Leader, LeaderSettings, check_host, log
from orp_tui.engine.leadership import take_lead
from orp_tui.engine.observing import ObserverKeeper
from orp_tui.services.rebuild import make_missing
from orp_tui.services.retries import Retrier
from orp_tui.store import database, runs, settings


def main(argv: Sequence[str]) -> int:
    """Lead a base directory until stopped or idle for long; 3 if that is not possible."""
    words = parse(argv)

    def work() -> int:
        try:
            return _lead(words)
        except OrpError as error:
            log(str(error))
            return error.exit_code

    return guarded("leader", work, broken=3)


def _lead(words: Words) -> int:
    clock = SystemClock()
    os.umask(0o077)
    lead = take_lead(words.paths, now=clock.now(), slots=int(words.options["slots"]))
    idle = words.options.get("idle-exit")
    options = LeaderSettings(
        slots=int(words.options["slots"]),
        idle_exit_s=float(idle) if idle is not None else None,
        allow_network="allow-network" in words.options,
    )
    try:
        done = make_missing(words.paths, leading=True, allow_network=options.allow_network)
        for line in done.words() if done else ():
            log(line)
        with database.opened(words.paths.database, allow_network=options.allow_network) as connection:
            check_host(connection, now=clock.now())
            leader = Leader(words.paths, options, clock)
            _keep(connection, guards.MIN_FREE, words.options.get("min-free"))
            leader.add_helper(ObserverKeeper(words.paths, clock).look_after)
            most = int(words.options.get("breaker", breaker.USUAL))
            leader.add_helper(_stopper(breaker.Breaker(connection, most)))
            leader.add_helper(Retrier(words.paths, connection, clock).look)
            memory_limit.sweep({run.id for run in runs.unfinished(connection)})
            log(f"leads {words.paths.base} with {options.slots} slots, Python {sys.version.split()[0]}")
            asyncio.run(leader.run(connection))
            log("ends; runs go on")
    finally:
        os.close(lead)
    return 0


def _keep(connection: sqlite3.Connection, key: str, value: str | None) -> None:
    """Have clients judge as this queue processor does; on a full disk they go on judging as before."""
    if settings.read(connection, key) != value:
        with contextlib.suppress(sqlite3.OperationalError, StoreError):
            settings.write(connection, key, value)


def _stopper(judge: breaker.Breaker) -> Callable[[list[Run]], None]:
    """A helper that pauses groups whose runs fail alike, and says so in the log."""

    def look(_rows: list[Run]) -> None:
        for name in judge.look():
            log(f"the group {name} is paused: its runs fail alike")

    return look
