"""A log of a gigabyte, and one that grows by 1 to 100 MB/s, on the screen of `orp-tui` and of others.

The log is that of a real run, whose training writes it; `orp-tui` shows it on its whole screen, as
it does when it was left that way.
"""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Callable, Iterator

from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.log_writer import LAST, NEEDLE, NEEDLES
from tests.benchmarks.logging_run import STAMP, LoggingRun
from tests.benchmarks.measure import Budget, Row, Samples, interleaved
from tests.benchmarks.terminal_probe import Probe
from tests.benchmarks.viewers import BARE, SSH, Viewer, dashboard, less, lnav, toolong

MB = 1_000_000
LAG_MS, KEY_MS, CPU_PERCENT, KB_PER_S, SSH_KB_PER_S = 50, 50, 15, 25, 8
BARE_START = "bare Textual app"


def rows(*, quick: bool) -> Iterator[Row]:
    """Open and search, then follow."""
    size, rounds = (100 * MB, 2) if quick else (1000 * MB, 7)
    with ground() as place:
        place.leader(place.context("experiments"), slots=1)
        run = LoggingRun(place, place.context("experiments"))
        run.fill(MB // 100)
        yield from opened(place, run, "a log of 10 kB", rounds)
        run.fill(size)
        yield from opened(place, run, f"a log of {size / MB:,.0f} MB", rounds, Budget(1.25, "ratio"))
        yield from opened_by_others(place, run, size, 1 if quick else 2)
        yield searched(place, run, size, rounds)
        for rate in (1, 100) if quick else (1, 10, 100):
            yield from followed(place, run, rate, quick=quick)


# A log that is there


def opened(
    place: Ground, run: LoggingRun, what: str, rounds: int, budget: Budget | None = None
) -> Iterator[Row]:
    """From the start of `orp-tui` to the last line of the log, beside the start of a bare app."""
    bare = Viewer("bare", BARE, place.environ, place.project)
    ours, memory = dashboard(place, run.context), []

    def start() -> float:
        with ours.shown(LAST) as probe:
            came = probe.shown_at - probe.started
            probe.rest(1.0)
            memory.append(probe.private_mb())
            return came * 1000

    times, anchor = interleaved(rounds, start, lambda: bare.start_ms("ready"))
    yield Row(
        f"open {what} at its end: orp-tui", Samples(times, "ms"), BARE_START, Samples(anchor, "ms"), budget
    )
    yield Row("  private memory", Samples(tuple(memory), "MB"), budget=budget and Budget(50, "median"))


def opened_by_others(place: Ground, run: LoggingRun, size: int, rounds: int) -> Iterator[Row]:
    """The same by other programs; some read all of it first."""
    for name, viewer in others(place, run):
        what = f"open a log of {size / MB:,.0f} MB at its end: {name}"
        if viewer is None:
            yield Row(what, None, note=f"{name} is not installed")
            continue
        times, memory = [], []
        for _ in range(rounds):
            with viewer.shown(LAST) as probe:
                times.append((probe.shown_at - probe.started) * 1000)
                memory.append(probe.private_mb())
        yield Row(what, Samples(tuple(times), "ms"))
        yield Row("  private memory", Samples(tuple(memory), "MB"))


def others(place: Ground, run: LoggingRun) -> list[tuple[str, Viewer | None]]:
    return [
        ("less", less(place, run.log)),
        ("lnav", lnav(place, run.log)),
        ("toolong", toolong(place, run.log)),
    ]


def searched(place: Ground, run: LoggingRun, size: int, rounds: int) -> Row:
    """From Enter to the count of all hits in the title."""
    with dashboard(place, run.context).shown(LAST) as probe:
        times, anchor = interleaved(rounds, search(probe), grep(run))
    what = f"search a string in {size / MB:,.0f} MB, all hits counted"
    return Row(what, Samples(times, "ms"), "grep -c -F", Samples(anchor, "ms"), Budget(2, "ratio"))


def search(probe: Probe) -> Callable[[], float]:
    def action() -> float:
        probe.type("G")
        probe.type("/")
        probe.until_shown(r"(?m)^\W*/")
        probe.type(NEEDLE)
        probe.until_shown(rf"/ ?{NEEDLE}")
        took = probe.answer_ms("\r", probe.sight(rf'\d+/{NEEDLES} "{NEEDLE}'), "all hits", seconds=60)
        probe.type("\x1b")
        probe.until(lambda: not probe.sight(rf'/{NEEDLES} "{NEEDLE}')(), "the end of the search")
        return took

    return action


def grep(run: LoggingRun) -> Callable[[], float]:
    def action() -> float:
        begin = time.perf_counter()
        done = subprocess.run(["grep", "-c", "-F", NEEDLE, run.log], capture_output=True, check=True)
        took = time.perf_counter() - begin
        assert int(done.stdout) == NEEDLES
        return took * 1000

    return action


# A log that grows


@dataclasses.dataclass
class Followed:
    """What was seen of one program, all rounds together."""

    cpu_percent: list[float] = dataclasses.field(default_factory=list)
    kb_per_s: list[float] = dataclasses.field(default_factory=list)
    lags_ms: list[float] = dataclasses.field(default_factory=list)
    keys_ms: list[float] = dataclasses.field(default_factory=list)


def followed(place: Ground, run: LoggingRun, rate: int, *, quick: bool) -> Iterator[Row]:
    """Each of them in turn, from an empty log on."""
    viewers = {
        "orp-tui": dashboard(place, run.context),
        "ssh": dashboard(place, run.context, **SSH),
        "lnav": lnav(place, run.log),
        "toolong": None if quick else toolong(place, run.log),
    }
    seen = {name: Followed() for name in viewers}
    written: list[float] = []
    for _ in range(1 if quick else 2):
        for name, viewer in viewers.items():
            if viewer is not None:
                written.append(follow(run, viewer, rate, seen[name], quick=quick))
    yield from told(f"follow {rate} MB/s", seen, rate=rate)
    yield Row("  what the training wrote", Samples(tuple(written), "MB/s"))
    if quick:
        yield Row("  toolong", None, note="not with --quick")
    elif viewers["toolong"] is None:
        yield Row("  toolong", None, note="tl is not installed")


def follow(run: LoggingRun, viewer: Viewer, rate: int, seen: Followed, *, quick: bool) -> float:
    """Watch it, and press keys if the log is a flood; how many MB/s were written meanwhile."""
    run.empty()
    with viewer.shown(STAMP.pattern) as probe:
        probe.rest(1.0)
        run.rate(rate * MB)
        probe.rest(1.0)
        size, begin = run.log.stat().st_size, time.monotonic()
        for _ in range(2 if quick else 5):
            watched = probe.watch(1.0, STAMP)
            seen.cpu_percent.append(watched.cpu_percent)
            seen.kb_per_s.append(watched.bytes_per_s / 1000)
            seen.lags_ms += watched.lags_ms
        written = (run.log.stat().st_size - size) / (time.monotonic() - begin) / MB
        if rate == 100:
            seen.keys_ms += viewer.key_times(probe, 10 if quick else 60, 0.1)
        run.rate(0)
    return written


def told(what: str, seen: dict[str, Followed], *, rate: int) -> Iterator[Row]:
    """The rows of one rate."""
    ours, ssh, anchor, other = (seen[name] for name in ("orp-tui", "ssh", "lnav", "toolong"))
    yield row(f"{what}: lag", "ms", ours.lags_ms, anchor.lags_ms, Budget(LAG_MS, "p95"))
    yield row("  CPU", "% of a core", ours.cpu_percent, anchor.cpu_percent, Budget(CPU_PERCENT, "median"))
    yield row("  to the terminal", "kB/s", ours.kb_per_s, anchor.kb_per_s, Budget(KB_PER_S, "median"))
    yield row("  over SSH: lag", "ms", ssh.lags_ms, anchor.lags_ms)
    yield row(
        "  over SSH: CPU", "% of a core", ssh.cpu_percent, anchor.cpu_percent, Budget(CPU_PERCENT, "median")
    )
    yield row(
        "  over SSH: to the terminal", "kB/s", ssh.kb_per_s, anchor.kb_per_s, Budget(SSH_KB_PER_S, "median")
    )
    if ours.keys_ms:
        yield row(f"{what}: key to paint", "ms", ours.keys_ms, anchor.keys_ms, Budget(KEY_MS, "p99"))
        yield row("  over SSH", "ms", ssh.keys_ms, anchor.keys_ms)
    if other.cpu_percent:
        yield row("  toolong: lag", "ms", other.lags_ms)
        yield row("  toolong: CPU", "% of a core", other.cpu_percent)
        yield row("  toolong: to the terminal", "kB/s", other.kb_per_s)
        if other.keys_ms:
            yield row("  toolong: key to paint", "ms", other.keys_ms)


def row(
    what: str, unit: str, ours: list[float], lnavs: list[float] | None = None, budget: Budget | None = None
) -> Row:
    """`ours` beside what lnav did, where it is there."""
    if not ours:
        return Row(what, None, note="nothing newer came to the screen")
    beside = Samples(tuple(lnavs), unit) if lnavs else None
    return Row(what, Samples(tuple(ours), unit), "lnav" if beside else "", beside, budget)
