"""The newest run with a tag: the index names those that had it, the notes of each say whether it still has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from orp_tui.config.settings import Settings
from orp_tui.core.filters.build import all_of
from orp_tui.core.filters.expression import Compare
from orp_tui.core.filters.parse import parse
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.services.annotations import read_annotations
from orp_tui.services.catalog import Catalog, Query
from orp_tui.services.context import Context
from orp_tui.store import runs

_PAGE = 100


def tagged(connection: sqlite3.Connection, paths: BasePaths, tag: str) -> Run | None:
    """The newest run that has the tag, upper and lower case alike; None if there is none."""
    key = tag.casefold()
    for run_id in _candidates(paths, tag):
        run = runs.get(connection, run_id)
        if run is not None and key in map(str.casefold, read_annotations(paths.run(run_id)).tags):
            return run
    return None


def _candidates(paths: BasePaths, tag: str) -> Iterator[str]:
    """Ids of the runs that the index knows with that tag, the newest first."""
    catalog = Catalog(_context(paths))
    try:
        catalog.catch_up()
        both = parse("(is:archived | -is:archived)")
        query = Query(all_of(Compare("tag", "", "=", tag, None), both))
        numbers = catalog.find(query).numbers
        for start in range(0, len(numbers), _PAGE):
            yield from (run.id for run in catalog.rows(numbers[start : start + _PAGE]) if run is not None)
    finally:
        catalog.close()


def _context(paths: BasePaths) -> Context:
    """A context without a project: the index asks for none."""
    settings = Settings(
        paths.base, paths.base, paths.state, paths.runs, paths.artifacts, paths.base / "configs"
    )
    return Context(paths.base, settings, paths)
