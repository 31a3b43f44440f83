"""A log that grows by 1 MB/s, looked at over a line of 256 kbit/s with a round trip of 80 ms."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.bench_logs import MB, Followed
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.logging_run import STAMP, LoggingRun
from tests.benchmarks.measure import Budget, Row, Samples
from tests.benchmarks.slow_line import SlowLine
from tests.benchmarks.viewers import SSH, Viewer, dashboard, lnav, toolong

BITS_PER_S, ROUND_TRIP_S = 256_000, 0.080
LOG_BYTES_PER_S = 1 * MB
OURS = "orp-tui over SSH"


def rows(*, quick: bool) -> Iterator[Row]:
    """Ours with its manners of SSH, which the output stage belongs to, and without that stage; others beside."""
    with ground() as place:
        place.leader(place.context("experiments"), slots=1)
        run = LoggingRun(place, place.context("experiments"))
        seen = {
            name: None if viewer is None else looked_at(run, viewer, quick=quick)
            for name, viewer in viewers(place, run, quick=quick).items()
        }
    lnavs = seen["lnav"]
    for name, found in seen.items():
        if found is None:
            yield Row(f"256 kbit/s, 80 ms: {name}", None, note="not installed, or not with --quick")
            continue
        anchor, budget = (lnavs, Budget(200, "p95")) if name == OURS else (None, None)
        yield _row(
            f"256 kbit/s, 80 ms: {name}, key to paint",
            found.keys_ms,
            "ms",
            anchor.keys_ms if anchor else None,
            budget,
        )
        yield _row("  lag", found.lags_ms, "ms", anchor.lags_ms if anchor else None)
        yield _row("  on the line", found.kb_per_s, "kB/s", anchor.kb_per_s if anchor else None)


def viewers(place: Ground, run: LoggingRun, *, quick: bool) -> dict[str, Viewer | None]:
    unstaged = dashboard(place, run.context, "--output-stage", "off", **SSH)
    return {
        OURS: dashboard(place, run.context, **SSH),
        "lnav": lnav(place, run.log),
        "orp-tui over SSH, plain driver": None if quick else unstaged,
        "toolong": None if quick else toolong(place, run.log),
    }


def looked_at(run: LoggingRun, viewer: Viewer, *, quick: bool) -> Followed:
    """The log from its beginning, then keys; a key that is never answered counts as 5 s."""
    seen = Followed()
    run.empty()
    with viewer.shown(STAMP.pattern, SlowLine(BITS_PER_S, ROUND_TRIP_S)) as probe:
        probe.rest(2.0)
        run.rate(LOG_BYTES_PER_S)
        probe.rest(2.0)
        watched = probe.watch(3.0 if quick else 20.0, STAMP)
        seen.lags_ms += watched.lags_ms
        seen.kb_per_s.append(watched.bytes_per_s / 1000)
        seen.keys_ms += viewer.key_times(probe, 8 if quick else 60, 0.6)
        run.rate(0)
    return seen


def _row(
    what: str, ours: list[float], unit: str, lnavs: list[float] | None, budget: Budget | None = None
) -> Row:
    if not ours:
        return Row(what, None, note="nothing newer came to the screen")
    beside = Samples(tuple(lnavs), unit) if lnavs else None
    return Row(what, Samples(tuple(ours), unit), "lnav" if beside else "", beside, budget)
