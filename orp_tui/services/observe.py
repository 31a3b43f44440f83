"""The observer: looks on while runs go on, and writes only what can be made again.

It makes live checklists (`state/live/<id>.json`), prunes checkpoints and samples what runs write.
Each watcher is one object with a `look(run)`; metrics, alerts and the outbox come as further ones. Killing it
loses nothing: the queue processor starts another, and only the finaliser's checklist counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Protocol

from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.layout import BasePaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Json, Run
from orp_tui.core.states import RunState
from orp_tui.deliverables.evaluate import evaluate
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import read_json
from orp_tui.services.alerting import Alerts
from orp_tui.services.gpu_samples import GpuSamples
from orp_tui.services.watchers import Growth, Pruner
from orp_tui.store import database, runs

PERIOD_S = 1.0
IDLE_EXIT_S = 10.0


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


def observe(paths: BasePaths) -> bool:
    """Look on until nothing has run for ten seconds; False if somebody else does already.

    Ends at once when the database is deleted or replaced: the open one says nothing true any more.
    Raises StoreError if there is none.
    """
    paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
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
    alerts = Alerts(paths, connection)  # also a listener of whatever reads the metrics
    watchers: list[Watcher] = [LiveChecks(paths), Pruner(paths), Growth(paths), alerts]
    running: dict[str, Run] = {}
    version, busy = -1, time.monotonic()
    samples, wants_gpus = GpuSamples(paths), False
    try:
        while not ended and connection.is_in_place() and time.monotonic() - busy < IDLE_EXIT_S:
            current = database.data_version(connection)
            if current != version:
                version = current
                running = _running(connection, watchers, running)
                wants_gpus = any(run.needs.gpus for run in runs.unfinished(connection))
            if wants_gpus:
                busy = time.monotonic()
                samples.turn(now=busy)
            for run in running.values():
                busy = time.monotonic()
                for watcher in watchers:
                    _look(watcher, run)
            time.sleep(PERIOD_S)
    finally:
        samples.close()
        connection.close()
        os.close(lock)
    return True


def _running(
    connection: sqlite3.Connection, watchers: list[Watcher], before: dict[str, Run]
) -> dict[str, Run]:
    now = {run.id: run for run in runs.unfinished(connection) if run.state is RunState.RUNNING}
    for run_id in before.keys() - now.keys():
        for watcher in watchers:
            watcher.forget(run_id)
    return now


def _look(watcher: Watcher, run: Run) -> None:
    try:
        watcher.look(run)
    except Exception as error:  # noqa: BLE001 - a plug-in border: one run's trouble is logged and stays its own
        print(f"{run.id}: {type(watcher).__name__}: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the log
