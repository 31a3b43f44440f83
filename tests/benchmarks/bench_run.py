"""A whole `orp run -- true`, from the shell's point of view: submit, start, end, zip, result."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from orp_tui.services.control import stop_leader
from tests.benchmarks.ground import ORP, Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved, milliseconds_of
from tests.benchmarks.rivals import guild_run

SHELL = ["/bin/sh", "-c", "true"]


def rows(*, quick: bool) -> Iterator[Row]:
    """Cold: a new base directory and no queue processor. Warm: one that has been at rest."""
    rounds = 5 if quick else 15
    with ground() as place:
        names = (f"cold-{number}" for number in itertools.count())
        warm = place.context("warm")
        place.leader(warm, slots=2)

        def cold() -> float:
            context = place.context(next(names))
            took = whole_run(place, str(context.paths.base))
            stop_leader(context.paths)
            return took

        def warm_run() -> float:
            time.sleep(0.3)
            return whole_run(place, str(warm.paths.base))

        guild = guild_run(place)
        actions = [cold, warm_run, milliseconds_of(SHELL), *([guild] if guild else [])]
        cold_ms, warm_ms, shell_ms, *guild_ms = interleaved(rounds, *actions)
    shell = "sh -c true", Samples(shell_ms, "ms")
    yield Row("orp run -- true, cold", Samples(cold_ms, "ms"), *shell, Budget(600, "median"))
    yield Row("orp run -- true, warm", Samples(warm_ms, "ms"), *shell)
    if guild_ms:
        yield Row("  cold, beside Guild", Samples(cold_ms, "ms"), "guild run", Samples(guild_ms[0], "ms"))
    else:
        yield Row("  cold, beside Guild", None, "guild run", note="guild is not installed")


def whole_run(place: Ground, base: str) -> float:
    """Milliseconds of one `orp run`."""
    command = [*ORP, "run", "--base-dir", base, "--", "true"]
    return milliseconds_of(command, cwd=place.project, env=place.environ)()
