"""The alerts of all running runs, for the observer: it hears what they log, and looks at each once a second."""

from __future__ import annotations

import dataclasses
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.core.series import Points
from orp_tui.engine.alert_log import AlertRecord
from orp_tui.services.run_alerts import RunAlerts, moment_of

if TYPE_CHECKING:
    from orp_tui.core.ports import MetricBatch
    from orp_tui.metrics.sources import SourceSpec

MOST_NAMES = 10_000
LAST_WORDS_S = 60.0
"""A run that has ended is remembered so long."""


class Alerts:
    """Watches the runs whose experiments ask for it. One thread.

    What is heard is judged at once, so whoever notes how far it read does so after that: values may
    come twice, and must not get lost. A look judges silence and pace, which no value brings.
    """

    def __init__(
        self, paths: BasePaths, connection: sqlite3.Connection, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock`: seconds that nobody sets, the same for every process until the machine is started again."""
        self._paths = paths
        self._connection = connection
        self._clock = clock
        self._known: dict[str, RunAlerts | None] = {}
        self._names: dict[str, _Names] = {}
        self._ended: dict[str, float] = {}

    def wants(self, run: Run) -> bool:
        """Whether the run has alerts at all: without, nothing is gained by reading for them."""
        return self._of(run) is not None

    def heard(self, run: Run, source: SourceSpec, batch: MetricBatch) -> None:
        """What one source of a running run has brought. Never raises."""
        try:
            if batch.points and self.wants(run):
                names = self._names.setdefault(run.id, _Names())
                is_behind = batch.more or bool(batch.restarted)
                self.look(run, names.told(source, batch.points), is_behind=is_behind)
        except Exception as error:  # noqa: BLE001 - the reading of metrics must not end by it
            print(f"{run.id}: alerts: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the log

    def look(
        self,
        run: Run,
        new_points: Mapping[str, Points] | None = None,
        now: float | None = None,
        *,
        is_behind: bool = False,
    ) -> list[AlertRecord]:
        """Judge what is new, and act; what has come true. `now`: seconds since 1970, None for the present.

        `is_behind`: more was logged before than could be read yet.

        Raises OSError, ValueError, KeyError or TypeError once for a run whose request can't be read.
        """
        known = self._of(run)
        if known is None:
            return []
        moment = moment_of(self._paths.run(run.id), run, time.time() if now is None else now, self._clock())
        return known.look(run, new_points or {}, dataclasses.replace(moment, is_behind=is_behind))

    def forget(self, run_id: str) -> None:
        """The run has ended; what was noted stays. Its last values may still be heard for a while."""
        known = self._known.get(run_id)
        if known is not None:
            known.close()
        now = self._clock()
        self._ended[run_id] = now
        for gone in [other for other, at in self._ended.items() if now - at > LAST_WORDS_S]:
            del self._ended[gone]
            self._known.pop(gone, None)
            self._names.pop(gone, None)

    def _of(self, run: Run) -> RunAlerts | None:
        if run.id not in self._known:
            self._known[run.id] = None  # what can't be read now is told once, not once a second
            self._known[run.id] = RunAlerts.open(self._paths, self._connection, run, clock=self._clock())
        return self._known[run.id]


class _Names:
    """Which source's word counts for a metric: the most trusted one's; of two alike each has its own name."""

    def __init__(self) -> None:
        self._trust: dict[str, int] = {}
        self._shown: dict[str, dict[str, str]] = {}

    def told(self, source: SourceSpec, points: Mapping[str, Points]) -> dict[str, Points]:
        """The points by the names under which they are judged."""
        found = {}
        for name, more in points.items():
            shown = self._name(source, name)
            if shown is not None:
                found[shown] = more
        return found

    def _name(self, source: SourceSpec, name: str) -> str | None:
        trust = int(source.trust)
        if name not in self._trust and len(self._trust) >= MOST_NAMES:
            return None
        if trust > self._trust.get(name, trust):
            return None
        if trust < self._trust.get(name, trust + 1):
            self._trust[name], self._shown[name] = trust, {}
        shown = self._shown[name]
        if source.key not in shown:
            shown[source.key] = f"{name} [{source.words}]" if shown else name
        return shown[source.key]
