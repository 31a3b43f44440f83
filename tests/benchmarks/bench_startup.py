"""`orp --help` and `orp status` over 1,000 runs, against a bare Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.services.context import Context
from orp_tui.store import runs
from orp_tui.store.database import transaction
from tests.benchmarks.ground import ORP, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved, milliseconds_of

RUNS = 1000


def rows(*, quick: bool) -> Iterator[Row]:
    """One row a command."""
    with ground() as place:
        context = place.context("experiments")
        fill(context)
        helped, status, bare = interleaved(
            5 if quick else 25,
            milliseconds_of([*ORP, "--help"], env=place.environ),
            milliseconds_of([*ORP, "status", "--base-dir", str(context.paths.base)], env=place.environ),
            milliseconds_of([sys.executable, "-c", "pass"], env=place.environ),
        )
    anchor = Samples(bare, "ms")
    yield Row("orp --help", Samples(helped, "ms"), "python -c pass", anchor, Budget(5, "ratio"))
    yield Row(
        f"orp status, {RUNS:,} runs", Samples(status, "ms"), "python -c pass", anchor, Budget(8, "ratio")
    )


def fill(context: Context) -> None:
    """Put finished runs into the store, and their folders beside it."""
    with context.store() as connection, transaction(connection):
        for number in range(RUNS):
            run = finished(number)
            runs.insert_known(connection, run, actor="bench@here")
            context.paths.run(run.id).folder.mkdir(parents=True)


def finished(number: int) -> Run:
    """One run that went well."""
    at = 1_790_000_000.0 + number
    return Run(
        seq=0,
        id=f"exp_20260921_{number:06d}_abcd",
        name=f"bench-{number % 20}",
        state=RunState.SUCCEEDED,
        attempt=1,
        priority=0,
        held=False,
        submitted_at=at,
        started_at=at + 1,
        ended_at=at + 60,
        cancel_requested_at=None,
        cancel_by=None,
        exit_code=0,
        signal=None,
        reason="exit_code",
        detail=None,
        artifacts="ok",
        finaliser_tries=0,
        not_before=None,
        workspace="isolated",
        project="",
        retry_of=None,
        deliverables_valid=1,
        deliverables_total=1,
        version=5,
    )
