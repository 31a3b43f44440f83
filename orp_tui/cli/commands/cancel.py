"""`orp cancel RUN…`: one idempotent verb for every state."""

from __future__ import annotations

import math
import sqlite3
import time
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import selected, selecting
from orp_tui.core.errors import RunNotFound
from orp_tui.core.states import RunState
from orp_tui.services.context import Context, actor, open_context
from orp_tui.services.control import cancel
from orp_tui.services.watch import view
from orp_tui.store import runs

POLL_S = 0.1


def _check_grace(_ctx: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise click.BadParameter("must be a number of seconds, 0 or more")
    return value


@click.command("cancel")
@selecting
@click.option(
    "--grace",
    type=float,
    callback=_check_grace,
    metavar="SECONDS",
    help="Until SIGKILL; by default what the experiment says.",
)
@click.option("--wait", is_flag=True, help="Return when the runs have ended.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    grace: float | None,
    wait: bool,
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> None:
    """End runs: the training is asked to stop, and killed when its grace is over.

    Name runs, or give a filter such as --batch or --all-queued: then what has not ended is meant.
    A queued run is cancelled without ever starting. Cancelling twice is the same as once.
    """
    context = open_context(base_dir=base_dir)
    answers = []
    with selected(context, references, filters, fit=_has_not_ended) as (connection, chosen):
        for run in chosen.runs:
            before = view(context.paths, run).state
            if before.is_final:
                answers.append((run.id, before, f"already {before.value}"))
                continue
            after = cancel(context.paths, connection, run, by=actor(), grace_s=grace)
            word = "cancelled" if after.state is RunState.CANCELLED else "asked to stop"
            answers.append((run.id, after.state, word))
        if wait:
            answers = [(run.id, _ended(context, connection, run.id), "ended") for run in chosen.runs]
    if as_json:
        output.emit_json(
            [{"id": run_id, "state": state.value, "word": word} for run_id, state, word in answers]
        )
    else:
        for run_id, state, word in answers:
            output.emit(f"{run_id}: {word if word != 'ended' else state.value}")


def _has_not_ended(state: RunState) -> bool:
    return not state.is_final


def _ended(context: Context, connection: sqlite3.Connection, run_id: str) -> RunState:
    """The state in which the run ends, once it has."""
    while True:
        run = runs.get(connection, run_id)
        if run is None:
            raise RunNotFound(run_id, "is not in the database any more")
        state = view(context.paths, run).state
        if state.is_final:
            return state
        time.sleep(POLL_S)
