"""Metrics by what a command line names: a run, a file of any known format, a folder, or a zip."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from orp_tui.core.errors import StoreError, UsageError
from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.series import LazyBlocks, Series
from orp_tui.metrics.collecting import Collection
from orp_tui.metrics.databases import runs_in
from orp_tui.metrics.discovery import Root
from orp_tui.metrics.gathering import Gatherer, Plan
from orp_tui.metrics.merging import Origin
from orp_tui.metrics.recognise import kind_of_file
from orp_tui.metrics.sources import SourceSpec, Trust
from orp_tui.services.context import open_context
from orp_tui.services.curves import Curves
from orp_tui.services.metric_plan import chain_of
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.run_metrics import collection_of, primary_metric
from orp_tui.services.unpacked_metrics import unpacked, unpacked_plan

Progress = Callable[[int, int], None]
"""Is told bytes read and bytes in all."""

_PROGRESS_S = 0.1
_DEPTH, _ENTRIES, _SOURCES = 12, 500_000, 1_000
"""Of a folder that a user names much more is looked at than of a workspace."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where metrics lie, and whose they are."""

    reference: str
    """A path, or `path.zip::member`."""
    run_id: str | None = None
    primary: str | None = None
    """The metric by which the run is judged."""
    runs: tuple[str, ...] = ()
    """Of a run: those of which it is one curve, the oldest first, itself last."""
    paths: BasePaths | None = None
    """Of a run: where it and those before it lie."""


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
    origins: Mapping[str, Origin] = dataclasses.field(default_factory=dict)
    """Where each metric comes from; of a chain, in the newest run that has it."""
    troubles: tuple[str, ...] = ()
    """What could not be read, in words."""

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        """Those that have a metric, each once."""
        return tuple({origin.source.key: origin.source for origin in self.origins.values()}.values())


def find_metrics(reference: str, *, base_dir: str | None = None, chain: bool = True) -> Place:
    """What `reference` means: a file, a folder, a zip or a member of it, else a run.

    `chain`: with a run those that it goes on from. Raises RunNotFound if nothing answers, UsageError for a
    FIFO, a device, or a link to nothing.
    """
    path = Path(reference)
    if ("::" in reference and not os.path.lexists(path)) or path.is_file():
        return Place(reference)
    if path.is_dir() and not (is_run_id(path.absolute().name) and (path / "request.json").exists()):
        return Place(reference)
    if path.is_dir() and path.absolute().parent.name == "runs":
        return _of_run(RunPaths(path.absolute()), BasePaths.under(path.absolute().parent.parent), chain=chain)
    if os.path.lexists(path) and not path.is_dir():
        raise UsageError(f"{reference}: is neither a file nor a folder that can be read")
    context = open_context(base_dir=base_dir)
    with store_of(context, reference) as connection:
        run = find_run(connection, reference, context.paths)
    return _of_run(context.paths.run(run.id), context.paths, chain=chain)


def _of_run(folder: RunPaths, paths: BasePaths, *, chain: bool) -> Place:
    runs = chain_of(paths, folder.run_id) if chain else (folder.run_id,)
    return Place(str(folder.folder), folder.run_id, primary_metric(folder), runs, paths)


def read_metrics(place: Place, progress: Progress | None = None, *, every_point: bool = False) -> Metrics:
    """Everything at that place; nothing if a run has logged nothing yet.

    `every_point`: all points will be asked for, so those in the cache are looked at now. Where the cache is
    found damaged the files are read instead. Raises UsageError if the file or folder can't be read, or
    holds no metrics.
    """
    try:
        found = _read(place, progress)
        if every_point:
            _look_at_points(found)
    except StoreError:  # whoever meets damage sets the cache aside
        return _read(place, progress)
    return found


def _look_at_points(found: Metrics) -> None:
    """Raises StoreError if some are gone from the cache or damaged in it."""
    for series in found.series.values():
        if isinstance(series.blocks, LazyBlocks):
            collections.deque(series.blocks, maxlen=0)


def _read(place: Place, progress: Progress | None) -> Metrics:
    with _opened(place) as curves:
        curves.take(progress=None if progress is None else _throttled(progress, curves))
        shown, troubles, first_bad = curves.shown(), (*curves.troubles, *curves.limits), curves.first_bad
    if not shown.series and place.run_id is None:
        why = next(iter(troubles), "")
        raise UsageError(f"{place.reference}: holds no metrics" + (f"; {why}" if why else ""))
    unread = tuple(words for words in troubles if not first_bad or not words.startswith(first_bad))
    return Metrics(
        dataclasses.replace(place, primary=shown.primary),
        shown.series,
        curves.bad,
        first_bad,
        shown.origins,
        unread,
    )


def _throttled(progress: Progress, curves: Curves) -> Callable[[], None]:
    """Tells it now and then: to ask for the size of a thousand files takes as long as to read one."""
    due = 0.0

    def tell() -> None:
        nonlocal due
        if time.monotonic() >= due:
            done, there = curves.bytes
            if there:
                progress(done, there)
            due = time.monotonic() + _PROGRESS_S

    return tell


@contextlib.contextmanager
def _opened(place: Place) -> Iterator[Curves]:
    """Nothing of it read yet; copies out of a zip are gone afterwards."""
    with contextlib.ExitStack() as stack:
        if place.paths is not None:
            yield Curves(
                [
                    collection_of(
                        place.paths.run(run), place.paths.artifact(run), place.paths, stack, is_final=True
                    )
                    for run in place.runs
                ],
                place.primary,
            )
        else:
            plan = _plan_at(place.reference, stack)
            yield Curves([Collection(Gatherer(plan))], place.primary)


def _plan_at(reference: str, stack: contextlib.ExitStack) -> Plan:
    """Of a path that the user named, so that links are followed there. Raises UsageError."""
    if "::" in reference and not os.path.lexists(reference):
        path = stack.enter_context(unpacked(reference))
        if path is None:
            raise UsageError(f"{reference}: is not there, or holds nothing that can be read")
        return _plan_of_file(path, reference)
    if os.path.isdir(reference):
        return _plan_of_folder(reference)
    if reference.endswith(".zip"):
        return stack.enter_context(unpacked_plan(Path(reference)))
    return _plan_of_file(os.path.abspath(reference), reference)


def _plan_of_file(path: str, reference: str) -> Plan:
    try:
        kind = kind_of_file(path)
    except OSError as error:
        raise UsageError(f"{reference}: {(error.strerror or str(error)).lower()}") from error
    if kind is None:
        raise UsageError(
            f"{reference}: holds no metrics that can be read; it is no text, and of no known format"
        )
    trust = Trust.LOG if kind == "stdout" else Trust.STRUCTURED
    source = SourceSpec(kind, path, os.path.basename(path), trust=trust)
    runs = runs_in(dataclasses.replace(source, label=".")) if kind == "sqlite" else (source,)
    if not runs:
        why = (
            "is a database that gives no answer now"
            if runs is None
            else "is a database without runs that are known"
        )
        raise UsageError(f"{reference}: {why}")
    return Plan(runs, is_final=True, follow_links=True)


def _plan_of_folder(reference: str) -> Plan:
    folder = os.path.realpath(reference)
    own = os.path.join(folder, "metrics.jsonl")
    root = Root(
        folder, without=frozenset({own}), any_name=True, depth=_DEPTH, entries=_ENTRIES, sources=_SOURCES
    )
    return Plan((SourceSpec("jsonl", own, "metrics.jsonl", trust=Trust.OWN),), (root,), is_final=True)
