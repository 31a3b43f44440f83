"""Runs whose training says nothing and sleeps, for looking at what waits with them."""

from __future__ import annotations

from pathlib import Path

from orp_tui.core.states import RunState
from orp_tui.engine import facts
from orp_tui.services.context import Context
from orp_tui.services.submit import submit
from tests.benchmarks.ground import Ground, await_state, until


def start_waiting(place: Ground, context: Context, number: int) -> list[int]:
    """The pids of the supervisors of so many running runs; a queue processor must be there."""
    deliverable = {"type": "report", "path": "out.txt", "validation": "exists"}
    source = place.source(context, ["sleep", "3600"], deliverable)
    with context.store() as connection:
        ids = [submit(context, connection, source) for _ in range(number)]
    pids = []
    for run_id in ids:
        await_state(context, run_id, RunState.RUNNING)
        claim = facts.read_claim(context.paths.run(run_id), 1)
        assert claim is not None
        pids.append(claim.pid)
    return pids


def await_observer(place: Ground, context: Context) -> int:
    """The pid of the observer, once it has been started and has looked at a run."""
    live = context.paths.live
    until(lambda: live.exists() and any(live.iterdir()), "an observer that has looked at a run")
    for pid in place.processes():
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"observe" in words and bytes(context.paths.base) in words:
            return pid
    raise RuntimeError("the observer has ended")
