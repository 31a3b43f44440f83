"""Automatic retries: which ended runs are to be tried again, and the queueing of their successors.

The queue processor only looks whether there may be something to do (`Retrier`); a process of its
own does it (`orp retries`, hidden), so that the leader neither imports the models of experiment files
nor waits for a workspace to be filled. Both read everything from store and folders: killed between the
end of a run and its retry, the next one finds the run again. The successor's key keeps it single.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from orp_tui.core.layout import BasePaths
from orp_tui.core.ports import Clock
from orp_tui.core.request import RunRequest
from orp_tui.core.retry_rule import cause, delay_s
from orp_tui.core.run import Run
from orp_tui.engine import results
from orp_tui.engine.launch import engine_command
from orp_tui.engine.request_file import read_request
from orp_tui.engine.retried import LOOK_BACK_S
from orp_tui.store import events, history, runs
from orp_tui.store.database import transaction

Json = dict[str, Any]  # Any: values as JSON gives them

AGAIN_S = 30.0
"""After a look that could not be finished, as on a full disk, the next one waits so long."""


def overrides(values: Json | None) -> tuple[str, ...]:
    """`with` of a rule as `--set` takes it."""
    return tuple(f"+training.config.{name}={json.dumps(value)}" for name, value in _flat(values or {}))


def _flat(values: Json, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def candidates(
    paths: BasePaths, connection: sqlite3.Connection, *, now: float, known: Container[str] = ()
) -> Iterator[tuple[Run, RunRequest]]:
    """Ended runs of the last days that have a rule, tries left, and no successor; the oldest end first.

    Those in `known` are left out, unread.
    """
    for run_id in history.without_successor(connection, since=now - LOOK_BACK_S):
        if run_id in known:
            continue
        run = runs.get(connection, run_id)
        try:
            request = read_request(paths.run(run_id))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a damaged folder can't be tried again, and is no reason to leave out others
        rule = request.retries
        if run is not None and rule is not None and run.retry < rule["max"]:
            yield run, request


def try_again(paths: BasePaths, connection: sqlite3.Connection, *, now: float) -> Iterator[str]:
    """Queue the successor of every run that is to have one; a line for the log about each.

    Raises OSError, StoreError if that can't be done now.
    """
    for run, request in list(candidates(paths, connection, now=now)):
        rule = request.retries
        assert rule is not None
        why = cause(rule, run, results.tail_of(paths.run(run.id).stderr))
        if why is not None:
            yield _queue(paths, connection, run, request, why, now=now)


def _queue(
    paths: BasePaths, connection: sqlite3.Connection, run: Run, request: RunRequest, why: str, *, now: float
) -> str:
    from orp_tui.core.errors import ConfigError, NotYet, SubmitRefused, UsageError
    from orp_tui.services.again import retry

    rule = request.retries or {}
    wait = (run.ended_at or now) + delay_s(rule, run.retry) - now
    os.umask(request.umask)  # the submitter's: it becomes the training's
    try:
        new = retry(
            _context(paths, request),
            connection,
            run,
            overrides=overrides(rule.get("with")),
            automatic=True,
            start=f"+{wait:.3f}s" if wait > 0 else None,
        )
    except (ConfigError, NotYet, SubmitRefused, UsageError) as error:
        with transaction(connection):
            events.append(connection, run.id, now, "leader", "retry_refused", str(error))
        return f"{run.id}: cannot be tried again: {error}"
    finally:
        os.umask(0o077)
    return f"{run.id}: tried again as {new} after {why}, {run.retry + 1} of {rule['max']}"


def _context(paths: BasePaths, request: RunRequest) -> Any:  # Any: a Context, imported where it is needed
    """A context of the run's project without its settings: a retry is of frozen code and asks for none."""
    from orp_tui.config.settings import Settings
    from orp_tui.services.context import Context

    project = Path(request.project)
    settings = Settings(project, paths.base, paths.state, paths.runs, paths.artifacts, project / "configs")
    return Context(project, settings, paths)


class Retrier:
    """Starts `orp retries` when an end may call for it; called on every turn of the queue processor."""

    def __init__(self, paths: BasePaths, connection: sqlite3.Connection, clock: Clock) -> None:
        self._paths = paths
        self._connection = connection
        self._clock = clock
        self._newest = -1
        self._judged: set[str] = set()
        """Runs that a finished process has looked at: they need no second look while we live."""
        self._asked: set[str] = set()
        self._child: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def look(self, _rows: list[Run]) -> bool:
        """Whether a retry may be on its way: then the queue processor stays."""
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return True
            self._child = None
            if code == 0:
                self._judged |= self._asked
            else:
                self._not_before = self._clock.monotonic() + AGAIN_S
            self._newest = -1
        if self._clock.monotonic() < self._not_before:
            return False
        before, self._newest = self._newest, events.newest(self._connection)
        if before == self._newest:
            return False
        if before >= 0 and not history.has_bad_end(self._connection, after=before):
            return False
        now = self._clock.now()
        ended = set(history.without_successor(self._connection, since=now - LOOK_BACK_S))
        found = candidates(self._paths, self._connection, now=now, known=self._judged)
        self._asked = {run.id for run, _ in found}
        self._judged = (self._judged & ended) | (
            ended - self._asked
        )  # those without a rule need no second look
        if not self._asked:
            return False
        with contextlib.suppress(OSError):  # no process to be had: tried again at the next event
            self._child = self._start()
        return self._child is not None

    def _start(self) -> subprocess.Popen[bytes]:
        command = engine_command(self._paths, "retries")
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)
