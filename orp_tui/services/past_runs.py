"""Past runs in Python, for figures and tables: found by the filter language of dashboard and command line.

import orp_tui

best = orp_tui.runs("state:succeeded cfg.lr<1e-3", sort="-best.val_acc", limit=5)
frame = orp_tui.runs("name:resnet* age<30d").to_pandas()
curves = orp_tui.runs("batch:exp_20261124_093000_k7f3").history("val_acc")
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
import time
import warnings
import weakref
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from orp_tui.core.columns import Column, parse_column
from orp_tui.core.errors import RunNotFound, StoreError, UsageError
from orp_tui.core.filters.parse import parse
from orp_tui.core.past_run import PastRun
from orp_tui.services.catalog import Catalog, CaughtUp, Group, Query, SortKey
from orp_tui.services.context import Context, open_context
from orp_tui.services.past_run_record import History, RunRecord, near

if TYPE_CHECKING:
    import pandas as pd

PAGE = 500
"""Rows that are fetched together; two pages are kept."""
STREAMED = 2_000
"""Rows that are fetched together where all are gone through once."""
_SAID_AFTER_S = 2.0
_WAITS_S = 60.0
"""For another process that brings the index up to date."""


class Runs(Sequence[RunRecord]):
    """What a filter has found, in order; it does not change. Rows are fetched as they are asked for.

    `runs[0]` is a RunRecord, `runs[:10]` are Runs. A run that was removed meanwhile is left out where all are
    gone through, and raises RunNotFound where it is asked for by its place.
    """

    def __init__(
        self, index: _Index, query: Query | None, numbers: array[int], total: int, words: str
    ) -> None:
        self._index = index
        self._query = query
        """None for a part of what it finds."""
        self._numbers = numbers
        self._total = total
        self._words = words
        self._pages: dict[int, list[RunRecord | None]] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        words = f" for {self._words!r}" if self._words else ""
        return f"<Runs: {len(self):,} of {self._total:,}{words}>"

    @overload
    def __getitem__(self, place: int) -> RunRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Runs: ...
    def __getitem__(self, place: int | slice) -> RunRecord | Runs:
        if isinstance(place, slice):
            return self._part(self._numbers[place])
        number = range(len(self))[place]
        start = number // PAGE * PAGE
        if start not in self._pages:
            if len(self._pages) > 1:
                self._pages.pop(next(iter(self._pages)))
            self._pages[start] = self._index.rows(self._numbers[start : start + PAGE])
        found = self._pages[start][number - start]
        if found is None:
            raise RunNotFound(str(place), "this run was removed since")
        return found

    def __iter__(self) -> Iterator[RunRecord]:
        for start in range(0, len(self), STREAMED):
            for record in self._index.rows(self._numbers[start : start + STREAMED]):
                if record is not None:
                    yield record

    @property
    def total(self) -> int:
        """How many runs the base directory has, archived ones included."""
        return self._total

    def groups(self, by: str | Sequence[str], metric: str | Sequence[str] = ()) -> list[Group]:
        """The runs in groups of the same values of the columns `by`, sorted by these.

        `metric` are columns whose mean is wanted, `metric.val_acc` or only `val_acc`: an Interval over the
        succeeded runs that nobody has resumed, one value a run, 95 % by Student's t. Raises UsageError for a
        column that can't be grouped by, and for a part of what a filter finds: give the filter instead.
        """
        if self._query is None:
            raise UsageError(
                "a part of what a filter finds can't be grouped; take the limit or the slice away"
            )
        keys = [_column(name) for name in _listed(by)]
        metrics = [_metric(name) for name in _listed(metric)]
        return self._index.catalog.groups(self._query, keys, metrics)

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row a run, in the order of the runs.

        `columns` are names as lists and filters have them (`id`, `cfg.lr`, `metric.val_acc`, `best.val_loss`, …);
        None: the facts of a run, then every `cfg.KEY` and every `metric.NAME` (its last value) that any of them has.
        Texts are `string`, whole numbers `Int64`, truths `boolean`, other numbers float64, a config key with values of several
        kinds `object`; what a run has not is NA. `submitted`, `started` and `ended` are times in UTC, `age` and `duration`
        seconds, `size` bytes, `deliverables` the share that is valid. Raises MissingExtra without pandas,
        UsageError for a name that is no column.
        """
        from orp_tui.services.past_run_frames import frame_of_runs

        return frame_of_runs(self, columns)

    def history(self, metric: str, *, chain: bool = True) -> pd.DataFrame:
        """Every point of a metric of all these runs in long form: `run`, `name`, `seed`, `step`, `value`, `time`.

        One row a point, run after run; `time` is UTC, NaT where the training gave none. Runs that have not logged
        it are left out. `histories` gives the same without pandas. Raises MissingExtra without pandas, UsageError if no
        run has the metric.
        """
        from orp_tui.services.past_run_frames import frame_of_histories

        return frame_of_histories(self, metric, chain=chain)

    def histories(self, metric: str, *, chain: bool = True) -> Iterator[tuple[RunRecord, History]]:
        """Each of these runs that has logged a metric, with every point of it; read one after the other.

        `chain`: a resumed run has the points of those that it goes on from too. Raises UsageError if no run has it.
        """
        found, known = False, set[str]()
        for record in self:
            known |= record.metrics.keys()
            try:
                history = record.history(metric, chain=chain)
            except UsageError:
                continue
            found = True
            yield record, history
        if not found and len(self):
            raise UsageError(f"none of these {len(self):,} runs has logged {metric!r}{near(metric, known)}")

    def _part(self, numbers: array[int]) -> Runs:
        query = self._query if numbers == self._numbers else None
        return Runs(self._index, query, numbers, self._total, self._words)


def runs(
    filter: str = "",  # noqa: A002 - what it is, on every surface
    *,
    base_dir: str | Path | None = None,
    sort: str | Sequence[str] = (),
    limit: int | None = None,
) -> Runs:
    """The runs that a filter finds, newest first; the same as `orp runs FILTER`.

    `filter` is as in docs/filters.md; empty: all runs that are not archived. `base_dir` is where runs lie; None for what
    `orp.yaml` says, else `experiments/`. `sort` is one column or several, a `-` before one turns it round
    (`"-best.val_acc"`, `["cfg.lr", "-metric.val_acc"]`); runs without a value come last. `limit`: at most so many.

    Raises FilterError for a filter with a mistake (its text shows the place), UsageError for a sort by what is no column
    or a `base_dir` that is not there, StoreError if the index can't be read.
    """
    query = Query(parse(filter), tuple(_sort_key(name) for name in _listed(sort)))
    if limit is not None and limit < 0:
        raise UsageError(f"limit is {limit}; give how many runs at most, or None")
    if base_dir is not None and not os.path.isdir(base_dir):
        raise UsageError(f"{base_dir}: there is no such base directory")
    context = open_context(base_dir=str(base_dir) if base_dir is not None else None)
    index = _Index(context)
    found = index.catalog.find(query)
    whole = Runs(index, query, found.numbers, found.total, filter)
    return whole if limit is None else whole[:limit]


def _catch_up(catalog: Catalog) -> None:
    began, said = time.monotonic(), False

    def tell(done: int, total: int) -> None:
        nonlocal said
        if not said and time.monotonic() - began > _SAID_AFTER_S:
            said = True
            sys.stderr.write(f"orp: {total - done:,} runs are being put into the index, once …\n")

    done = catalog.catch_up(tell)
    while done.is_busy and time.monotonic() - began < _WAITS_S:
        time.sleep(0.1)
        done = catalog.catch_up(tell)
    _warn(done)


def _warn(done: CaughtUp) -> None:
    words = done.problem or ("another process brings the index up to date" if done.is_busy else "")
    if words:
        warnings.warn(f"the newest runs may be missing: {words}", RuntimeWarning, stacklevel=5)


class _Index:
    """The index whose numbers some Runs hold, open in each thread that asks for rows."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._local = threading.local()
        _catch_up(self.catalog)
        self.name = self.catalog.version()[0]

    @property
    def catalog(self) -> Catalog:
        """Of this thread. Where no index can be written, that of the thread which asked first is the only one."""
        known: Catalog | None = getattr(self._local, "catalog", None)
        if known is None:
            known = self._local.catalog = Catalog(self._context)
            weakref.finalize(self, _close, known)
        return known

    def rows(self, numbers: Sequence[int]) -> list[RunRecord | None]:
        """Of the entries with these numbers; None for one that is gone."""
        paths = self._context.paths
        return [None if run is None else RunRecord.of(run, paths) for run in self.plain(numbers)]

    def plain(self, numbers: Sequence[int]) -> list[PastRun | None]:
        """The same without what reaches their files. Raises StoreError if it is another index by now."""
        catalog = self.catalog
        if catalog.version()[0] != self.name:
            raise StoreError("the index of runs was made anew since; ask with runs() again")
        return catalog.rows(numbers)


def _close(catalog: Catalog) -> None:
    with contextlib.suppress(sqlite3.Error):  # it is another thread's, which has ended or goes on without it
        catalog.close()


def stream(found: Runs) -> Iterator[PastRun]:
    """All of these runs as the index has them, without what reaches their files."""
    for start in range(0, len(found), STREAMED):
        for run in found._index.plain(found._numbers[start : start + STREAMED]):
            if run is not None:
                yield run


def _listed(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _sort_key(name: str) -> SortKey:
    return SortKey(_column(name.removeprefix("-")), name.startswith("-"))


def _column(name: str) -> Column:
    return _parsed(parse_column, name)


def _metric(name: str) -> Column:
    """A column of a metric, or a metric's own name."""
    try:
        return parse_column(name)
    except ValueError:
        return Column("metric", name)


def _parsed(parser: Callable[[str], Column], name: str) -> Column:
    try:
        return parser(name)
    except ValueError as error:
        raise UsageError(str(error)) from None
