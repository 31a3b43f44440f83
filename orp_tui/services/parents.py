"""The run that an experiment file names as its parent → its id, found at the submit and kept with the run.

What `last:NAME` and `tag:NAME` mean changes with every run; what a run derives from does not.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from orp_tui.core.errors import ConfigError, OrpError, RunNotFound
from orp_tui.core.layout import BasePaths
from orp_tui.core.problem import Problem
from orp_tui.services.reference import find_run
from orp_tui.services.submission import Source

_KEY = ("experiment", "parent")


def with_parent(
    connection: sqlite3.Connection, paths: BasePaths, source: Source, earlier: Mapping[str, str] | None = None
) -> Source:
    """The source with the id of its parent; as it is if it names none.

    `earlier` are the runs of this very submission that come before it and are not in the queue yet: name →
    id. Those of its own name are no parents of it: several seeds of one file have the same one.

    Raises ConfigError with file and line if no run answers.
    """
    wanted = source.plan.parent
    if wanted is None:
        return source
    name = wanted.removeprefix("last:")
    known = (earlier or {}).get(name) if name != wanted and name != source.plan.name else None
    try:
        found = known or find_run(connection, wanted, paths).id
    except RunNotFound as error:
        raise ConfigError([_problem(source, error)]) from error
    return dataclasses.replace(source, plan=dataclasses.replace(source.plan, parent=found))


def _problem(source: Source, error: RunNotFound) -> Problem:
    file, line = source.file or source.plan.name, None
    path = Path(file)
    try:
        from orp_tui.config.loader import load_experiment_bytes

        loaded = load_experiment_bytes(source.data, path)
        if loaded.spec.experiment.parent == error.reference:
            line = loaded.lines.get(_KEY)
        else:
            file = f"{file} with --set"
    except OrpError:  # it was valid with what the command line added
        file = f"{file} with --set"
    return Problem(file, line, ".".join(_KEY), f"{error}; leave it out for a run without a parent")
