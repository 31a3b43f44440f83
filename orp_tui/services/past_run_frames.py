"""Past runs as pandas' tables. pandas is imported when one is asked for."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from orp_tui.core.columns import OF_CONFIG, OF_METRICS, Column, metric_value, parse_column
from orp_tui.core.errors import UsageError
from orp_tui.core.past_run import PastRun, Scalar
from orp_tui.services.past_run_record import History, require_pandas

if TYPE_CHECKING:
    from pandas import DataFrame

    from orp_tui.services.past_runs import Runs

_Getter = Callable[[PastRun], Scalar]

_TEXT, _WHOLE, _TRUTH, _REAL, _TIME = "string", "Int64", "boolean", "float64", "time"

FACTS: dict[str, tuple[str, _Getter]] = {
    "id": (_TEXT, lambda run: run.id),
    "name": (_TEXT, lambda run: run.name),
    "state": (_TEXT, lambda run: run.state.value),
    "reason": (_TEXT, lambda run: run.reason),
    "detail": (_TEXT, lambda run: run.detail),
    "submitted": (_TIME, lambda run: run.submitted_at),
    "started": (_TIME, lambda run: run.started_at),
    "ended": (_TIME, lambda run: run.ended_at),
    "duration": (_REAL, lambda run: run.elapsed_s(time.time())),
    "seed": (_WHOLE, lambda run: run.seed),
    "deliverables": (
        _REAL,
        lambda run: (
            (run.deliverables_valid or 0) / run.deliverables_total if run.deliverables_total else None
        ),
    ),
    "primary": (_REAL, lambda run: run.primary_value),
    "size": (_WHOLE, lambda run: run.bytes),
    "zip": (_TEXT, lambda run: run.zip),
    "tags": (_TEXT, lambda run: " ".join(run.tags) or None),
    "star": (_TRUTH, lambda run: run.is_starred),
    "note": (_TEXT, lambda run: run.note or None),
    "group": (_TEXT, lambda run: run.group),
    "project": (_TEXT, lambda run: run.project),
    "by": (_TEXT, lambda run: run.submitted_by),
    "parent": (_TEXT, lambda run: run.parent),
    "batch": (_TEXT, lambda run: run.batch),
    "variant": (_TEXT, lambda run: run.variant),
    "commit": (_TEXT, lambda run: run.commit or None),
    "host": (_TEXT, lambda run: run.host or None),
    "exit": (_WHOLE, lambda run: run.exit_code),
}
"""What a table holds of every run: name of the column → its kind, and the value."""

_MORE: dict[str, tuple[str, _Getter]] = {
    "age": (_REAL, lambda run: time.time() - run.submitted_at),
    "archived": (_TRUTH, lambda run: run.is_archived),
    "retry_of": (_TEXT, lambda run: run.retry_of),
    "resume_of": (_TEXT, lambda run: run.resume_of),
    "imported_from": (_TEXT, lambda run: run.imported_from or None),
    "problem": (_TEXT, lambda run: run.problem or None),
}
"""What is there when it is asked for by name."""


def pandas() -> Any:  # Any: its stubs know more kinds of arrays than are told apart here
    return importlib.import_module("pandas")


def frame_of_runs(found: Runs, columns: Sequence[str] | None) -> DataFrame:
    """One row a run; see `Runs.to_pandas`."""
    require_pandas("to_pandas")
    from orp_tui.services.past_runs import stream

    named = _Everything() if columns is None else _Named(columns)
    rows = 0
    for rows, run in enumerate(stream(found), start=1):  # noqa: B007 - how many there were
        named.add(run)
    return _frame({name: _filled(kind, values, rows) for name, (kind, values) in named.columns().items()})


class _Named:
    """The columns that were asked for."""

    def __init__(self, names: Sequence[str]) -> None:
        if isinstance(names, str):
            raise UsageError(f"columns is a list of names, as [{names!r}]")
        self._columns = [(name, *_getter(name)) for name in names]
        self._values: list[list[Scalar]] = [[] for _ in names]

    def add(self, run: PastRun) -> None:
        for (_, _, value_of), values in zip(self._columns, self._values, strict=True):
            values.append(value_of(run))

    def columns(self) -> dict[str, tuple[str, list[Scalar]]]:
        return {
            name: (kind, values) for (name, kind, _), values in zip(self._columns, self._values, strict=True)
        }


class _Everything:
    """The facts of each run, and every config key and metric that any of them has, sorted by name."""

    def __init__(self) -> None:
        self._facts = _Named(list(FACTS))
        self._rows = 0
        self._configs: dict[str, list[Scalar]] = {}
        self._metrics: dict[str, list[Scalar]] = {}

    def add(self, run: PastRun) -> None:
        self._facts.add(run)
        row, self._rows = self._rows, self._rows + 1
        for key, value in run.config.items():
            _place(self._configs, key, row, value)
        for name, found in run.metrics.items():
            _place(self._metrics, name, row, found.last)

    def columns(self) -> dict[str, tuple[str, list[Scalar]]]:
        configs = {f"{OF_CONFIG}.{key}": ("", self._configs[key]) for key in sorted(self._configs)}
        metrics = {f"metric.{name}": (_REAL, self._metrics[name]) for name in sorted(self._metrics)}
        return {**self._facts.columns(), **configs, **metrics}


def _place(columns: dict[str, list[Scalar]], key: str, row: int, value: Scalar) -> None:
    """Put a value into its row; rows before it that had none get None."""
    column = columns.get(key)
    if column is None:
        column = columns[key] = []
    if len(column) < row:
        column.extend([None] * (row - len(column)))
    column.append(value)


def _filled(kind: str, values: list[Scalar], rows: int) -> tuple[str, list[Scalar]]:
    values.extend([None] * (rows - len(values)))
    return kind or _kind_of(values), values


def _kind_of(values: list[Scalar]) -> str:
    """The kind of a config key's column, as its values tell; `object` if they are of several kinds."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {bool}:
        return _TRUTH
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):  # type: ignore[operator]
        return _WHOLE
    if kinds and kinds <= {int, float}:
        return _REAL
    return _TEXT if kinds == {str} else "object"


def _getter(name: str) -> tuple[str, _Getter]:
    """Kind and value of a column. Raises UsageError for a name that is none."""
    known = FACTS.get(name) or _MORE.get(name)
    if known is not None:
        return known
    try:
        column = parse_column(name)
    except ValueError as error:
        raise UsageError(f"{error}; tables have {', '.join(_MORE)}, started and ended too") from None
    if column.kind == OF_CONFIG:
        return "", lambda run: run.config.get(column.key)
    assert column.kind in OF_METRICS, "every other column is a fact"
    return _REAL, _metric_of(column)


def _metric_of(column: Column) -> _Getter:
    return lambda run: metric_value(column, run)


def _frame(columns: dict[str, tuple[str, list[Scalar]]]) -> DataFrame:
    frame: DataFrame = pandas().DataFrame(
        {name: _array(kind, values) for name, (kind, values) in columns.items()}
    )
    return frame


def _array(kind: str, values: list[Any]) -> Any:  # Any: pandas has a class for each kind
    import numpy as np

    pd = pandas()
    if kind == _TIME:
        return _times(np.array([np.nan if value is None else value for value in values], dtype="float64"))
    if kind == _REAL:
        return np.array([np.nan if value is None else float(value) for value in values], dtype="float64")
    if kind == "object":
        return pd.Series(values, dtype="object").to_numpy()
    return pd.array(values, dtype=kind)


def _times(seconds: Any) -> Any:  # Any: as above
    """Seconds since 1970 → times in UTC to the microsecond; NaN, and what no calendar holds, → NaT."""
    import numpy as np

    pd = pandas()
    known = np.isfinite(seconds) & (np.abs(seconds) < 9e9)
    whole = np.where(known, np.round(np.where(known, seconds, 0.0) * 1e6), 0).astype("int64")
    stamps = whole.view("datetime64[us]")
    stamps[~known] = np.datetime64("NaT")
    return pd.DatetimeIndex(stamps).tz_localize("UTC")


def frame_of_history(history: History) -> DataFrame:
    """One row a point."""
    require_pandas("to_pandas")
    import numpy as np

    pd = pandas()
    columns = {
        "step": np.array(history.steps),
        "value": np.array(history.values),
        "time": _times(np.array(history.times)),
    }
    frame: DataFrame = pd.DataFrame(columns)
    return frame


def frame_of_histories(found: Runs, metric: str, *, chain: bool) -> DataFrame:
    """One row a point, run after run; see `Runs.history`."""
    require_pandas("history")
    import numpy as np

    pd = pandas()
    read = list(found.histories(metric, chain=chain))
    lengths = [len(history) for _, history in read]
    parts = {
        name: np.concatenate([np.empty(0), *(np.asarray(getattr(history, name)) for _, history in read)])
        for name in ("steps", "values", "times")
    }

    def each(values: list[Any], kind: str) -> Any:  # Any: pandas has a class for each kind
        return pd.array(values, dtype=kind).repeat(lengths)

    frame: DataFrame = pd.DataFrame(
        {
            "run": each([record.id for record, _ in read], _TEXT),
            "name": each([record.name for record, _ in read], _TEXT),
            "seed": each([record.seed for record, _ in read], _WHOLE),
            "step": parts["steps"],
            "value": parts["values"],
            "time": _times(parts["times"]),
        }
    )
    return frame
