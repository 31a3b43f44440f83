"""The folder of experiment files: what each is, what is wrong with it, and which run it has.

A file is read again only when its stamp has changed. Nothing here waits for a file: what can't be
read has a row that says so. Reading loads pydantic and yaml: call it off the event loop, and after
the first paint.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from orp_tui.core.problem import Problem
from orp_tui.services.configs_read import UNREAD, Kind, Reading, read
from orp_tui.services.configs_runs import ConfigRun, Name, RunsOfFiles
from orp_tui.services.configs_scan import Found, Scan, Scanner, Stamp, own_folders
from orp_tui.services.context import Context, configs_folder

PROGRESS_S = 0.3
"""While many files are read, what is known so far is told so often."""
_RACY_NS = 2_000_000_000
"""A file changed so shortly before it was read may have been changed again with the same stamp."""


@dataclasses.dataclass(frozen=True)
class ConfigFile:
    """A YAML file of the folder."""

    path: Path
    name: str
    """Relative to the folder, `/` between parts. From outside, like all texts here: sanitise it."""
    reading: Reading = UNREAD
    run: ConfigRun | None = None
    """The run that stands for this file: one that goes on or waits, else the newest; None if it has none."""

    @property
    def kind(self) -> Kind:
        """Whether it is an experiment, and a good one."""
        return self.reading.kind

    @property
    def experiment(self) -> str:
        """The experiment's name; empty if it can't be told."""
        return self.reading.experiment

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it; each is one line, `file:line: key: what; what to do`."""
        return self.reading.problems


@dataclasses.dataclass(frozen=True)
class ConfigsView:
    """The folder at one moment."""

    folder: Path
    exists: bool
    files: tuple[ConfigFile, ...] = ()
    """In the order of a tree: folders before the files beside them."""
    notes: tuple[str, ...] = ()
    """What else to know: what was left out, and how changes are noticed if not at once."""

    def file(self, name: str) -> ConfigFile | None:
        """The file of that relative name."""
        return next((file for file in self.files if file.name == name), None)

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many files of each kind."""
        return Counter(file.kind for file in self.files)


@dataclasses.dataclass(frozen=True)
class _Known:
    stamp: Stamp | None
    settled: bool
    """Whether an equal stamp is proof that the file is the same."""
    reading: Reading


class ConfigsFolder:
    """One folder, looked at again and again; from one thread at a time."""

    def __init__(self, context: Context, folder: Path | None = None) -> None:
        self.context = context
        self.folder = Path(os.path.abspath(folder if folder is not None else configs_folder(context)))
        self.scan = Scan((), (), ())
        """What was found last."""
        self._scanner = Scanner(self.folder, own_folders(context.paths))
        self._known: dict[str, _Known] = {}
        self._runs = RunsOfFiles(context)
        self._latest: Mapping[str, ConfigRun] = {}
        self._shown: tuple[Scan, ConfigsView] | None = None
        """The last view, and the scan that it is of."""
        self._named: Sequence[Name] | None = None

    def look(self) -> ConfigsView:
        """Everything, read to the end."""
        *_, view = self.views()
        return view

    def views(self, stop: Callable[[], bool] = lambda: False) -> Iterator[ConfigsView]:
        """Look, and tell early: first what was found, then what has been read so far, in the end all.

        Ends early, with what is known, once `stop` says so.
        """
        self._take(self._scanner.scan())
        unread = [found for found in self.scan.files if not self._is_known(found)]
        told = time.monotonic()
        if len(unread) > 1:
            yield self._view()
        for found in unread:
            if stop():
                break
            self._read(found)
            if time.monotonic() - told > PROGRESS_S:
                yield self._view()
                told = time.monotonic()
        self._look_at_runs()
        yield self._view()

    def runs_again(self) -> ConfigsView | None:
        """The same files with their runs as they stand now; None if nothing has changed."""
        return self._view() if self._look_at_runs() else None

    def close(self) -> None:
        """Close the database; the next look opens it again."""
        self._runs.close()

    def _look_at_runs(self) -> bool:
        """Whether a file has another run, or one in another state, than at the last look."""
        latest = self._runs.latest(self._names())
        if latest == self._latest:
            return False
        self._latest, self._shown = latest, None
        return True

    def _take(self, scan: Scan) -> None:
        if scan is not self.scan:
            names = {found.name for found in scan.files}
            self._known = {name: known for name, known in self._known.items() if name in names}
            self.scan, self._named = scan, None

    def _is_known(self, found: Found) -> bool:
        known = self._known.get(found.name)
        return known is not None and known.settled and known.stamp == found.stamp

    def _read(self, found: Found) -> None:
        before = time.time_ns()
        try:
            reading = read(found.path)
        except Exception as error:  # noqa: BLE001 - a mistake of ours with one strange file must not hide the others
            words = f"can't be checked: {type(error).__name__}: {error}; please report this"
            reading = Reading(Kind.INVALID, problems=(Problem(str(found.path), None, "", words),))
        self._shown = self._named = None
        if reading is None:  # gone since it was found
            self._known.pop(found.name, None)
            files = tuple(other for other in self.scan.files if other is not found)
            self.scan = dataclasses.replace(self.scan, files=files)
            return
        settled = found.stamp is not None and abs(before - found.stamp[0]) > _RACY_NS
        self._known[found.name] = _Known(found.stamp, settled, reading)

    def _names(self) -> Sequence[Name]:
        """Of every file that was read; the same object as long as nothing has changed."""
        if self._named is None:
            self._named = [
                (found.name, found.path, self._known[found.name].reading.experiment)
                for found in self.scan.files
                if found.name in self._known
            ]
        return self._named

    def _view(self) -> ConfigsView:
        if self._shown is None or self._shown[0] is not self.scan:
            files = tuple(
                ConfigFile(found.path, found.name, self._reading(found), self._latest.get(found.name))
                for found in self.scan.files
            )
            view = ConfigsView(self.folder, bool(self.scan.folders), files, self.scan.notes)
            self._shown = self.scan, view
        return self._shown[1]

    def _reading(self, found: Found) -> Reading:
        known = self._known.get(found.name)
        return known.reading if known is not None else UNREAD
