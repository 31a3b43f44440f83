"""RUN on a command line → a run: an id, a unique prefix, a name, `last`, `tag:NAME`, a run folder or a zip."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.errors import RunNotFound
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.services.context import Context
from orp_tui.store import runs

_SHORTEST_PREFIX = 2
_MOST_SHOWN = 5


@contextlib.contextmanager
def store_of(context: Context, reference: str) -> Iterator[sqlite3.Connection]:
    """The open database in which `reference` is to be looked up; looking makes none.

    Raises RunNotFound if nothing was ever run here, StoreError if it can't be used.
    """
    if not context.has_store:
        nothing = f"nothing was run in {context.paths.base} yet; `orp run FILE` does"
        raise RunNotFound(reference, _elsewhere(context.paths, reference) or nothing)
    with context.store() as connection:
        yield connection


def find_run(connection: sqlite3.Connection, reference: str, paths: BasePaths) -> Run:
    """The run that `reference` means.

    Tried in this order: a whole id, `last` (the newest run), `last:NAME`, or `tag:NAME` (the newest
    run with that tag), a run folder or artifact zip by its path, a unique prefix of the id (with or without `exp_`) or of its last
    part, an experiment's name (its newest run).

    Raises RunNotFound if nothing answers, if more than one run does, or if the path lies in
    another base directory than `paths`.
    """
    run = (
        runs.get(connection, reference)
        or _newest(connection, reference)
        or _tagged(connection, reference, paths)
    )
    if run is not None:
        return run
    if "/" in reference or reference.endswith(".zip"):
        return _by_path(connection, reference, paths)
    found = runs.matching(connection, reference) if len(reference) >= _SHORTEST_PREFIX else []
    named = runs.named(connection, reference)
    if named is not None and found and found != [named] and len(found) == 1:
        raise RunNotFound(
            reference,
            f"both the beginning of {found[0].id} and an experiment's name; "
            f"write `last:{reference}` for the experiment's newest run, or more of the id",
        )
    if len(found) == 1:
        return found[0]
    if named is not None:
        return named
    if found:
        names = ", ".join(item.id for item in found[:_MOST_SHOWN])
        more = ", …" if len(found) > _MOST_SHOWN else ""
        raise RunNotFound(reference, f"more than one run begins like this: {names}{more}; write more of it")
    raise _no_such_run(reference, paths)


def _no_such_run(reference: str, paths: BasePaths) -> RunNotFound:
    """What to say of a run that is not there; one in the trash is told."""
    from orp_tui.services.trash_index import removed_like

    run_id = run_id_of(Path(reference))
    found = removed_like(paths, run_id) if len(run_id) >= _SHORTEST_PREFIX else []
    if not found:
        return RunNotFound(reference, "no such run; `orp runs` lists them")
    if len(found) > 1:
        return RunNotFound(
            reference, f"in the trash more than one run begins like this: {', '.join(found[:_MOST_SHOWN])}"
        )
    this = "it" if found[0] == reference else found[0]
    return RunNotFound(reference, f"{this} is in the trash; `orp clean --restore {found[0]}` puts it back")


def _newest(connection: sqlite3.Connection, reference: str) -> Run | None:
    if reference == "last":
        found = runs.newest(connection, 1)
        if not found:
            raise RunNotFound(reference, "nothing was run here yet; `orp run FILE` does")
        return found[0]
    name = reference.removeprefix("last:")
    if name == reference:
        return None
    run = runs.named(connection, name)
    if run is None:
        raise RunNotFound(reference, f"no run of an experiment called {name!r}; `orp runs` lists them")
    return run


def _tagged(connection: sqlite3.Connection, reference: str, paths: BasePaths) -> Run | None:
    """The newest run with a tag, archived or not; None for what does not begin with `tag:`."""
    tag = reference.removeprefix("tag:")
    if tag == reference:
        return None
    from orp_tui.services.tagged import tagged

    found = tagged(connection, paths, tag)
    if found is None:
        raise RunNotFound(reference, f"no run has that tag; `orp tag RUN +{tag}` gives it one")
    return found


def _by_path(connection: sqlite3.Connection, reference: str, paths: BasePaths) -> Run:
    path = Path(reference)
    named = runs.named(connection, reference)  # a name may hold anything, slashes included
    if named is not None:
        return named
    run = runs.get(connection, run_id_of(path))
    elsewhere = _elsewhere(paths, reference)
    if elsewhere is not None or run is None:
        raise RunNotFound(reference, elsewhere) if elsewhere is not None else _no_such_run(reference, paths)
    return run


def run_id_of(path: Path) -> str:
    """The id in the name of a run folder or of an artifact zip."""
    return path.name.removesuffix("_artifacts.zip")


def _elsewhere(paths: BasePaths, reference: str) -> str | None:
    """What to say of a folder or zip that is there and not of this base directory; None for others."""
    path = Path(reference)
    if not os.path.lexists(path):
        return None
    parent = Path(os.path.realpath(path.absolute().parent))
    own = (os.path.realpath(paths.runs), os.path.realpath(paths.artifacts))
    if str(parent) in own:
        return None
    if parent.name in ("runs", "artifacts"):
        return f"belongs to another base directory; add --base-dir {parent.parent}"
    return f"is no run of {paths.base}"
