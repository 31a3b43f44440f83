"""100,000 past runs: the Runs screen beside Textual's DataTable, `orp runs` beside a bare Python, MLflow's listing, and a rebuild.

A base directory that was made once saves minutes: `$ORP_BENCH_BASE` names one of `python -m tests.many_runs`. It
is only read; index and database are copies.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.core.filters.parse import parse
from orp_tui.core.layout import BasePaths
from orp_tui.services.catalog import Catalog, Query
from orp_tui.services.context import Context, open_context
from orp_tui.services.rebuild import rebuild
from tests.benchmarks import mlflow_runs, table_app
from tests.benchmarks.ground import ORP, Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved, milliseconds_of
from tests.benchmarks.terminal_probe import Probe, probing
from tests.benchmarks.viewers import ORP_TUI
from tests.many_runs import make_runs

COUNT, QUICK_COUNT = 100_000, 2_000
FILTERS = (
    "state:failed cfg.lr>1e-3",
    "resnet metric.val_acc>0.91",
    "tag:paper age<400d",
    "cfg.optimizer:adam -state:lost",
)
KEY_LINE = r"\bCommand\b"
SLOW_S = 120.0
"""A DataTable takes its time."""
READY_MADE, MLFLOW = "ORP_BENCH_BASE", "ORP_BENCH_MLFLOW"
TABLE = "Textual DataTable"


def rows(*, quick: bool) -> Iterator[Row]:
    """Screen, command line, MLflow, rebuild; a base directory for all of them."""
    count = QUICK_COUNT if quick else COUNT
    ready_made, mlflow = os.environ.get(READY_MADE), os.environ.get(MLFLOW)
    with ground() as place:
        context, count = _filled(place, count, None if quick else ready_made)
        yield from index(context, count)
        yield from screen(place, context, count, *((1, 30) if quick else (5, 150)))
        yield from command_line(place, context, count, 3 if quick else 9)
        yield from beside_mlflow(place, count, mlflow)
        yield from again(place, context, count)


def _filled(place: Ground, count: int, ready_made: str | None) -> tuple[Context, int]:
    """A base directory of runs, and how many there are."""
    base = place.folder / "many"
    if ready_made is None:
        make_runs(base, count)
    else:
        base.mkdir()
        (base / "runs").symlink_to(Path(ready_made).absolute() / "runs")
        (base / "state").mkdir(mode=0o700)
        shutil.copy(Path(ready_made) / "state" / "orp.db", base / "state")
    context = open_context(start=place.project, base_dir=str(base))
    with context.store() as connection:
        count = connection.execute("SELECT COUNT(*) FROM run").fetchone()[0]
    return context, count


def index(context: Context, count: int) -> Iterator[Row]:
    """The index made from nothing, as the first list of a base directory makes it."""
    catalog = Catalog(context)
    begun = time.perf_counter()
    catalog.catch_up()
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    catalog.catch_up()
    second = (time.perf_counter() - begun) * 1000
    catalog.close()
    yield Row(f"index of {count:,} runs, made once", Samples((first,), "s"))
    yield Row("  to see that nothing has changed", Samples((second,), "ms"))


# The screen


def screen(place: Ground, context: Context, count: int, rounds: int, presses: int) -> Iterator[Row]:
    """From the key that shows the list to its rows; then keys, filters and orders in it."""
    ready, theirs, memory, their_memory = [], [], [], []
    known = _answers(context)
    for number in range(rounds):
        is_last = number == rounds - 1
        with _dashboard(place, context) as probe, _table(place, context) as table:
            ready.append(probe.answer_ms("2", _has_rows(probe), "the list", SLOW_S))
            theirs.append(table.answer_ms("2", table.sight(r"[\d,]+ rows;"), "the table", SLOW_S))
            probe.rest(1.0)
            if is_last:
                beside = _cursor(table, presses, "\x1b[B", r"row \d+;")
                yield from _in_list(probe, presses, Samples(tuple(beside), "ms"))
                yield from _filter_and_order(probe, table, known)
            memory.append(probe.private_mb())
            their_memory.append(table.private_mb())
    yield Row(f"Runs screen, {count:,} runs: ready", Samples(tuple(ready), "ms"), TABLE, Samples(tuple(theirs), "ms"), Budget(700, "median"))  # fmt: skip
    yield Row("  memory of the whole process", Samples(tuple(memory), "MB"), TABLE, Samples(tuple(their_memory), "MB"), Budget(120, "median"))  # fmt: skip


@contextlib.contextmanager
def _dashboard(place: Ground, context: Context) -> Iterator[Probe]:
    with probing([ORP_TUI, "--base-dir", str(context.paths.base)], place.environ, place.project) as probe:
        probe.until_shown(KEY_LINE)
        probe.rest(2.0)
        yield probe


@contextlib.contextmanager
def _table(place: Ground, context: Context) -> Iterator[Probe]:
    command = [sys.executable, "-m", table_app.__name__, str(context.paths.base)]
    root = Path(__file__).resolve().parents[2]
    with probing(command, place.environ, root) as probe:
        probe.until_shown("ready")
        yield probe


def _in_list(probe: Probe, presses: int, beside: Samples) -> Iterator[Row]:
    down = Samples(tuple(_cursor(probe, presses, "j", _CURSOR)), "ms")
    yield Row("key to paint in the list", down, TABLE, beside, Budget(20, "p99"))
    pages = _cursor(probe, presses // 4, "\x1b[6~", _CURSOR)
    yield Row("  a page down, with its rows", Samples(tuple(pages), "ms"))
    ends = [
        each
        for _ in range(8)
        for each in (*_cursor(probe, 1, "\x1b[F", _CURSOR), *_cursor(probe, 1, "\x1b[H", _CURSOR))
    ]
    yield Row("  to the last run and back", Samples(tuple(ends), "ms"))


_CURSOR = r"^.?>.*\S.*$"


def _cursor(probe: Probe, presses: int, key: str, pattern: str) -> list[float]:
    """Milliseconds until another run has the cursor, for each of so many presses."""
    found = re.compile(pattern, re.MULTILINE)
    times = []
    for _ in range(presses):
        probe.rest(0.03)
        before = found.findall(probe.screen.text)
        times.append(
            probe.answer_ms(key, lambda before=before: _differs(found.findall(probe.screen.text), before))
        )
    return times


def _differs(now: list[str], before: list[str]) -> bool:
    return bool(now) and now != before


def _filter_and_order(probe: Probe, table: Probe, known: dict[str, int]) -> Iterator[Row]:
    shown = f"{known['']:,} "
    filters = [_filter_ms(probe, text, number, known[""]) for text, number in known.items() if text]
    named = [
        table.answer_ms("f", table.sight(rf"(?<![\d,])(?!{shown})[\d,]+ rows;"), "the rows of a name", SLOW_S)
    ]
    yield Row("filter, last letter to its number", Samples(tuple(filters), "ms"), TABLE, Samples(tuple(named), "ms"), Budget(80, "median"))  # fmt: skip
    probe.answer_ms("/", probe.sight("filter: "))
    probe.rest(0.5)
    probe.type("\x15")  # what was typed is taken away
    probe.rest(0.5)
    probe.type("\r")
    probe.until_shown(rf"Runs  {known['']:,} of")
    probe.rest(0.5)
    turns = [_turn_ms(probe) for _ in range(4)]
    turned = [table.answer_ms("r", _changes(table), "the rows in turn", SLOW_S)]
    yield Row("the order turned round", Samples(tuple(turns), "ms"), TABLE, Samples(tuple(turned), "ms"))


def _filter_ms(probe: Probe, text: str, number: int, total: int) -> float:
    """From the last letter of a filter to the number of what it finds."""
    probe.answer_ms("/", probe.sight("filter: "))
    probe.rest(0.5)
    probe.type("\x15")
    probe.until_shown(rf"Runs  {total:,} of")
    probe.rest(0.5)
    probe.type(text[:-1])
    probe.rest(1.0)
    took = probe.answer_ms(text[-1], probe.sight(rf"Runs  {number:,} of"), text)
    probe.type("\r")
    probe.rest(0.3)
    return took


def _turn_ms(probe: Probe) -> float:
    probe.rest(0.3)
    return probe.answer_ms("O", _changes(probe), "the other order")


def _changes(probe: Probe) -> Callable[[], bool]:
    """Whether the first row is another one than now."""
    probe.drain()

    def first() -> str:
        return "".join(probe.screen.text.splitlines()[3:6])

    before = first()
    return lambda: first() != before


def _has_rows(probe: Probe) -> Callable[[], bool]:
    return probe.sight(r"Runs  [\d,]+ of [\d,]+[\s\S]*\n.*(cifar|imagenet)\d+-\w+")


def _answers(context: Context) -> dict[str, int]:
    """How many runs each filter finds; `` for none."""
    catalog = Catalog(context)
    found = {text: len(catalog.find(Query(parse(text))).numbers) for text in ("", *FILTERS)}
    catalog.close()
    return found


# The command line


def command_line(place: Ground, context: Context, count: int, rounds: int) -> Iterator[Row]:
    """`orp runs`, all and with a filter, in turn with a bare Python."""
    base = ["--base-dir", str(context.paths.base)]
    plain, filtered, bare = interleaved(
        rounds,
        milliseconds_of([*ORP, "runs", *base], env=place.environ, cwd=place.project),
        milliseconds_of(
            [*ORP, "runs", FILTERS[1], "--sort", "-best.val_acc", *base], env=place.environ, cwd=place.project
        ),
        milliseconds_of([sys.executable, "-c", "pass"], env=place.environ, cwd=place.project),
    )
    anchor = "python -c pass", Samples(bare, "ms")
    yield Row(f"orp runs, the newest 50 of {count:,}", Samples(plain, "ms"), *anchor)
    yield Row("  with a filter, the best first", Samples(filtered, "ms"), *anchor)


def beside_mlflow(place: Ground, count: int, python: str | None) -> Iterator[Row]:
    """The newest 50, and the best 50 of a filter, out of as many runs in MLflow's own database."""
    what = "MLflow: the newest 50", "  with a filter, the best first"
    if python is None:
        why = f"${MLFLOW} names no Python with mlflow-skinny and sqlalchemy"
        yield from (Row(each, None, note=why) for each in what)
        return
    script, file = str(mlflow_runs.__file__), str(place.folder / "mlflow.db")
    subprocess.run([python, script, "fill", file, str(count)], check=True, env=place.environ)
    done = subprocess.run(
        [python, script, "list", file], check=True, env=place.environ, capture_output=True, text=True
    )
    times = [line.split() for line in done.stdout.splitlines()]
    ours = _questions(place, count)
    for name, each in zip(("newest", "best"), what, strict=True):
        theirs = Samples(tuple(float(took) for kind, took in times if kind == name), "ms")
        yield Row(f"{each}, in its process", theirs, "orp_tui.runs", ours[name])


def _questions(place: Ground, count: int) -> dict[str, Samples]:
    """The same asked through `orp_tui.runs` in one process: milliseconds."""
    script = (
        "import json, sys, time, orp_tui\n"
        "def ask(**how):\n"
        "    begun = time.perf_counter()\n"
        "    list(orp_tui.runs(base_dir=sys.argv[1], limit=50, **how))\n"
        "    return (time.perf_counter() - begun) * 1000\n"
        "kinds = {'newest': {}, 'best': {'filter': 'metric.val_acc>0.8 cfg.optimizer=adam', 'sort': '-metric.val_acc'}}\n"
        "print(json.dumps({name: [ask(**how) for _ in range(4)][1:] for name, how in kinds.items()}))\n"
    )
    command = [sys.executable, "-c", script, str(place.folder / "many")]
    done = subprocess.run(
        command, check=True, env=place.environ, cwd=place.project, capture_output=True, text=True
    )
    return {name: Samples(tuple(times), "ms") for name, times in json.loads(done.stdout).items()}


# The rebuild


def again(place: Ground, context: Context, count: int) -> Iterator[Row]:
    """A database that is gone, made again from the folders; beside it, what it takes to read two files of each."""
    own = place.folder / "again"
    own.mkdir(mode=0o700)
    paths = BasePaths(context.paths.base, context.paths.runs, context.paths.artifacts, own)
    begun = time.perf_counter()
    read = sum(_read(Path(entry.path)) for entry in os.scandir(paths.runs))
    floor = time.perf_counter() - begun
    script = (
        "import resource, sys, time; from pathlib import Path; from orp_tui.core.layout import BasePaths; "
        "from orp_tui.services.rebuild import rebuild; base, runs, zips, state = map(Path, sys.argv[1:]); "
        "begun = time.perf_counter(); done = rebuild(BasePaths(base, runs, zips, state)); "
        "print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, sum(done.counts.values()))"
    )
    words = [str(each) for each in (paths.base, paths.runs, paths.artifacts, paths.state)]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], check=True, env=place.environ, capture_output=True, text=True
    )
    took, memory, found = map(float, done.stdout.split())
    assert found > 0.99 * count, f"{found:,.0f} of {count:,} runs are back, {read:,} bytes were read"
    yield Row(
        f"rebuild from {count:,} folders",
        Samples((took,), "s"),
        "reading two files of each",
        Samples((floor,), "s"),
    )
    yield Row("  most memory of its process", Samples((memory,), "MB"))
    begun = time.perf_counter()
    rebuild(paths)
    yield Row("  of a sound database: nothing to do", Samples((time.perf_counter() - begun,), "s"))


def _read(folder: Path) -> int:
    size = 0
    for name in ("request.json", "result.json"):
        with contextlib.suppress(OSError):
            size += len((folder / name).read_bytes())
    return size
