"""Which run each experiment file has: the newest that was submitted from it."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orp_tui.core.errors import OrpError
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.services.context import Context
from orp_tui.services.watch import view
from orp_tui.store import database, runs

MOST_TRUE = 100
"""Of so many runs that go on, the folders are asked too; of the others the row has to do."""

Name = tuple[str, Path, str]
"""Relative name, path, and the experiment's name or an empty text."""


@dataclasses.dataclass(frozen=True)
class ConfigRun:
    """The newest run of a file."""

    id: str
    state: RunState
    """As it truly stands."""
    held: bool = False
    """It waits for `orp queue release`."""

    @property
    def short_id(self) -> str:
        """The last part of the id, which commands take too."""
        return self.id.rpartition("_")[2]


class RunsOfFiles:
    """Asks the database, from one thread only; one that is missing means no runs, one that can't be used no news."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._connection: database.Connection | None = None
        self._seen: tuple[int, int] | None = None
        self._goes_on = False
        self._last: Mapping[str, ConfigRun] = {}

    def latest(self, files: Sequence[Name]) -> Mapping[str, ConfigRun]:
        """Relative name → its newest run; files without one are left out."""
        try:
            connection = self._connected()
            if connection is None:
                self._goes_on, self._last = False, {}
            else:
                self._seen = self._version(connection)
                self._last = self._as_they_stand(_newest(connection, files))
        except (OrpError, sqlite3.Error, OSError):
            self.close()  # busy or damaged: what was known last stays until it can be asked again
        return self._last

    def changed(self, files: Sequence[Name]) -> Mapping[str, ConfigRun] | None:
        """As `latest`; None if nothing can have changed since it was last asked."""
        try:
            connection = self._connected()
            seen = None if connection is None else self._version(connection)
        except (OrpError, sqlite3.Error, OSError):
            return self._last
        return None if seen == self._seen and not self._goes_on else self.latest(files)

    def close(self) -> None:
        """Close the database; it is opened again when it is asked."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._seen = None

    def _connected(self) -> database.Connection | None:
        if self._connection is not None and not self._connection.is_in_place():
            self.close()
        path = self._context.paths.database
        if self._connection is None and database.has_content(path):
            allow_network = self._context.settings.allow_network_filesystem
            self._connection = database.connect(path, allow_network=allow_network, create=False)
        return self._connection

    @staticmethod
    def _version(connection: database.Connection) -> tuple[int, int]:
        return id(connection), database.data_version(connection)

    def _as_they_stand(self, found: Mapping[str, Run]) -> Mapping[str, ConfigRun]:
        going = [run.id for run in found.values() if not run.state.is_final]
        self._goes_on = bool(going)
        asked = set(going[:MOST_TRUE])
        states = {run.id: view(self._context.paths, run).state for run in found.values() if run.id in asked}
        return {
            name: ConfigRun(run.id, states.get(run.id, run.state), run.held) for name, run in found.items()
        }


def _newest(connection: database.Connection, files: Sequence[Name]) -> dict[str, Run]:
    """By file; a run of which nobody noted the file belongs to the only one with its experiment's name."""
    known = _known_names(files)
    of_files = runs.newest_of_files(connection, list(known.values()))
    found = {name: of_files[file] for name, file in known.items() if file in of_files}
    alone = _unique(experiment for _, _, experiment in files)
    rest = {name: what for name, _, what in files if name not in found and what in alone}
    of_names = runs.newest_without_file(connection, list(rest.values())) if rest else {}
    return found | {name: of_names[what] for name, what in rest.items() if what in of_names}


def _known_names(files: Sequence[Name]) -> dict[str, str]:
    """Relative name → the name by which runs remember the file, as `submit.known_as` gives it."""
    folders: dict[Path, str] = {}
    found: dict[str, str] = {}
    for name, path, _ in files:
        parent = path.parent
        if parent not in folders:
            folders[parent] = os.path.realpath(parent)
        known = os.path.join(folders[parent], path.name)
        if known.isascii() or not any("\ud800" <= char <= "\udfff" for char in known):
            found[name] = known
    return found


def _unique(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count == 1 and name}
