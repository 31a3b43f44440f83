"""The runs that a chart shows, looked at again and again: one, or several that were marked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from orp_tui.charts.lines import Guides, RunSeries
from orp_tui.core.series import Series
from orp_tui.core.words import counted
from orp_tui.files.atomic import read_json
from orp_tui.services.chart_guides import guides_of, together
from orp_tui.services.chart_names import Json, group_names, names_of, seeds_of
from orp_tui.services.context import Context, open_context
from orp_tui.services.run_metrics import MetricsSnapshot, RunMetrics

MOST_RUNS = 24
"""Runs whose points are kept at once."""


@dataclasses.dataclass(frozen=True)
class ChartLook:
    """What the runs of a chart had logged at one moment."""

    run_ids: tuple[str, ...]
    """As they were asked for."""
    runs: tuple[RunSeries, ...]
    primary: str | None
    """The metric by which the first run that names one is judged; it may not be logged yet."""
    guides: Guides
    complete: bool
    """Whether everything written so far is here; if not, the next look brings more at once."""
    trouble: str
    """What is wrong with a file, in words; empty if nothing is."""


class ChartReader:
    """Looks at some runs, from one thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run_ids: tuple[str, ...] = ()
        self._readers: dict[str, RunMetrics] = {}
        self._found: dict[str, MetricsSnapshot] = {}
        self._requests: dict[str, Json] = {}
        self._guides: dict[str, Guides] = {}
        self._names: list[str] = []
        self._groups: list[str] = []

    def look(self, run_ids: Sequence[str]) -> ChartLook | None:
        """What the runs have logged; None if that is what it was at the last call for the same runs."""
        news = self._take(tuple(run_ids))
        for run_id, reader in self._readers.items():
            found = reader.look()
            if found is not None:
                self._found[run_id] = found
                news = True
        return self._look() if news else None

    def _take(self, run_ids: tuple[str, ...]) -> bool:
        """Keep readers of these runs only; whether they are others than before."""
        if run_ids == self._run_ids:
            return False
        self._run_ids = run_ids
        wanted = run_ids[:MOST_RUNS]
        for run_id in set(self._readers) - set(wanted):
            del self._readers[run_id], self._requests[run_id], self._guides[run_id]
            self._found.pop(run_id, None)
        paths = self._context.paths
        for run_id in wanted:
            if run_id not in self._readers:
                self._readers[run_id] = RunMetrics(paths.run(run_id), paths.artifact(run_id), paths)
                self._requests[run_id] = _request(self._context, run_id)
                self._guides[run_id] = guides_of(self._context, self._requests[run_id])
        # In the order in which they were asked for, those that were kept included.
        self._readers = {run_id: self._readers[run_id] for run_id in wanted}
        requests = {run_id: self._requests[run_id] for run_id in wanted}
        # One alone needs no name beside its metric.
        self._names = names_of(requests) if len(requests) > 1 else [""] * len(requests)
        self._groups = group_names(list(requests.values()))
        return True

    def _look(self) -> ChartLook:
        found = [self._found[run_id] for run_id in self._readers]
        runs = [
            RunSeries(name, snapshot.series, seeds_of(self._requests[run_id]), group)
            for run_id, name, group, snapshot in zip(
                self._readers, self._names, self._groups, found, strict=True
            )
        ]
        return ChartLook(
            run_ids=self._run_ids,
            runs=tuple(runs),
            primary=next((one.primary for one in found if one.primary is not None), None),
            guides=together(self._guides[run_id] for run_id in self._readers),
            complete=all(one.complete for one in found),
            trouble=self._trouble(runs, found),
        )

    def _trouble(self, runs: Sequence[RunSeries], found: Sequence[MetricsSnapshot]) -> str:
        many = len(runs) > 1
        words = [
            f"{run.name}: {one.trouble}" if many else one.trouble
            for run, one in zip(runs, found, strict=True)
            if one.trouble
        ]
        if left := len(self._run_ids) - len(runs):
            words.append(f"{counted(left, 'more run')} than a chart takes")
        return "; ".join(words)


def read_runs(
    places: Sequence[tuple[str | None, str]], series: Sequence[Mapping[str, Series]], *, base_dir: str | None
) -> tuple[list[RunSeries], Guides]:
    """What was read of some runs, files and folders, as a chart takes it, and what their metrics are measured by.

    `places`: the id of a run, or None, and what the thing was called.
    """
    context = open_context(base_dir=base_dir)
    requests: list[Json] = [
        _request(context, run_id) if run_id is not None else {"name": called.rstrip("/").rpartition("/")[2]}
        for run_id, called in places
    ]
    keys = [run_id or called for run_id, called in places]
    if len(places) == 1:
        names = [""]
    elif len(set(keys)) == len(keys):
        names = names_of(dict(zip(keys, requests, strict=True)))
    else:  # the same one twice is two lines
        names = [f"{request.get('name', '')} ({place})" for place, request in enumerate(requests, 1)]
    runs = [
        RunSeries(name, metrics, seeds_of(request), group)
        for name, metrics, request, group in zip(names, series, requests, group_names(requests), strict=True)
    ]
    return runs, together(guides_of(context, request) for request in requests)


def _request(context: Context, run_id: str) -> Json:
    """What was asked for; empty if that can't be read."""
    try:
        found = read_json(context.paths.run(run_id).request)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
