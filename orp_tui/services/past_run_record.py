"""A past run as Python code meets it: what the index knows of it, and what its folder and zip hold."""

from __future__ import annotations

import dataclasses
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orp_tui.core.columns import parse_column, value_of
from orp_tui.core.errors import MissingExtra, UsageError
from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME, BasePaths
from orp_tui.core.past_run import PastRun, Scalar
from orp_tui.core.sanitise import one_line

if TYPE_CHECKING:
    import pandas as pd

EXTRA = "pandas"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class History:
    """All points of one metric of one run, in the order in which they were logged."""

    run: str
    """Its id."""
    metric: str
    steps: array[float]
    """As long as `values`, type code `d`: `numpy.asarray` copies nothing. May go back where a training was resumed."""
    values: array[float]
    """In the metric's own unit; NaN and infinities included."""
    times: array[float]
    """Seconds since 1970, UTC; NaN where the training gave none."""

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        """Step and value of every point."""
        return zip(self.steps, self.values, strict=True)

    def __repr__(self) -> str:
        return f"<History {self.metric!r} of {self.run}: {len(self):,} points>"

    def to_pandas(self) -> pd.DataFrame:
        """Columns `step`, `value` (float64) and `time` (UTC), one row a point. Raises MissingExtra without pandas."""
        from orp_tui.services.past_run_frames import frame_of_history

        return frame_of_history(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Artifact:
    """One file in the zip of a run."""

    name: str
    """Its path inside the zip; text from outside."""
    bytes: int
    """Unpacked."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunRecord(PastRun):
    """One run. Its fields are those of the index; what else is asked for is read from its files then.

    `record["cfg.lr"]`, `record["metric.val_acc"]`, `record["duration"]`: a value under the name that columns of
    lists and filters have; None if the run has none.
    """

    paths: BasePaths = dataclasses.field(kw_only=True, repr=False, compare=False)

    @classmethod
    def of(cls, run: PastRun, paths: BasePaths) -> RunRecord:
        """The same run with what its files hold in reach."""
        return cls(*[getattr(run, name) for name in _FIELDS], paths=paths)

    def __getitem__(self, column: str) -> Scalar:
        """The value in a column. Raises UsageError for a name that is none."""
        try:
            return value_of(parse_column(column), self, time.time())
        except ValueError as error:
            raise UsageError(str(error)) from None

    def __repr__(self) -> str:
        return f"<RunRecord {self.id} {one_line(self.name, 40)!r} {self.state.value}>"

    @property
    def folder(self) -> Path:
        """Where its files are; it may be gone."""
        return self.paths.run(self.id).folder

    @property
    def artifacts_path(self) -> Path | None:
        """Its zip; None if there is none."""
        path = self.paths.artifact(self.id)
        return path if path.is_file() else None

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The files in its zip, in the zip's order; empty without a zip. Raises ArchiveError if that is damaged."""
        from orp_tui.logs.zip_member import ZipArchive

        path = self.artifacts_path
        if path is None:
            return ()
        with ZipArchive(path) as archive:
            return tuple(Artifact(entry.name, entry.size) for entry in archive.entries)

    @property
    def stdout(self) -> str:
        """All that the training printed; from the zip where the folder has it no more.

        Bytes that are no UTF-8 become U+FFFD; nothing is taken out, so what goes to a terminal may act on it. Raises
        UsageError if neither has it, ArchiveError for a damaged zip.
        """
        return _text(self, STDOUT_NAME)

    @property
    def stderr(self) -> str:
        """As `stdout`."""
        return _text(self, STDERR_NAME)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Every metric of which the index knows a value, sorted."""
        return tuple(sorted(self.metrics))

    def history(self, metric: str, *, chain: bool = True) -> History:
        """Every point of a metric, read from the cache or from the run's files.

        `chain`: with the points of the runs that it goes on from, as one curve. Raises UsageError with the
        nearest names if the run has logged no such metric.
        """
        from orp_tui.services.metric_plan import chain_of
        from orp_tui.services.metric_source import Place, read_metrics

        ids = chain_of(self.paths, self.id) if chain else (self.id,)
        found = read_metrics(Place(str(self.folder), self.id, self.primary, ids, self.paths)).series
        if metric not in found:
            raise UsageError(f"{self.id} has logged no metric {metric!r}{near(metric, found)}")
        columns = array("d"), array("d"), array("d")
        for block in found[metric].blocks:
            for column, more in zip(columns, (block.steps, block.values, block.times), strict=True):
                column.extend(more)
        return History(self.id, metric, *columns)


_FIELDS = tuple(field.name for field in dataclasses.fields(PastRun))


def near(name: str, known: object) -> str:
    """What is said of names that are like one that is not there: `; did you mean val_acc?`."""
    import difflib

    names = [str(each) for each in known] if hasattr(known, "__iter__") else []
    close = difflib.get_close_matches(name, names, 3, 0.5)
    if close:
        return f"; did you mean {', '.join(one_line(each, 60) for each in close)}?"
    listed = ", ".join(one_line(each, 60) for each in sorted(names)[:10])
    return f"; there are {listed}" if listed else "; none was logged"


def require_pandas(feature: str) -> None:
    """Raises MissingExtra without pandas."""
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise MissingExtra(feature, EXTRA) from error


def _text(record: RunRecord, name: str) -> str:
    from orp_tui.logs.zip_member import ZipArchive

    try:
        return (record.folder / name).read_bytes().decode("utf-8", "replace")
    except OSError:
        path = record.artifacts_path
    if path is None:
        raise UsageError(f"{record.id}: {name} is neither in its folder nor in a zip")
    with ZipArchive(path) as archive:
        return b"".join(archive.chunks(archive.find(name))).decode("utf-8", "replace")
