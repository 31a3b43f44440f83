"""The observer: looks on while runs go on, and writes only what can be made again.

It makes live checklists (`state/live/<id>.json`), prunes checkpoints, samples what runs take and write
(`system.jsonl` in their folders), reads their metrics into the cache, keeps the catalogue and acts on alerts.
Each watcher is one object with a `look(run)`; the outbox comes as a further one. Killing it
loses nothing: the queue processor starts another, and only the finaliser's checklist counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Protocol

from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.errors import StoreError
from orp_tui.core.layout import BasePaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Json, Run
from orp_tui.core.states import RunState
from orp_tui.deliverables.evaluate import evaluate
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import read_json
from orp_tui.services.alerting import Alerts
from orp_tui.services.catalog_keeper import CatalogKeeper
from orp_tui.services.gpu_samples import GpuSamples
from orp_tui.services.metric_tail import MetricTail
from orp_tui.services.system_samples import SystemSamples
from orp_tui.services.watchers import Growth, Pruner
from orp_tui.store import database, runs

PERIOD_S = 1.0
IDLE_EXIT_S = 10.0
GROWING = (RunState.RUNNING, RunState.FINISHING)
"""Where a run may still write metrics."""
MOST_ENDED = 1_000
"""Runs that ended while nobody looked on: so many of the newest are read into the cache."""
NEWEST_ENDED = 100
ENDED_EVERY_S = 10.0
CATCH_UP_MOST_S = 300.0
"""So long an observer goes on for them when nothing runs any more."""


class Watcher(Protocol):
    """One thing that is looked at once a second for each running run."""

    def look(self, run: Run) -> object:
        """Take one look; what goes wrong with one run must not reach the others."""
        ...

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        ...


class LiveChecks:
    """Cheap checks of the declared deliverables, written for the front ends."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._known: dict[str, tuple[RunRequest, Json | None]] = {}
        self._last: dict[str, ChecklistReport] = {}

    def look(self, run: Run) -> None:
        """Check once, and write the list if it says something new."""
        if run.deliverables_total == 0:
            return
        if run.id not in self._known:
            folder = self._paths.run(run.id)
            self._known[run.id] = (read_request(folder), read_json(folder.baseline))
        request, baseline = self._known[run.id]
        last = self._last.get(run.id)
        report = evaluate(
            request.deliverables, Path(request.cwd), baseline=baseline, final=False, previous=last
        )
        if report != last:
            self._write(run.id, report)
            self._last[run.id] = report

    def forget(self, run_id: str) -> None:
        """Remove the live list: the finaliser's takes its place."""
        self._known.pop(run_id, None)
        self._last.pop(run_id, None)
        with contextlib.suppress(OSError):
            (self._paths.live / f"{run_id}.json").unlink(missing_ok=True)

    def _write(self, run_id: str, report: ChecklistReport) -> None:
        """Renamed into place, but not flushed: it can be made again."""
        self._paths.live.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._paths.live / f"{run_id}.json"
        beside = path.with_suffix(".tmp")
        beside.write_text(json.dumps(report.to_json()), "utf-8")
        os.replace(beside, path)


class Observer:
    """All that is looked at, once a second, for as long as there is something to see."""

    def __init__(self, paths: BasePaths, connection: database.Connection) -> None:
        self._connection = connection
        self._gpus = GpuSamples(paths)
        alerts = Alerts(paths, connection)
        self._watchers: list[Watcher] = [
            LiveChecks(paths),
            Pruner(paths),
            Growth(paths),
            SystemSamples(paths, lambda: self._gpus.newest),
            alerts,
        ]
        self._metrics = MetricTail(paths, listeners=[alerts])
        self._catalog = CatalogKeeper(paths)
        self._unfinished: list[Run] = []
        self._running: dict[str, Run] = {}
        self._version, self._ended_at = -1, -ENDED_EVERY_S
        self._busy_at = self._ran_at = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Nothing has run for ten seconds, and nothing is left to be read, or that takes too long."""
        return time.monotonic() - self._busy_at >= IDLE_EXIT_S

    def turn(self) -> None:
        """One look at everything."""
        now = time.monotonic()
        self._ask(now)
        if any(run.needs.gpus for run in self._unfinished):
            self._busy_at = now
            self._gpus.turn(now=now)
        if self._running:
            self._busy_at = self._ran_at = now
        for run in self._running.values():
            for watcher in self._watchers:
                _look(watcher, run)
        self._metrics.turn([run for run in self._unfinished if run.state in GROWING])
        if self._metrics.is_catching_up and now - self._ran_at < CATCH_UP_MOST_S:
            self._busy_at = now
        self._catalog.turn()

    def close(self) -> None:
        """Keep what was read, and end the process that looks at the GPUs."""
        self._metrics.close()
        self._catalog.close()
        self._gpus.close()

    def _ask(self, now: float) -> None:
        """What has changed in the queue."""
        version = database.data_version(self._connection)
        if version == self._version:
            return
        if self._version < 0:
            self._metrics.forget_others(lambda ids: runs.states(self._connection, ids))
        if now - self._ended_at >= ENDED_EVERY_S:
            most = MOST_ENDED if self._version < 0 else NEWEST_ENDED
            self._metrics.take_ended(runs.newest(self._connection, most, final_only=True))
            self._ended_at = now
        self._version = version
        self._unfinished = runs.unfinished(self._connection)
        running = {run.id: run for run in self._unfinished if run.state is RunState.RUNNING}
        for run_id in self._running.keys() - running.keys():
            for watcher in self._watchers:
                watcher.forget(run_id)
        self._running = running


def observe(paths: BasePaths) -> bool:
    """Look on until nothing has run for ten seconds; False if somebody else does already.

    Ends at once when the database is deleted or replaced: the open one says nothing true any more.
    Raises StoreError if there is none.
    """
    if not paths.database.exists():
        # Nothing is made here: whoever removes a base directory must not find it again.
        raise StoreError(f"{paths.database}: no such store")
    lock = locks.take(paths.observer_lock)
    if lock is None:
        return False
    os.umask(0o077)
    ended = False

    def end(_number: int, _frame: object) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    connection = database.connect(paths.database, allow_network=True, create=False)
    observer = Observer(paths, connection)
    try:
        while not ended and connection.is_in_place() and not observer.is_idle:
            observer.turn()
            time.sleep(PERIOD_S)
    finally:
        observer.close()
        connection.close()
        os.close(lock)
    return True


def _look(watcher: Watcher, run: Run) -> None:
    try:
        watcher.look(run)
    except Exception as error:  # noqa: BLE001 - a plug-in border: one run's trouble is logged and stays its own
        print(f"{run.id}: {type(watcher).__name__}: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the log
