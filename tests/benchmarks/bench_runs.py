"""The catalogue of 100,000 runs, as services ask it: made from the folders, caught up, filtered, sorted, grouped, paged.

`$ORP_BENCH_BASE` names a base directory of `python -m tests.many_runs`, which saves making one; it is only read.
What a screen makes of it is measured by `browse`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.core.columns import parse_column
from orp_tui.core.filters.parse import parse
from orp_tui.services.catalog import Catalog, Query, SortKey
from orp_tui.services.context import Context, open_context
from orp_tui.store import database, runs
from tests.benchmarks.ground import ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved
from tests.many_runs import make_runs

COUNT, QUICK_COUNT = 100_000, 2_000
READY_MADE = "ORP_BENCH_BASE"
PAGE = 200
FILTERS = {
    "a bare word": "resnet",
    "a state": "state:failed",
    "a number of the config": "cfg.lr>=1e-3",
    "a metric": "metric.val_acc>0.9",
    "a tag": "tag:paper",
    "an age": "age<30d",
    "a negation": "-tag:paper",
    "wildcards": "name:cifar10*",
    "an alternative": "cfg.optimizer:adam | seed:0",
    "four at once": "cfg.lr>=1e-3 cfg.batch_size=64 metric.val_acc>0.5 seed=0",
}
SORTS = {
    "a config key": ("cfg.lr",),
    "a metric": ("metric.val_acc",),
    "two columns": ("cfg.model.name", "metric.val_acc"),
}
INDEXES = """
import resource, sys, time
from pathlib import Path
from orp_tui.services.catalog import Catalog
from orp_tui.services.context import open_context
base = Path(sys.argv[1])
catalog = Catalog(open_context(start=base, base_dir=str(base)))
begun = time.perf_counter()
done = catalog.catch_up()
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, done.read)
"""
BY_HAND = """
import json, os, sys, time
begun = time.perf_counter()
for entry in os.scandir(sys.argv[1]):
    for name in ("request.json", "result.json"):
        try:
            with open(f"{entry.path}/{name}", "rb") as file:
                json.load(file)
        except (OSError, ValueError):
            pass
print(time.perf_counter() - begun)
"""
"""What everybody would begin with: each folder's two main files read, nothing made of them."""


def rows(*, quick: bool) -> Iterator[Row]:
    """One base directory for all of it."""
    rounds = 3 if quick else 9
    ready_made = None if quick else os.environ.get(READY_MADE)  # `ground` leaves no setting of ours
    with ground() as place:
        context = _filled(place.folder / "many", QUICK_COUNT if quick else COUNT, ready_made)
        count = yield from indexed(context)
        yield from caught_up(context, count, rounds)
        catalog = Catalog(context)
        yield from questions(catalog, rounds)
        catalog.close()  # fmt: skip


def _filled(base: Path, count: int, ready_made: str | None) -> Context:
    if ready_made is None:
        make_runs(base, count)
    else:
        (base / "state").mkdir(mode=0o700, parents=True)
        (base / "runs").symlink_to(Path(ready_made).absolute() / "runs")
        shutil.copy(Path(ready_made) / "state/orp.db", base / "state")
    return open_context(start=base.parent, base_dir=str(base))


def indexed(context: Context) -> Iterator[Row]:
    """From nothing; gives back how many runs there are."""
    plain, *_ = _said(BY_HAND, str(context.paths.runs))
    took, memory, count = _said(INDEXES, str(context.paths.base))
    what, beside = f"{int(count):,} run folders indexed", Samples((plain,), "s")
    yield Row(what, Samples((took,), "s"), "json.load of request and result", beside)
    yield Row(
        "  memory of the process at its peak", Samples((memory,), "MB"), "", None, Budget(120, "median")
    )
    yield Row("  the file", Samples((os.stat(context.paths.catalog).st_size / 1e6,), "MB"))
    return int(count)


def _said(script: str, *words: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    return list(map(float, done.stdout.split()))


def caught_up(context: Context, count: int, rounds: int) -> Iterator[Row]:
    """By somebody who opens the catalogue, and by one who has it open."""
    standing = Catalog(context)
    standing.catch_up()

    def anew() -> float:
        catalog = Catalog(context)
        took = _ms(catalog.catch_up)
        catalog.close()
        return took

    def changed() -> float:
        with context.store() as connection:
            run_id = runs.newest(connection, 1)[0].id
            with database.transaction(connection):
                runs.touch(connection, run_id, at=time.time(), actor="me@here", kind=None, detail=None)
        begun = time.perf_counter()
        assert standing.catch_up().read == 1
        return (time.perf_counter() - begun) * 1000

    def first_list() -> float:
        catalog = Catalog(context)

        def whole() -> None:
            catalog.catch_up()
            assert catalog.rows(catalog.find(Query()).numbers[:PAGE])

        took = _ms(whole)
        catalog.close()
        return took

    opened, one, still, listed = interleaved(
        rounds, anew, changed, lambda: _ms(standing.catch_up), first_list
    )
    standing.close()
    yield Row(
        f"nothing new among {count:,} runs, seen on opening",
        Samples(opened, "ms"),
        "",
        None,
        Budget(60, "median"),
    )
    yield Row("  while it is open", Samples(still, "ms"))
    yield Row("  one changed run found and read", Samples(one, "ms"))
    yield Row(f"opened, caught up, and the first {PAGE} rows", Samples(listed, "ms"), "", None, Budget(700, "median"))  # fmt: skip


def questions(catalog: Catalog, rounds: int) -> Iterator[Row]:
    """Numbers of entries for a filter or an order; groups; a page."""
    for what, text in FILTERS.items():
        query = Query(parse(text))
        yield Row(
            f"filter by {what}: {text}",
            _times(rounds, lambda query=query: catalog.find(query)),
            "",
            None,
            Budget(80, "median"),
        )
    for what, names in SORTS.items():
        query = Query(sort=tuple(SortKey(parse_column(name), descending=True) for name in names))
        yield Row(f"sort by {what}", _times(rounds, lambda query=query: catalog.find(query)))
    keys = [parse_column("cfg.model.name"), parse_column("cfg.data.name")]
    metric = [parse_column("metric.val_acc")]
    yield Row(
        "group by two keys, mean and interval of a metric",
        _times(rounds, lambda: catalog.groups(Query(), keys, metric)),
    )
    numbers = catalog.find(Query()).numbers
    middle = len(numbers) // 2
    yield Row(f"a page of {PAGE} rows", _times(rounds, lambda: catalog.rows(numbers[middle : middle + PAGE])), "", None, Budget(20, "median"))  # fmt: skip


def _times(rounds: int, action: Callable[[], object]) -> Samples:
    (found,) = interleaved(rounds, lambda: _ms(action))
    return Samples(found, "ms")


def _ms(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000
