"""From a submit to the first instruction of the training, a queue processor being there and at rest.

The training is `date`, which writes the time by the clock that the claim's event has too.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator

from orp_tui.core.states import RunState
from orp_tui.services.submit import submit
from orp_tui.store import events
from tests.benchmarks.ground import await_state, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved
from tests.benchmarks.rivals import latency, spoolers

COMMAND = ["date", "+%s%N"]
POLL_S = 0.1
"""Submits fall anywhere within the queue processor's period."""


def rows(*, quick: bool) -> Iterator[Row]:
    """Counted from the call of submit, from the commit that queued it, and from the claim."""
    rounds = 10 if quick else 60
    since_call: list[float] = []
    since_queued: list[float] = []
    since_claim: list[float] = []
    spread = random.Random(1)
    with ground() as place:
        context = place.context("experiments")
        source = place.source(context, COMMAND)
        with context.store() as connection:
            place.leader(context, slots=2)

            def measured() -> float:
                time.sleep(0.2 + spread.random() * POLL_S)  # at rest, and in no step with its polls
                called = time.time()
                run_id = submit(context, connection, source)
                queued = time.time()
                await_state(context, run_id, RunState.SUCCEEDED)
                first = int(context.paths.run(run_id).stdout.read_text()) / 1e9
                (claimed,) = [
                    event.at for event in events.of_run(connection, run_id) if event.kind == "claim"
                ]
                since_call.append((first - called) * 1000)
                since_queued.append((first - queued) * 1000)
                since_claim.append((first - claimed) * 1000)
                return 0.0

            rivals = spoolers(place, slots=2)
            _, bare, *others = interleaved(
                rounds, measured, bare_popen, *(latency(item, place) for item in rivals)
            )
            for item in rivals:
                item.close()
    anchor = "bare Popen", Samples(bare, "ms")
    warm = slice(-rounds, None)
    yield Row(
        "submit → first instruction", Samples(tuple(since_call[warm]), "ms"), *anchor, Budget(250, "p95")
    )
    yield Row("  of that, from queued", Samples(tuple(since_queued[warm]), "ms"), *anchor)
    yield Row(
        "  of that, from the claim", Samples(tuple(since_claim[warm]), "ms"), *anchor, Budget(40, "p95")
    )
    for item, took in zip(rivals, others, strict=True):
        yield Row(
            f"  beside {item.name}", Samples(tuple(since_call[warm]), "ms"), item.name, Samples(took, "ms")
        )
    for name in {"tsp", "nq"} - {item.name for item in rivals}:
        yield Row(f"  beside {name}", None, name, note=f"{name} is not installed")


def bare_popen() -> float:
    """Milliseconds until the same command has its first instruction without ORP."""
    called = time.time()
    with subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        said, _ = process.communicate()
    return (int(said) / 1e9 - called) * 1000
