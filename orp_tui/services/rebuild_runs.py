"""What goes into a database that is made again: the folders read one by one, and what only all of them together tell.

Nothing here holds all runs at once: they lie in a spool, and those that concern each other are few.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path

from orp_tui.core.errors import Stopped
from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths
from orp_tui.core.run import REFROZEN, Run, refreeze_key_of
from orp_tui.core.states import RunState
from orp_tui.files.failpoint import hit
from orp_tui.services.known_refreezes import settled, without_their_old_ones
from orp_tui.services.known_runs import read_folder
from orp_tui.store import replacement
from orp_tui.store.replacement import Copy, KnownRun
from orp_tui.store.spool import Spool

_UNFINISHED = (RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.FINISHING)
_EVERY = 100
"""So many folders between two reports."""


@dataclasses.dataclass(frozen=True)
class Watch:
    """Who looks on while folders are read. Both are called in the thread that reads."""

    progress: Callable[[int, int], object] | None = None
    """Takes the folders read and those that there are."""
    cancelled: Callable[[], bool] | None = None
    """Whether to stop."""

    def look(self, done: int = 0, total: int = 0) -> None:
        """Report, where there is something to report. Raises Stopped if it should stop."""
        if self.progress is not None and total:
            self.progress(done, total)
        if self.cancelled is not None and self.cancelled():
            raise Stopped("stopped; the database is as it was")

    @contextlib.contextmanager
    def stopping(self) -> Iterator[None]:
        """What SQLite says when it was stopped becomes Stopped."""
        try:
            yield
        except Exception:
            self.look()
            raise


UNWATCHED = Watch()


class FolderReading:
    """Reads every run folder once."""

    def __init__(self, paths: BasePaths, watch: Watch) -> None:
        self._paths = paths
        self.watch = watch
        self.elsewhere: dict[str, str] = {}
        """Run id → the other machine on which it may be alive."""
        self.skipped: dict[str, str] = {}
        """Names that could not be read, and why."""
        self._seen: set[str] = set()
        self._known: Container[str] = ()

    def pass_over(self, known: Container[str]) -> None:
        """Leave the folders of these runs alone."""
        self._known = known

    def read(self, spooled: Spool, *, is_late: bool = False) -> None:
        """Set down the run of each folder that was not read yet.

        Raises Stopped if the watch says so; what `is_late` is few, and nobody is asked.
        """
        names = self._names()
        for number, name in enumerate(names):
            if not is_late and number % _EVERY == 0:
                hit("rebuild.reading")
                self.watch.look(number, len(names))
            self._seen.add(name)
            why = self._read_one(spooled, name)
            if why is not None:
                self.skipped[name] = why
        if not is_late:
            self.watch.look(len(names), len(names))

    def _names(self) -> list[str]:
        try:
            with os.scandir(self._paths.runs) as entries:
                found = [entry.name for entry in entries if not entry.name.startswith(".")]
        except OSError:
            return []
        return sorted(name for name in found if name not in self._seen and name not in self._known)

    def _read_one(self, spooled: Spool, name: str) -> str | None:
        if not is_run_id(name):
            return "is no run id"
        try:
            seen = read_folder(self._paths, name)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return f"request.json cannot be read: {type(error).__name__}: {error}"
        if seen.host not in (None, os.uname().nodename):
            self.elsewhere[name] = str(seen.host)
        return spooled.add(seen.known)


def settle(spooled: Spool, database: Path) -> Copy | None:
    """Decide about runs that were to replace others, and take over what the daily copy of the database knows.

    The copy whose values were taken; None if there is none.
    """
    found = _in_order([*_that_concern_others(spooled), *_replaced(spooled)])
    wanted, stands_for = settled(found)
    queued = {item.run.id for item in wanted if item.run.state is RunState.QUEUED}
    copy = replacement.read_copy(database, queued | set(stands_for.values()))
    if copy is not None:
        wanted = [_as_in_copy(item, copy.runs, stands_for.get(item.run.id)) for item in wanted]
    _replace_changed(spooled, found, wanted)
    return copy


def settle_lacking(spooled: Spool, known: set[str]) -> None:
    """As `settle`, for runs that a sound database lacks: `known` are those that it has."""
    found = spooled.in_states([RunState.QUEUED])
    _replace_changed(spooled, found, without_their_old_ones(found, known))


def one_a_key(spooled: Spool, taken: set[str]) -> dict[str, str]:
    """The runs whose idempotency key another has, and what is to be said of them: they were never queued."""
    keyed = spooled.keyed()
    owners: dict[str, str] = {}
    for run_id, key, _ in sorted(keyed, key=lambda item: not item[2]):
        if key not in taken:
            owners.setdefault(key, run_id)
    return {
        run_id: f"was submitted again with the key {key!r} and never queued"
        for run_id, key, _ in keyed
        if owners.get(key) != run_id
    }


def _that_concern_others(spooled: Spool) -> list[KnownRun]:
    """Runs that wait or go on, and those that another took the place of."""
    return [
        *spooled.in_states(_UNFINISHED),
        *spooled.in_states([RunState.CANCELLED], detail=REFROZEN),
    ]


def _replaced(spooled: Spool) -> list[KnownRun]:
    """Runs that have ended otherwise and that a waiting one was to replace."""
    keys = [item.key for item in spooled.in_states([RunState.QUEUED])]
    found = spooled.some(old for key in keys if (old := refreeze_key_of(key)) is not None)
    return [item for item in found if item.run.state not in _UNFINISHED and not _is_refrozen(item.run)]


def _is_refrozen(run: Run) -> bool:
    return run.state is RunState.CANCELLED and (run.detail or "").startswith(REFROZEN)


def _in_order(found: list[KnownRun]) -> list[KnownRun]:
    return sorted(found, key=lambda item: (item.run.submitted_at, item.run.id))


def _replace_changed(spooled: Spool, before: list[KnownRun], after: list[KnownRun]) -> None:
    known = {item.run.id: item.run for item in before}
    for item in after:
        if item.run != known[item.run.id]:
            spooled.replace(item.run)


def _as_in_copy(item: KnownRun, known: Mapping[str, Run], stands_for: str | None) -> KnownRun:
    """A queued run with what was decided about it after its submission; an end is never taken back.

    `stands_for` is the run in whose place it waits, None for none; until the swap is in the copy that one's place counts.
    """
    before = known.get(item.run.id)
    old = known.get(stands_for) if stands_for is not None else None
    if old is not None and old.state is RunState.QUEUED:
        before = old
    if before is None or item.run.state is not RunState.QUEUED:
        return item
    if before.state.is_final:
        return dataclasses.replace(item, run=before)
    decided = {name: getattr(before, name) for name in ("priority", "held", "position", "group", "starts_at")}
    return dataclasses.replace(item, run=dataclasses.replace(item.run, **decided))
