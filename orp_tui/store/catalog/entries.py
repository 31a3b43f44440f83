"""A past run as the rows of the catalogue: a document that gives it back whole, and what is asked for beside it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import msgspec

from orp_tui.core.filters.folding import folded
from orp_tui.core.filters.values import config_number, config_text
from orp_tui.core.past_run import MetricValues, PastRun, Scalar, best_goal
from orp_tui.core.states import RunState

_FIELDS = tuple(field.name for field in dataclasses.fields(PastRun))
_STATE, _METRICS, _TAGS = (_FIELDS.index(name) for name in ("state", "metrics", "tags"))
_LARGEST = 1 << 63
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


@dataclasses.dataclass(frozen=True)
class Read:
    """A run as it was read."""

    run: PastRun
    unsure: int = 0
    """UNFINISHED and METRICS_MISSING, or 0: what may come though its row does not change."""


UNFINISHED = 1
METRICS_MISSING = 2
"""The observer has not read all of its metrics yet."""


def document(run: PastRun) -> bytes:
    """All of it, to be read by `run_of`. Texts hold no lone surrogates, numbers fit into 64 bits."""
    values: list[Any] = [getattr(run, name) for name in _FIELDS]  # Any: the fields of a PastRun
    values[_STATE] = run.state.value
    values[_METRICS] = {
        name: (found.first, found.last, found.lowest, found.highest, found.goal)
        for name, found in run.metrics.items()
    }
    return _encode(values)


class Unsound(Exception):
    """A document that nobody wrote there."""


def run_of(data: bytes) -> PastRun:
    """The run in a document. Raises Unsound."""
    try:
        values = _decode(data)
        values[_STATE] = RunState(values[_STATE])
        values[_METRICS] = {name: MetricValues(*found) for name, found in values[_METRICS].items()}
        values[_TAGS] = tuple(values[_TAGS])
        return PastRun(*values)
    except (msgspec.DecodeError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise Unsound(f"{type(error).__name__}: {error}") from error


def fits(value: Scalar) -> Scalar:
    """The same, or what comes near to it where the catalogue can't hold it: a whole number of over 64 bits."""
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        try:
            return float(value)
        except OverflowError:
            return str(value)
    return value


COLUMNS = (
    "submitted_at", "archived", "state", "search", "id", "name", "started_at", "ended_at", "reason", "exit_code",
    "seed", "valid", "declared", "bytes", "starred", "is_sample", "primary_value", "primary_name", "group_name",
    "project", "by_whom", "host", "zip", "zip_bytes", "tags", "note", "detail", "parent", "retry_of", "resume_of",
    "resumed_by", "batch", "variant", "tree", "commit_id", "file", "imported_from", "problem", "configs", "metrics", "unsure",
)  # fmt: skip
"""Of the table `entry`, but for its number."""

SEPARATOR = "\n"
"""Between id, name, tags and note in what bare words are looked for in."""


def columns(read: Read) -> tuple[object, ...]:
    """In the order of `COLUMNS`."""
    run = read.run
    tags = [folded(tag) for tag in run.tags]
    run_id, name, note = folded(run.id), folded(run.name), folded(run.note)
    is_sample = run.state is RunState.SUCCEEDED and run.resumed_by is None
    return (
        run.submitted_at, run.is_archived, run.state.value, SEPARATOR.join((run_id, name, *tags, note)), run_id, name,
        run.started_at, run.ended_at, _folded(run.reason), run.exit_code,
        run.seed, run.deliverables_valid, run.deliverables_total, run.bytes, run.is_starred, is_sample,
        run.primary_value, _folded(run.primary), folded(run.group),
        folded(run.project), folded(run.submitted_by), folded(run.host), folded(run.zip), run.zip_bytes,
        " ".join(tags), note, _folded(run.detail), _folded(run.parent), _folded(run.retry_of), _folded(run.resume_of),
        _folded(run.resumed_by), _folded(run.batch), folded(run.variant), run.tree, folded(run.commit),
        _folded(run.experiment_file), folded(run.imported_from), folded(run.problem), len(run.config), len(run.metrics),
        read.unsure,
    )  # fmt: skip


def _folded(text: str | None) -> str | None:
    return None if text is None else folded(text)


def config_rows(run: PastRun) -> Iterator[tuple[str, float | None, str]]:
    """Key, number and text of each value of the config."""
    for key, value in run.config.items():
        yield key, config_number(value), folded(config_text(value))


def metric_rows(run: PastRun) -> Iterator[tuple[object, ...]]:
    """Name, last, lowest, highest, first, and whether it gets better as it falls."""
    for name, found in run.metrics.items():
        falls = (found.goal or best_goal(name)) == "minimize"
        yield name, found.last, found.lowest, found.highest, found.first, falls


def finite(value: object) -> float | None:
    """A number as a float; None for all else, NaN and infinities too."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def resumed(run: PastRun, by: str | None) -> PastRun:
    """The same run as one that `by` goes on from."""
    return run if run.resumed_by == by else dataclasses.replace(run, resumed_by=by)
