"""The runs that a filter finds, for verbs that act on them: nothing is acted on that is not true any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from orp_tui.core.errors import StoreBusy, StoreError, UsageError
from orp_tui.core.filters.parse import parse
from orp_tui.services.catalog import Catalog, Query
from orp_tui.services.context import Context

WAITS_S = 60.0
"""For another process that brings the index up to date."""
PAGE = 500


def found_ids(context: Context, text: str, progress: Callable[[int, int], object] | None = None) -> list[str]:
    """Ids of the runs that a filter finds, newest first. The index is brought up to date before.

    `progress` is told how many runs are read into the index, and how many are to be.
    Raises FilterError, UsageError for an empty filter, which would find all, StoreBusy if another process
    brings the index up to date for longer than `WAITS_S`, and StoreError if that can't be done.
    """
    if not text.strip():
        raise UsageError("the filter is empty; * finds every run that is not archived")
    query = Query(parse(text))
    catalog = Catalog(context)
    try:
        _catch_up(catalog, progress)
        return list(_ids(catalog, query))
    finally:
        catalog.close()


def _catch_up(catalog: Catalog, progress: Callable[[int, int], object] | None) -> None:
    deadline = time.monotonic() + WAITS_S
    done = catalog.catch_up(progress)
    while done.is_busy and time.monotonic() < deadline:
        time.sleep(0.1)
        done = catalog.catch_up(progress)
    if done.is_busy:
        raise StoreBusy("another process brings the index of runs up to date; try again when it has done so")
    if done.problem:
        raise StoreError(done.problem)


def _ids(catalog: Catalog, query: Query) -> Iterator[str]:
    numbers = catalog.find(query).numbers
    for start in range(0, len(numbers), PAGE):
        yield from (run.id for run in catalog.rows(numbers[start : start + PAGE]) if run is not None)
