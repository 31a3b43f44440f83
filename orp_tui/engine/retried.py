"""What a run that is tried again by itself means to those who wait for it: its last try counts."""

from __future__ import annotations

import sqlite3
import time

from orp_tui.core.layout import BasePaths
from orp_tui.core.retry_rule import ENDS, cause
from orp_tui.core.states import RunState
from orp_tui.engine import results
from orp_tui.engine.request_file import read_request
from orp_tui.store import history, runs

LOOK_BACK_S = 3 * 86400.0
"""A run that ended longer ago is not tried again by itself any more."""


def state_of_chain(
    paths: BasePaths, connection: sqlite3.Connection, run_id: str, state: RunState
) -> RunState:
    """The state of the newest automatic retry of a run; QUEUED if one is about to be made; else its own."""
    while state in ENDS:
        successor = runs.find_by_key(connection, f"retry:{run_id}")
        run = runs.get(connection, successor) if successor is not None else None
        if run is None:
            return RunState.QUEUED if _is_due(paths, connection, run_id) else state
        run_id, state = run.id, run.state
    return state


def _is_due(paths: BasePaths, connection: sqlite3.Connection, run_id: str) -> bool:
    if run_id not in history.without_successor(connection, since=time.time() - LOOK_BACK_S):
        return False
    run = runs.get(connection, run_id)
    try:
        rule = read_request(paths.run(run_id)).retries
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return (
        run is not None
        and rule is not None
        and cause(rule, run, results.tail_of(paths.run(run_id).stderr)) is not None
    )
