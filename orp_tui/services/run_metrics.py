"""The metrics of a run as its training logs them, for a chart that is looked at again and again."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from orp_tui.core.errors import OrpError, StoreError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.series import Series
from orp_tui.files.atomic import read_json
from orp_tui.metrics.collecting import Collection
from orp_tui.metrics.gathering import Gatherer
from orp_tui.metrics.merging import Origin
from orp_tui.metrics.names import measured
from orp_tui.services import metric_history
from orp_tui.services.curves import Curves
from orp_tui.services.metric_plan import chain_of, plan_of, stage_of
from orp_tui.services.unpacked_metrics import is_better, unpacked_plan

ONE_LOOK_S = 0.25
"""A look at a long file gives back after so long; the next one goes on."""
FIRST_LOOK_S = 0.05
"""So that some curve is there soon, and what draws it is imported while the rest is read."""


@dataclasses.dataclass(frozen=True)
class MetricsSnapshot:
    """What a run had logged at one moment. Names are text from outside."""

    series: Mapping[str, Series]
    """In the order in which they are shown, the primary metric first; empty if nothing was logged yet."""
    primary: str | None
    """The metric by which the experiment is judged, if its file says so; it may not be logged yet."""
    complete: bool
    """Whether everything written so far is here; if not, the next look brings more at once."""
    trouble: str
    """What is wrong with the files, in words; empty if nothing is."""
    origins: Mapping[str, Origin] = dataclasses.field(default_factory=dict)
    """Where each metric comes from; of a chain, in its newest run that has it."""
    runs: tuple[str, ...] = ()
    """The runs of which this is one curve, the oldest first."""

    @property
    def last(self) -> Mapping[str, str]:
        """Metric → its last value as people read it."""
        return {name: measured(name, series.summary.last) for name, series in self.series.items()}


class RunMetrics:
    """The metrics of one run and of those that it goes on from, looked at from one thread. Holds nothing open.

    `archive` is the run's zip: what it has is read if the run's folder or workspace is gone. With
    `paths`, the runs before it in its chain are part of the curves, unless the run is wanted `alone`.
    """

    def __init__(
        self,
        folder: RunPaths,
        archive: Path | None = None,
        paths: BasePaths | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        alone: bool = False,
    ) -> None:
        self.run_id = folder.run_id
        self._clock = clock
        self._folders = [(folder, archive)] if alone else _folders(folder, archive, paths)
        self._paths = paths
        self._stack = contextlib.ExitStack()
        self._curves: Curves | None = None
        self._stages: tuple[object, ...] = ()
        self._cache: tuple[int, int] | None = None

    def look(self) -> MetricsSnapshot | None:
        """What there is now; None if nothing has changed since the last look."""
        if self._cache is not None and metric_history.cache_of(self._paths) != self._cache:
            self._curves = None  # what was begun with is gone
        try:
            return self._look()
        except StoreError:  # the cache was made anew while it was read: so is this, at the next look
            self._curves = None
            return None

    def _look(self) -> MetricsSnapshot | None:
        stages = tuple(stage_of(folder) for folder, _ in self._folders)
        if stages != self._stages:  # what belongs to which run is told by when it began and ended
            self._curves, self._stages = None, stages
        curves, first = self._curves, self._curves is None
        if curves is None:
            curves = self._curves = self._opened()
        news = curves.take(self._clock() + (FIRST_LOOK_S if first else ONE_LOOK_S))
        if curves.is_complete:
            self._stack.close()  # what a zip held is read
        if not news and not first:
            return None
        shown = curves.shown()
        # In a workspace with very many files something is always left out: it matters where nothing was found.
        troubles = (*curves.troubles, *(() if shown.series else curves.limits))
        trouble = troubles[0] if troubles else ""
        runs = tuple(folder.run_id for folder, _ in self._folders)
        return MetricsSnapshot(shown.series, shown.primary, curves.is_complete, trouble, shown.origins, runs)

    def _opened(self) -> Curves:
        """The curves of the chain, nothing of them read yet."""
        self._cache = metric_history.cache_of(self._paths)
        collections = [
            collection_of(folder, archive, self._paths, self._stack, clock=self._clock)
            for folder, archive in self._folders
        ]
        return Curves(collections, primary_metric(self._folders[-1][0]))


def collection_of(
    folder: RunPaths,
    archive: Path | None,
    paths: BasePaths | None,
    stack: contextlib.ExitStack,
    *,
    is_final: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Collection:
    """All that one run logged; only what the cache has is there yet. What is unpacked stays until `stack` is closed.

    `is_final`: it is read as it stands now, half-written last lines too.
    """
    plan = None
    is_kept = paths is not None and metric_history.is_kept(paths, folder.run_id)
    if archive is not None and not is_kept and is_better(archive, folder):
        with contextlib.suppress(OrpError):
            plan = stack.enter_context(unpacked_plan(archive))
    plan = plan or plan_of(folder, paths)
    if is_final:
        plan = dataclasses.replace(plan, is_final=True)
    if paths is None:
        return Collection(Gatherer(plan, clock=clock))
    return metric_history.collection_of(paths, folder.run_id, plan, clock)


def _folders(
    folder: RunPaths, archive: Path | None, paths: BasePaths | None
) -> list[tuple[RunPaths, Path | None]]:
    """Of the runs of the chain, the oldest first, with their zips."""
    if paths is None:
        return [(folder, archive)]
    before = chain_of(paths, folder.run_id)[:-1]
    return [*((paths.run(run), paths.artifact(run)) for run in before), (folder, archive)]


def primary_metric(folder: RunPaths) -> str | None:
    """The metric by which the run's experiment is judged; None if its file names none or can't be read."""
    try:
        name = read_json(folder.request)["experiment"]["metrics"]["primary"]["name"]  # type: ignore[index]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None
