"""The runs in a SQLite database, whichever program tracks them there."""

from __future__ import annotations

import collections
import dataclasses
import math

from orp_tui.metrics.sources import SourceSpec


def runs_in(source: SourceSpec, until: float = math.inf) -> tuple[SourceSpec, ...] | None:
    """One source for each run that began since `source.since` and until `until`, the oldest first; () if there is none.

    None if the database gives no answer now. `source` is the database itself.
    """
    from orp_tui.metrics.readers import mlflow_sqlite, trackio
    from orp_tui.metrics.readers.database import Unreadable

    answered = False
    for kind, listed in (("mlflow", mlflow_sqlite.list_runs), ("trackio", trackio.list_runs)):
        try:
            runs = [run for run in listed(source.path, since=source.since) if not run.started > until]
        except Unreadable as error:
            answered |= str(error).startswith("is no ")
            continue
        names = collections.Counter(run.name for run in runs)
        return tuple(
            dataclasses.replace(
                source,
                kind=kind,
                run=run.run,
                run_name=run.name if names[run.name] == 1 else f"{run.name} {run.run[:8]}",
            )
            for run in reversed(runs)
        )
    return () if answered else None
