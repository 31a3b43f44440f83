"""Metrics by what a command line names: a run, a file of JSON lines, a run folder, or a zip."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import RunPaths
from orp_tui.core.series import Series
from orp_tui.metrics.names import in_order
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.table import MetricTable
from orp_tui.services.context import open_context
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.run_metrics import NAME, primary_metric, unpacked

Progress = Callable[[int, int], None]
"""Is told bytes read and bytes in all."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where metrics lie, and whose they are."""

    reference: str
    """A path, or `path.zip::member`."""
    run_id: str | None = None
    primary: str | None = None
    """The metric by which the run is judged."""


@dataclasses.dataclass(frozen=True)
class Metrics:
    """Everything that a source holds."""

    place: Place
    series: Mapping[str, Series]
    """In the order in which they are shown; names are text from outside."""
    bad: int
    """Records passed over."""
    first_bad: str
    """The first of them, in words."""


def find_metrics(reference: str, *, base_dir: str | None = None) -> Place:
    """What `reference` means: a file, a run folder, a zip or a member of it, else a run.

    Raises RunNotFound if nothing answers, UsageError for a folder without metrics.
    """
    path = Path(reference)
    if "::" in reference and not os.path.lexists(path):
        return Place(reference)
    if path.is_file():
        return Place(f"{reference}::{NAME}" if reference.endswith(".zip") else reference)
    if path.is_dir() and (path / NAME).is_file():
        return Place(str(path / NAME), primary=primary_metric(RunPaths(path)))
    if path.is_dir() and not (path / "request.json").exists():
        raise UsageError(f"{reference}: holds no {NAME}; name a file of JSON lines, or a run")
    return _of_run(reference, base_dir)


def _of_run(reference: str, base_dir: str | None) -> Place:
    context = open_context(base_dir=base_dir)
    with store_of(context, reference) as connection:
        run = find_run(connection, reference, context.paths)
    folder, packed = context.paths.run(run.id), context.paths.artifact(run.id)
    where = str(folder.metrics)
    if not folder.metrics.exists() and packed.exists():
        where = f"{packed}::{NAME}"
    return Place(where, run.id, primary_metric(folder))


def read_metrics(place: Place, progress: Progress | None = None) -> Metrics:
    """Everything at that place; nothing if a run has logged nothing yet.

    Raises UsageError if the file can't be read, or holds no line of metrics.
    """
    if "::" not in place.reference or os.path.lexists(place.reference):
        return _read(place, place.reference, progress)
    with unpacked(place.reference) as path:
        if path is not None:
            return _read(place, path, progress)
    if place.run_id is None:
        raise UsageError(f"{place.reference}: is not there, or holds nothing that can be read")
    return Metrics(place, {}, 0, "")  # a run that logged nothing has no such member


def _read(place: Place, path: str, progress: Progress | None) -> Metrics:
    reader, table = JsonlReader(path, follow_links=place.run_id is None), MetricTable()
    size = os.path.getsize(path) if os.path.exists(path) else 0
    while True:
        batch = reader.read(final=True)
        if batch.trouble:
            raise UsageError(f"{place.reference}: {batch.trouble}")
        table.take(batch)
        if progress is not None and size:
            progress(min(reader.mark["offset"], size), size)
        if not batch.more:
            break
    series = table.series()
    if size and not series and place.run_id is None:
        why = f"; {table.first_bad}" if table.first_bad else ""
        raise UsageError(f"{place.reference}: holds no metrics as JSON lines{why}")
    ordered = {name: series[name] for name in in_order(series, place.primary)}
    return Metrics(place, ordered, table.bad, table.first_bad)
