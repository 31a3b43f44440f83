"""The benchmark command: `python -m tests.benchmarks [NAME…] [--quick] [--json]`.

Exit code 1 if a row is over its budget, 0 otherwise.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from orp_tui.store.database import file_system_of
from tests.benchmarks.measure import Row, table

BENCHMARKS = {
    "startup": "orp --help and orp status against python -c pass",
    "latency": "submit → first instruction of the training",
    "run": "whole orp run -- true",
    "queue": "no-op runs through the queue",
    "submit": "durable submits a second",
    "memory": "private memory of a waiting run",
    "idle": "CPU while nothing happens",
    "zip": "zip of 1 GiB against zipfile",
    "chart": "chart of a million points from JSON lines, and of more from memory",
    "metrics": "cached metrics: ten million points, tables, the first index, and the observer beside 20 live runs",
    "dashboard": "orp-tui: start over 1,000 runs, a key, and what it costs at rest",
    "browse": "100,000 past runs: the Runs screen beside a DataTable, orp runs, MLflow's listing, a rebuild",
    "runs": "the index of 100,000 past runs: made, caught up, filtered, sorted, grouped, paged",
    "logs": "orp-tui on a log of 1 GB, and on one that grows by up to 100 MB/s",
    "slow_link": "orp-tui and a growing log over 256 kbit/s",
    "tfevents": "200,000 scalars of an event file, beside TensorBoard's own loader",
    "leet": "a run of a million points: first curve and all of it, beside wandb leet",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table or the JSON on stdout; progress goes to stderr."""
    options = arguments(argv)
    before = os.getloadavg()[0]
    results: list[tuple[str, Row]] = []
    for name in options.names or BENCHMARKS:
        print(f"{name}: {BENCHMARKS[name]} …", file=sys.stderr, flush=True)
        module = importlib.import_module(f"tests.benchmarks.bench_{name}")
        results += [(name, row) for row in module.rows(quick=options.quick)]
    machine = {
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "file_system": file_system_of(Path(tempfile.gettempdir())),
        "load_before": round(before, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "quick": options.quick,
    }
    if options.json:
        rows = [{"benchmark": name, **row.to_json()} for name, row in results]
        print(json.dumps({"machine": machine, "rows": rows}, indent=1))
    else:
        print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in machine.items()), end="\n\n")
        print(table(row for _, row in results))
    return int(any(row.verdict == "over" for _, row in results))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    listing = "\n".join(f"  {name:10}{words}" for name, words in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=f"Measure ORP against the budgets of its design.\n\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="all if none is given")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller data: a first look")
    parser.add_argument("--json", action="store_true", help="JSON instead of the table")
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
