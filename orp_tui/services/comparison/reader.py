"""Runs by their ids → their comparison, looked at again and again: one call for a command line, one reader for a screen."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from orp_tui.core.errors import UsageError
from orp_tui.core.past_run import PastRun
from orp_tui.core.words import counted
from orp_tui.services.comparison.build import build, gone
from orp_tui.services.comparison.facts import FactsReader
from orp_tui.services.comparison.values import MOST, Comparison
from orp_tui.services.context import Context


class Entries(Protocol):
    """What knows all runs: `services.catalog.Catalog`."""

    def catch_up(self) -> object: ...
    def runs_of(self, run_ids: Sequence[str]) -> list[PastRun]: ...
    def version(self) -> object: ...
    def close(self) -> None: ...


class ComparisonReader:
    """Holds the catalogue and what it has read of the folders. For one thread."""

    def __init__(
        self, context: Context, entries: Entries | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._context = context
        self._entries = entries
        self._clock = clock
        self._facts = FactsReader(context)
        self._seen: dict[str, PastRun] = {}
        self._stamp: object = None

    def look(
        self, run_ids: Sequence[str], *, baseline: str | None = None, fold_seeds: bool = False
    ) -> Comparison:
        """The runs as they are now, all rows included. A run that is gone keeps a column with what was known.

        Raises UsageError for more than 50.
        """
        wanted = list(dict.fromkeys(run_ids))
        if len(wanted) > MOST:
            raise UsageError(f"{counted(len(wanted), 'run')} are too many to compare; at most {MOST}")
        runs = self.runs(wanted)
        return build(
            [self._facts(run) for run in runs], baseline=baseline, fold_seeds=fold_seeds, now=self._clock()
        )

    def has_changed(self, run_ids: Sequence[str]) -> bool:
        """Whether another look may show something else: an entry, or a folder that has come or gone. Costs little."""
        before, self._stamp = self._stamp, self._stamp_of(run_ids)
        if any(not run.state.is_final for run_id in run_ids if (run := self._seen.get(run_id)) is not None):
            return True
        return before != self._stamp

    def _stamp_of(self, run_ids: Sequence[str]) -> object:
        entries = self._opened()
        entries.catch_up()
        folders = (self._context.paths.run(run_id) for run_id in run_ids)
        return entries.version(), tuple(run_ids), tuple(os.path.exists(folder.request) for folder in folders)

    def runs(self, run_ids: Sequence[str]) -> list[PastRun]:
        """One for each id, in that order."""
        entries = self._opened()
        entries.catch_up()
        found = {run.id: run for run in entries.runs_of(run_ids)}
        self._seen |= found
        return [self._as_it_is(run_id, found.get(run_id)) for run_id in run_ids]

    def _as_it_is(self, run_id: str, found: PastRun | None) -> PastRun:
        """With the word that its folder is gone, which need not have been noticed yet."""
        if found is None:
            return gone(run_id, self._seen.get(run_id))
        if not found.problem and not os.path.exists(self._context.paths.run(run_id).folder):
            return dataclasses.replace(found, problem="its folder is gone")
        return found

    def _opened(self) -> Entries:
        if self._entries is None:
            from orp_tui.services.catalog import Catalog

            self._entries = Catalog(self._context)
        return self._entries

    def close(self) -> None:
        """Let the catalogue go."""
        if self._entries is not None:
            self._entries.close()
            self._entries = None

    def __enter__(self) -> ComparisonReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
