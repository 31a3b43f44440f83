"""Runs for tests of the store."""

from __future__ import annotations

from typing import Any

from orp_tui.core.run import Run
from orp_tui.store import runs
from orp_tui.store.database import Connection


def queued(connection: Connection, name: str = "a", **values: Any) -> Run:
    """A queued run with the id `exp_20261124_093000_<name>`."""
    run_id = f"exp_20261124_093000_{name}"
    runs.insert(connection, runs.NewRun(run_id, values.pop("title", name), 1.0, "me@here", **values))
    run = runs.get(connection, run_id)
    assert run is not None
    return run
