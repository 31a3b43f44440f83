"""The cache as the observer has it: open while it can be, and tried again after a while when it can't.

Nothing is raised. Whenever what was written, or was to be written, is lost, `on_loss` is told: from then on
all runs are to be read again from the marks that the cache has by then.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from orp_tui.metrics.cache.writer import CacheLost, CacheNotWritten, CacheWriter, Json, RunNews

T = TypeVar("T")

AGAIN_S = 30.0
"""After the cache could not be written."""
MOST_FORGOTTEN = 500
"""Runs that are taken out of the cache at one start."""
_ASKED_AT_ONCE = 500


class MetricKeeper:
    """From one thread."""

    def __init__(
        self, path: Path, on_loss: Callable[[], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._on_loss = on_loss
        self._clock = clock
        self._writer: CacheWriter | None = None
        self._open_at = -AGAIN_S
        self.complete: set[str] = set()
        """Runs that have ended, and of which everything is kept."""
        self.refused: set[str] = set()
        """Runs of which something can't be kept, whoever is to blame; they are read from their files."""

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    def open(self) -> None:
        """Open the cache if it is not, and it is time to try."""
        if self._writer is not None or self._clock() < self._open_at:
            return
        try:
            self._writer = CacheWriter(self._path)
            known = self._writer.known()
        except (sqlite3.Error, OSError, CacheLost, CacheNotWritten) as error:
            self._fail(str(error))
        else:
            self.complete = {run_id for run_id, complete in known.items() if complete}

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def marks(self, run_id: str) -> dict[str, Json] | None:
        """Where each source of a run stands; None if that can't be told now."""
        return self._ask(lambda writer: writer.marks(run_id))

    def write(self, news: Sequence[RunNews]) -> bool:
        """Whether it is kept. What can't be kept of one run keeps no other out."""
        try:
            return self._ask(lambda writer: _written(writer, news)) or False
        except Exception as error:  # noqa: BLE001 - values may come from anybody's reader
            if len(news) > 1:
                kept = [self.write([each]) for each in news]
                return all(kept)
            self.refuse(news[0].run_id, error)
            return False

    def refuse(self, run_id: str, error: Exception) -> None:
        """Leave a run alone from now on, and say why once."""
        if run_id in self.refused:
            return
        self.refused.add(run_id)
        say(f"{run_id}: metrics are not kept: {type(error).__name__}: {error}")

    def forget_others(self, are_known: Callable[[Sequence[str]], Collection[str]]) -> None:
        """Take runs out of the cache that are none any more; `are_known` tells of some ids which are still runs."""
        cached = list(self._ask(lambda writer: writer.known()) or {})
        gone: list[str] = []
        for start in range(0, len(cached), _ASKED_AT_ONCE):
            some = cached[start : start + _ASKED_AT_ONCE]
            gone += set(some) - set(are_known(some))
        if gone:
            self._ask(lambda writer: writer.forget(gone[:MOST_FORGOTTEN]))
            self.complete -= set(gone)

    def _ask(self, question: Callable[[CacheWriter], T]) -> T | None:
        """What the cache answers; None if it can't."""
        if self._writer is None:
            return None
        try:
            return question(self._writer)
        except CacheLost as error:
            say(f"metrics: the cache is made anew: {error}")
            self.complete = set()
            self._on_loss()
        except CacheNotWritten as error:
            self._fail(str(error))
        return None

    def _fail(self, why: str) -> None:
        """Leave the cache alone for a while."""
        say(f"metrics: the cache can't be written, tried again in {AGAIN_S:.0f} s: {why}")
        self.close()
        self._open_at = self._clock() + AGAIN_S
        self._on_loss()


def _written(writer: CacheWriter, news: Sequence[RunNews]) -> bool:
    writer.write(news)
    return True


def say(words: str) -> None:
    """A line in the observer's log."""
    print(words, file=sys.stderr)  # noqa: T201 - the log
