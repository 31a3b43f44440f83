"""Which reader reads which kind of source: our own by this table, others by entry points.

A package brings a further kind with an entry point in the group `orp.metric_readers`, whose name is
the kind and whose object is called as our readers are: `(path, *, mark=None, follow_links=False)`.
Nothing that a reader does wrong gets further than its own source.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orp_tui.core.ports import MetricBatch, MetricReader
from orp_tui.core.sanitise import one_line
from orp_tui.metrics.sources import SourceSpec

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "orp.metric_readers"

_READERS: Mapping[str, str] = {
    "jsonl": "jsonl:JsonlReader",
    "tfevents": "tfevents:TfEventsReader",
    "csv": "csv_rows:CsvReader",
    "trainer_state": "trainer_state:TrainerStateReader",
    "wandb": "wandb:WandbReader",
    "mlflow": "mlflow_files:MlflowFilesReader",
    "mlflow in a database": "mlflow_sqlite:MlflowSqliteReader",
    "trackio": "trackio:TrackioReader",
    "stdout": "stdout:StdoutReader",
}
"""Kind → module beside this one and the class in it."""


def kinds() -> tuple[str, ...]:
    """The kinds that can be read here, our own first."""
    from importlib.metadata import entry_points

    ours = [kind for kind in _READERS if " " not in kind]
    return (*ours, *sorted(entry_points(group=GROUP).names - _READERS.keys()))


class _NoSuchKind(Exception):
    """Says in words which kind nobody reads here."""


def open_reader(
    source: SourceSpec,
    *,
    mark: dict[str, Any] | None = None,
    follow_links: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> MetricReader:
    """A reader of that source, which goes on at `mark`. What is wrong with it, its batches say.

    `include` and `exclude` are globs of names, which say of a log what counts in it.
    """
    try:
        make = _maker(source)
    except _NoSuchKind as error:
        return NoReader(str(error))
    except Exception as error:  # noqa: BLE001 - the border to foreign code, which may raise anything
        why = one_line(str(error), 160)
        return NoReader(f"the {_whose(source.kind)} is broken: {type(error).__name__}: {why}")
    options: dict[str, Any] = {"run": source.run} if source.run else {}
    if source.kind == "stdout":
        options = {"patterns": source.patterns, "include": include, "exclude": exclude}
    elif source.kind == "tfevents":
        options = {"since": source.since}
    return GuardedReader(
        lambda: make(source.path, mark=mark, follow_links=follow_links, **options), _whose(source.kind)
    )


def _maker(source: SourceSpec) -> Callable[..., MetricReader]:
    """What makes readers of that kind; raises _NoSuchKind if nobody does, anything if its module is broken."""
    kind = f"{source.kind} in a database" if source.kind == "mlflow" and source.run else source.kind
    if kind in _READERS:
        module, _, name = _READERS[kind].partition(":")
        ours: Callable[..., MetricReader] = getattr(
            importlib.import_module(f"orp_tui.metrics.readers.{module}"), name
        )
        return ours
    entry = _entry_point(kind)
    if entry is None:
        shown = one_line(kind, 40)
        raise _NoSuchKind(
            f"no reader called {shown} here; a package with an entry point in {GROUP} would bring it"
        )
    theirs: Callable[..., MetricReader] = entry.load()
    return theirs


def _entry_point(kind: str) -> EntryPoint | None:
    from importlib.metadata import entry_points

    return next(iter(entry_points(group=GROUP, name=kind)), None)


def _whose(kind: str) -> str:
    entry = None if kind in _READERS else _entry_point(kind)
    if entry is None:
        return f"reader {kind}"
    return f"plug-in of {entry.dist.name if entry.dist else entry.module}"


class NoReader:
    """Stands in for a reader that can't be had, and says why once."""

    def __init__(self, why: str) -> None:
        self._why = why
        self._told = False

    @property
    def mark(self) -> dict[str, Any]:
        return {}

    def changed(self) -> bool:
        return not self._told

    def read(self, *, final: bool = False) -> MetricBatch:  # noqa: ARG002 - the port's signature
        self._told = True
        return MetricBatch(trouble=self._why)


class GuardedReader:
    """A reader whose mistakes end its own reading and nothing else."""

    def __init__(self, make: Callable[[], MetricReader], whose: str) -> None:
        self._whose = whose
        self._mark: dict[str, Any] = {}
        self._reader: MetricReader = NoReader("")
        try:
            self._reader = make()
            self._mark = self._reader.mark
        except Exception as error:  # noqa: BLE001 - the border to foreign code, which may raise anything
            self._fail(error)

    @property
    def mark(self) -> dict[str, Any]:
        """Where it stands, or stood when it was last asked before it failed."""
        if not isinstance(self._reader, NoReader):
            try:
                self._mark = self._reader.mark
            except Exception as error:  # noqa: BLE001 - as above
                self._fail(error)
        return self._mark

    def changed(self) -> bool:
        try:
            return bool(self._reader.changed())
        except Exception as error:  # noqa: BLE001 - as above
            return self._fail(error).changed()

    def read(self, *, final: bool = False) -> MetricBatch:
        try:
            batch = self._reader.read(final=final)
        except Exception as error:  # noqa: BLE001 - as above
            return self._fail(error).read()
        if not isinstance(batch, MetricBatch):
            return self._fail(TypeError(f"it gave {type(batch).__name__}, no MetricBatch")).read()
        return batch

    def _fail(self, error: Exception) -> NoReader:
        why = one_line(str(error), 160)
        self._reader = broken = NoReader(f"the {self._whose} is broken: {type(error).__name__}: {why}")
        return broken
