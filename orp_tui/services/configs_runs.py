"""Which run each experiment file has: one that goes on or waits, else the newest that was submitted from it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
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

_NEVER = object()
_SHARE = 50

Name = tuple[str, Path, str]
"""Relative name, path, and the experiment's name or an empty text."""


@dataclasses.dataclass(frozen=True)
class ConfigRun:
    """The run that stands for a file: the newest that goes on, else that waits, else of all."""

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
        self._files: Sequence[Name] = ()
        self._known: Mapping[str, str] = {}
        self._rows: Mapping[str, Run] = {}
        self._version: object = _NEVER
        """Of the database when it was last asked."""
        self._due = 0.0
        """By the monotonic clock: no question before, so that asking takes at most a fiftieth of a core."""

    def latest(self, files: Sequence[Name]) -> Mapping[str, ConfigRun]:
        """Relative name → its run as that truly stands; files without one are left out.

        The database is asked only if it was written since, or `files` is another object than the last time.
        """
        is_same = files is self._files
        if not is_same:
            self._files, self._known = files, _known_names(files)
        try:
            connection = self._connected()
            version = None if connection is None else (id(connection), database.data_version(connection))
            if not is_same or (version != self._version and time.monotonic() >= self._due):
                self._ask(connection, version)
        except (OrpError, sqlite3.Error, OSError):
            self.close()  # busy or damaged: what was known last stays until it can be asked again
        return self._as_they_stand()

    def close(self) -> None:
        """Close the database; it is opened again when it is asked."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._version = _NEVER

    def _ask(self, connection: database.Connection | None, version: object) -> None:
        began = time.monotonic()
        self._rows = {} if connection is None else _newest(connection, self._files, self._known)
        self._version = version
        now = time.monotonic()
        self._due = now + (now - began) * _SHARE

    def _connected(self) -> database.Connection | None:
        if self._connection is not None and not self._connection.is_in_place():
            self.close()
        path = self._context.paths.database
        if self._connection is None and database.has_content(path):
            allow_network = self._context.settings.allow_network_filesystem
            self._connection = database.connect(path, allow_network=allow_network, create=False)
        return self._connection

    def _as_they_stand(self) -> Mapping[str, ConfigRun]:
        going = [run for run in self._rows.values() if not run.state.is_final]
        states: dict[str, RunState] = {}
        for run in going[:MOST_TRUE]:
            with contextlib.suppress(OSError, ValueError):  # a folder that can't be asked: the row has to do
                states[run.id] = view(self._context.paths, run).state
        return {
            name: ConfigRun(run.id, states.get(run.id, run.state), run.held)
            for name, run in self._rows.items()
        }


def _newest(
    connection: database.Connection, files: Sequence[Name], known: Mapping[str, str]
) -> dict[str, Run]:
    """By file; a run of which nobody noted the file belongs to the only one with its experiment's name."""
    of_files = runs.of_files(connection, list(known.values()))
    found = {name: of_files[file] for name, file in known.items() if file in of_files}
    alone = _unique(experiment for _, _, experiment in files)
    rest = {name: what for name, _, what in files if name not in found and what in alone}
    of_names = runs.newest_without_file(connection, list(rest.values())) if rest else {}
    return found | {name: of_names[what] for name, what in rest.items() if what in of_names}


def _known_names(files: Sequence[Name]) -> dict[str, str]:
    """Relative name → the name by which runs remember the file, as `submit.known_as` gives it."""
    folders: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, path, _ in files:
        parent, _, last = str(path).rpartition("/")
        if parent not in folders:
            folders[parent] = os.path.realpath(parent or "/")
        known = os.path.join(folders[parent], last)
        if known.isascii() or not any("\ud800" <= char <= "\udfff" for char in known):
            found[name] = known
    return found


def _unique(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count == 1 and name}
