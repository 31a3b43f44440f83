"""The metrics of a run as its training logs them: all of them for a chart, the newest one for a table."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from orp_tui.core.layout import RunPaths
from orp_tui.core.ports import MetricReader
from orp_tui.core.series import Series
from orp_tui.core.words import number
from orp_tui.files.atomic import read_json
from orp_tui.metrics.names import in_order
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.recent import recent_points, stamp
from orp_tui.metrics.table import MetricTable

NAME = "metrics.jsonl"
BREATH_S = 0.0003
"""Between two batches of a long file."""
ONE_LOOK_S = 0.25
"""A look at a long file gives back after so long; the next one goes on."""


@dataclasses.dataclass(frozen=True)
class MetricsSnapshot:
    """What a run had logged at one moment. Names are text from outside."""

    series: Mapping[str, Series]
    """In the order in which they are shown, the primary metric first; empty if nothing was logged yet."""
    primary: str | None
    """The metric by which the experiment is judged, if its file says so; it may not be logged yet."""
    complete: bool
    """Whether everything written so far is here; if not, the next look brings more at once."""
    trouble: str
    """What is wrong with the file, in words; empty if nothing is."""

    @property
    def last(self) -> Mapping[str, str]:
        """Metric → its last value as people read it."""
        return {name: number(series.summary.last) for name, series in self.series.items()}


class RunMetrics:
    """The metrics of one run, looked at again and again from one thread. Holds nothing open.

    `archive` is the run's zip: it is asked once if the run's folder has no metrics any more.
    """

    def __init__(self, folder: RunPaths, archive: Path | None = None) -> None:
        self.run_id = folder.run_id
        self._primary = primary_metric(folder)
        self._path = folder.metrics
        self._archive = archive
        self._reader: MetricReader = JsonlReader(folder.metrics)
        self._table = MetricTable()
        self._trouble = ""
        self._order: list[str] = []
        self._first = True
        self._complete = True
        self._tail_told = True

    def look(self, clock: Callable[[], float] = time.monotonic) -> MetricsSnapshot | None:
        """What there is now; None if nothing has changed since the last look."""
        if self._first and self._archive is not None and not self._path.exists():
            return self._from_archive(self._archive)
        changed = not self._complete or self._reader.changed()
        if not changed and self._tail_told and not self._first:
            return None
        # What has stood at the end without a line end for a whole look is taken as it is.
        news = self._read(clock() + ONE_LOOK_S, clock, final=not changed)
        self._tail_told = not changed
        if not news and not self._first:
            return None
        self._first = False
        return self._snapshot()

    def _from_archive(self, archive: Path) -> MetricsSnapshot:
        """What the zip holds, read at once; nothing if it has no metrics."""
        self._first = False
        with unpacked(f"{archive}::{NAME}") as path:
            if path is not None:
                reader = JsonlReader(path)
                while self._table_takes(reader):
                    pass
        return self._snapshot()

    def _table_takes(self, reader: MetricReader) -> bool:
        """Take one batch of a file that does not grow; whether there is more."""
        batch = reader.read(final=True)
        self._table.take(batch)
        return batch.more

    def _read(self, until: float, clock: Callable[[], float], *, final: bool) -> bool:
        """Take batches until there are no more, or until it is late; whether anything is new."""
        news = False
        while True:
            batch = self._reader.read(final=final)
            news |= (
                self._table.take(batch)
                or batch.trouble != self._trouble
                or batch.more != (not self._complete)
            )
            self._trouble, self._complete = batch.trouble, not batch.more
            if self._complete or clock() >= until:
                return news
            # Without a break other threads wait 5 ms for each call that they make meanwhile: the first
            # chart, whose thread imports plotext, would come a second later.
            time.sleep(BREATH_S)

    def _snapshot(self) -> MetricsSnapshot:
        series = self._table.series()
        if series.keys() != set(self._order):
            self._order = in_order(series, self._primary)
        ordered = {name: series[name] for name in self._order}
        return MetricsSnapshot(ordered, self._primary, self._complete, self._words())

    def _words(self) -> str:
        table = self._table
        if self._trouble:
            return f"metrics.jsonl {self._trouble}"
        if table.bad:
            others = f" and {table.bad - 1:,} more" if table.bad > 1 else ""
            return f"metrics.jsonl, {table.first_bad}{others}"
        if table.left_out:
            return f"metrics.jsonl logs too many metrics; {table.left_out:,} values are left out"
        return ""


@dataclasses.dataclass(frozen=True)
class LastMetric:
    """The newest value of the metric that stands for a run in a table."""

    name: str
    """Text from outside."""
    value: float
    step: float

    @property
    def words(self) -> str:
        """`0.31`, as `number` gives it."""
        return number(self.value)


class LastMetrics:
    """The newest value of many runs, asked once a second: a stat each, and a few KiB of those that have grown."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...] | None, str | None, LastMetric | None]] = {}

    def of(self, folder: RunPaths) -> LastMetric | None:
        """Of the primary metric, else of the one that is shown first; None if nothing was logged."""
        key, now = str(folder.folder), stamp(folder.metrics)
        known = self._known.get(key)
        if known is not None and known[0] == now:
            return known[2]
        primary = primary_metric(folder) if known is None else known[1]
        found = last_primary(folder, primary) if now is not None else None
        self._known[key] = now, primary, found
        return found

    def keep_only(self, folders: Mapping[str, object] | set[str]) -> None:
        """Forget runs other than these, by the text of their folder."""
        self._known = {key: value for key, value in self._known.items() if key in folders}


@contextlib.contextmanager
def unpacked(member: str) -> Iterator[str | None]:
    """The path of a copy of `path.zip::member`, gone afterwards; None if there is nothing to read there."""
    import tempfile

    from orp_tui.core.errors import OrpError
    from orp_tui.logs.source import open_log

    try:
        reader = open_log(member)
    except OrpError:
        yield None
        return
    with tempfile.NamedTemporaryFile(prefix="orp-metrics-") as copy:
        try:
            while data := reader.read_from(copy.tell(), 1 << 20):
                copy.write(data)
        finally:
            reader.close()
        copy.flush()
        yield copy.name


def last_primary(folder: RunPaths, primary: str | None) -> LastMetric | None:
    """The newest value of `primary` in the last MiB that was logged, else of the metric that is shown first there."""
    points = recent_points(folder.metrics, primary)
    if not points:
        return None
    name = in_order(points, primary)[0]
    return LastMetric(name, points[name].values[-1], points[name].steps[-1])


def primary_metric(folder: RunPaths) -> str | None:
    """The metric by which the run's experiment is judged; None if its file names none or can't be read."""
    try:
        name = read_json(folder.request)["experiment"]["metrics"]["primary"]["name"]  # type: ignore[index]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None
