"""RUN on a command line → a run: an id, a unique prefix, a name, `last`, a run folder or a zip."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from orp_tui.core.errors import RunNotFound
from orp_tui.core.run import Run
from orp_tui.store import runs


def find_run(connection: sqlite3.Connection, reference: str) -> Run:
    """The run that `reference` means.

    Tried in this order: a whole id, `last` (the newest run), a run folder or artifact zip by
    its path, a unique prefix of the id or of its last part, an experiment's name (its newest run).

    Raises RunNotFound if nothing answers, or more than one run does.
    """
    run = runs.get(connection, reference) or _newest(connection, reference) or _by_path(connection, reference)
    if run is not None:
        return run
    found = runs.matching(connection, reference) if len(reference) >= 2 else []
    if len(found) == 1:
        return found[0]
    named = runs.named(connection, reference)
    if named is not None:
        return named
    if found:
        names = ", ".join(item.id for item in found[:5])
        raise RunNotFound(reference, f"more than one run begins like this: {names}")
    raise RunNotFound(reference, "no such run; `orp runs` lists them")


def _newest(connection: sqlite3.Connection, reference: str) -> Run | None:
    if reference == "last":
        found = runs.newest(connection, 1)
        if not found:
            raise RunNotFound(reference, "nothing was run here yet; `orp run FILE` does")
        return found[0]
    if reference.startswith("last:"):
        return runs.named(connection, reference.removeprefix("last:"))
    return None


def _by_path(connection: sqlite3.Connection, reference: str) -> Run | None:
    if "/" not in reference and not reference.endswith(".zip"):
        return None
    name = Path(reference).name
    return runs.get(connection, name.removesuffix("_artifacts.zip"))
