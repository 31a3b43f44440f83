"""Read and advance runs. The only writer of a state.

Every change names the version it has read (compare-and-set), goes along the table in
`core.states`, and appends its event in the same transaction.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from orp_tui.core.needs import NO_NEEDS, Dependency, Needs
from orp_tui.core.run import Run
from orp_tui.core.states import RunState, advance
from orp_tui.store import events
from orp_tui.store.database import transaction

if TYPE_CHECKING:
    from orp_tui.core.request import RunRequest

_FIELDS = tuple(field.name for field in dataclasses.fields(Run))
_COLUMN_OF = {"group": "group_name"}  # GROUP is a word of SQL
_COLUMNS = ", ".join(_COLUMN_OF.get(name, name) for name in _FIELDS)
COLUMNS = tuple(_COLUMN_OF.get(name, name) for name in _FIELDS)
"""The columns of the table, in the order of the fields of `Run`."""
_ORDER = "ORDER BY priority DESC, position, seq"


@dataclasses.dataclass(frozen=True)
class NewRun:
    """What a submission knows of a run."""

    id: str
    name: str
    submitted_at: float
    actor: str
    """Who submits, `user@host`."""
    priority: int = 0
    held: bool = False
    workspace: str = "isolated"
    project: str = ""
    retry_of: str | None = None
    deliverables_total: int = 0
    config_sha256: str = ""
    idempotency_key: str | None = None
    group: str = "default"
    starts_at: float | None = None
    needs: Needs = NO_NEEDS
    locks: tuple[str, ...] = ()
    after: tuple[Dependency, ...] = ()
    batch: str | None = None
    seed: int | None = None
    retry: int = 0
    experiment_file: str | None = None

    @classmethod
    def of(cls, request: RunRequest, *, held: bool = False) -> NewRun:
        """What the queue repeats of a request."""
        return cls(
            id=request.id,
            name=request.name,
            submitted_at=request.submitted_at,
            actor=request.submitted_by,
            priority=request.priority,
            held=held,
            workspace=request.workspace,
            project=request.project,
            retry_of=request.retry_of,
            deliverables_total=len(request.deliverables),
            config_sha256=request.config_sha256,
            idempotency_key=request.key,
            group=request.group,
            starts_at=request.starts_at,
            needs=request.needs,
            locks=request.locks,
            after=request.after,
            batch=request.batch,
            seed=request.seed,
            retry=request.retry,
            experiment_file=request.experiment_file,
        )

    def columns(self) -> dict[str, Any]:  # Any: fields of Run
        """Its part of the row."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del values["actor"], values["idempotency_key"]
        return values


def insert(connection: sqlite3.Connection, run: NewRun) -> str:
    """The id of the queued run: of this one, or of the one that came first with the same key.

    A rebuild that came between the run's folder and this call has put the run into the queue already.
    """
    with transaction(connection):
        if get(connection, run.id) is not None:
            return run.id
        if run.idempotency_key is not None:
            known = find_by_key(connection, run.idempotency_key)
            if known is not None:
                return known
            connection.execute("INSERT INTO idempotency VALUES (?, ?)", (run.idempotency_key, run.id))
        _insert(connection, {**run.columns(), "state": RunState.QUEUED})
        events.append(connection, run.id, run.submitted_at, run.actor, "submit", None)
    return run.id


def find_by_key(connection: sqlite3.Connection, key: str) -> str | None:
    """The run that was submitted with an idempotency key."""
    row = connection.execute("SELECT run_id FROM idempotency WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def get(connection: sqlite3.Connection, run_id: str) -> Run | None:
    """One run by its whole id."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM run WHERE id = ?", (run_id,)).fetchone()  # noqa: S608 - constants
    return _run(row) if row else None


def unfinished(connection: sqlite3.Connection) -> list[Run]:
    """Queued and active runs, in the order in which they would start."""
    return _select(connection, f"WHERE state IN ('queued', 'starting', 'running', 'finishing') {_ORDER}")


def newest(connection: sqlite3.Connection, limit: int, *, final_only: bool = False) -> list[Run]:
    """The runs submitted last, newest first."""
    where = "WHERE state NOT IN ('queued', 'starting', 'running', 'finishing')" if final_only else ""
    return _select(connection, f"{where} ORDER BY seq DESC LIMIT ?", (limit,))


def ended_of(connection: sqlite3.Connection, name: str, limit: int) -> list[Run]:
    """The newest runs of an experiment that have ended, the newest first."""
    return _select(
        connection,
        "WHERE name = ? AND state NOT IN ('queued', 'starting', 'running', 'finishing') ORDER BY seq DESC LIMIT ?",
        (name, limit),
    )


def matching(connection: sqlite3.Connection, prefix: str, *, limit: int = 20) -> list[Run]:
    """Runs whose id begins with `prefix`, or begins with it after `exp_` or in its last part; newest first."""
    escaped = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return _select(
        connection,
        "WHERE id LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\' ORDER BY seq DESC LIMIT ?",
        (escaped + "%", "exp\\_" + escaped + "%", "exp\\_%\\_%\\_" + escaped + "%", limit),
    )


def some(connection: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, Run]:
    """These runs by id; one that is not there is left out."""
    found = _select(connection, "WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(run_ids)),))
    return {run.id: run for run in found}


def named(connection: sqlite3.Connection, name: str) -> Run | None:
    """The newest run of an experiment."""
    found = _select(connection, "WHERE name = ? ORDER BY seq DESC LIMIT 1", (name,))
    return found[0] if found else None


def of_files(connection: sqlite3.Connection, files: Sequence[str]) -> dict[str, Run]:
    """The run that stands for each experiment file: the newest of those furthest on, else of all that have ended.

    Files without a run are left out.
    """
    wanted = json.dumps(list(files))
    found = _select(
        connection,
        "WHERE seq IN (SELECT (SELECT MAX(seq) FROM run WHERE experiment_file = value) FROM json_each(?))",
        (wanted,),
    )
    for state in ("queued", "starting", "running", "finishing"):
        found += _select(
            connection,
            "WHERE seq IN (SELECT MAX(seq) FROM run WHERE state = ? "
            "AND experiment_file IN (SELECT value FROM json_each(?)) GROUP BY experiment_file)",
            (state, wanted),
        )
    return {run.experiment_file: run for run in found if run.experiment_file is not None}


def newest_without_file(connection: sqlite3.Connection, names: Sequence[str]) -> dict[str, Run]:
    """The newest run of each experiment of which nobody noted the file; names without one are left out."""
    wanted = json.dumps(list(names))
    found = _select(
        connection,
        "WHERE seq IN (SELECT (SELECT MAX(seq) FROM run WHERE name = value AND experiment_file IS NULL) "
        "FROM json_each(?))",
        (wanted,),
    )
    return {run.name: run for run in found}


def success_of(connection: sqlite3.Connection, config_sha256: str) -> Run | None:
    """The newest success of the same experiment, as `config.plan.experiment_hash` tells; None if there is none."""
    found = _select(
        connection,
        "WHERE config_sha256 = ? AND state = ? ORDER BY seq DESC LIMIT 1",
        (config_sha256, RunState.SUCCEEDED.value),
    )
    return found[0] if found else None


def ended_since(connection: sqlite3.Connection, at: float) -> list[Run]:
    """Runs that are written as ended at `at` or later, the last end first."""
    return _select(
        connection,
        "WHERE state NOT IN ('queued', 'starting', 'running', 'finishing') AND ended_at >= ? ORDER BY ended_at DESC",
        (at,),
    )


def retried_since(connection: sqlite3.Connection, at: float) -> list[Run]:
    """Runs that the queue submitted by itself at `at` or later because another had failed, oldest first."""
    return _select(connection, "WHERE retry > 0 AND submitted_at >= ? ORDER BY seq", (at,))


def counts(connection: sqlite3.Connection) -> dict[RunState, int]:
    """How many runs stand in each state; states without runs are left out."""
    rows = connection.execute("SELECT state, COUNT(*) FROM run GROUP BY state")
    return {RunState(state): number for state, number in rows}


def states(connection: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, RunState]:
    """The states of runs by id; one that is not there is left out."""
    marks = ", ".join("?" for _ in run_ids)
    rows = connection.execute(f"SELECT id, state FROM run WHERE id IN ({marks})", tuple(run_ids))  # noqa: S608 - marks
    return {run_id: RunState(state) for run_id, state in rows}


def claim(
    connection: sqlite3.Connection,
    run: Run,
    *,
    at: float,
    cards: tuple[int, ...] = (),
    detail: str | None = None,
) -> Run | None:
    """The run as `starting` with its next attempt and its cards; None if it is not queued as read any more.

    `detail` is what should be known of the start; None takes back what was said of an earlier one.
    """
    attempt = run.attempt + 1
    return move(connection, run, "claim", at=at, attempt=attempt, not_before=None, cards=cards, detail=detail)


def move(
    connection: sqlite3.Connection,
    run: Run,
    event: str,
    *,
    at: float,
    actor: str = "leader",
    **values: object,
) -> Run | None:
    """The run after `event`, with `values` set beside it; None if it has changed since it was read.

    A `detail` among the values is the event's detail too.

    Raises IllegalTransition if the table has no such step.
    """
    state = advance(run.id, run.state, event)
    assert set(values) <= set(_FIELDS)
    detail = values.get("detail")
    with transaction(connection):
        if not set_values(connection, run, {"state": state.value, **values}):
            return None
        events.append(connection, run.id, at, actor, event, detail if isinstance(detail, str) else None)
        return get(connection, run.id)


def _insert(connection: sqlite3.Connection, values: dict[str, object]) -> None:
    """Add a row; without a place of its own it comes last."""
    names = ", ".join(_COLUMN_OF.get(name, name) for name in values)
    marks = ", ".join("?" for _ in values)
    row_values = [stored(value) for value in values.values()]
    row = connection.execute(f"INSERT INTO run ({names}) VALUES ({marks})", row_values).lastrowid  # noqa: S608 - ours
    if not values.get("position"):
        connection.execute("UPDATE run SET position = seq WHERE seq = ?", (row,))


def set_values(connection: sqlite3.Connection, run: Run, values: dict[str, object]) -> bool:
    """Whether the row was still as it was read; for the modules of the store, in their transactions."""
    assignments = ", ".join(f"{_COLUMN_OF.get(name, name)} = ?" for name in values)
    cursor = connection.execute(
        f"UPDATE run SET {assignments}, version = version + 1 WHERE id = ? AND version = ? AND state = ?",  # noqa: S608 - our names
        (*map(stored, values.values()), run.id, run.version, run.state.value),
    )
    return cursor.rowcount == 1


def note(connection: sqlite3.Connection, run: Run, **values: object) -> Run | None:
    """The run with `values` set and its state as it was; None if it has changed since it was read."""
    assert set(values) <= set(_FIELDS) - {"state", "version", "id", "seq"}
    with transaction(connection):
        return get(connection, run.id) if set_values(connection, run, values) else None


def touch(
    connection: sqlite3.Connection,
    run_id: str,
    *,
    at: float,
    actor: str,
    kind: str | None,
    detail: str | None,
) -> None:
    """Raise the version of a run whose facts outside the database have changed, so that lists read them again.

    `kind` and `detail` make an event of it; None makes none. Call it in a transaction, after the facts
    are on disk; a run that is not there is no matter.
    """
    changed = connection.execute("UPDATE run SET version = version + 1 WHERE id = ?", (run_id,)).rowcount
    if changed and kind is not None:
        events.append(connection, run_id, at, actor, kind, detail)


def request_cancel(
    connection: sqlite3.Connection, run_id: str, *, at: float, by: str, detail: str | None = None
) -> Run | None:
    """The run after the wish to cancel it: a queued one is cancelled at once, an active one marked.

    A second wish changes nothing. `detail` is the evidence kept for a queued one, None for the
    usual words. None if there is no such run.
    """
    with transaction(connection):
        run = get(connection, run_id)
        if run is None or run.state.is_final:
            return run
        values: dict[str, object] = {"cancel_requested_at": at, "cancel_by": by}
        if run.state is RunState.QUEUED:
            detail = detail or f"cancelled by {by} before it started"
            values |= {
                "state": RunState.CANCELLED.value,
                "reason": "cancelled",
                "ended_at": at,
                "detail": detail,
            }
            kind = "cancel"
        elif run.cancel_requested_at is None:
            kind = "cancel_requested"
        else:
            return run
        set_values(connection, run, values)
        events.append(connection, run_id, at, by, kind, detail)
        return get(connection, run_id)


def insert_known(connection: sqlite3.Connection, run: Run, *, actor: str) -> None:
    """Put back a run that the folders know and the database does not; call it in a transaction.

    `seq` is given anew, so the order of the calls is the order of submission. Its history begins
    with one event `rebuilt`, whose detail is the state in which it is put back.
    """
    _insert(connection, {name: getattr(run, name) for name in _FIELDS if name != "seq"})
    events.append(connection, run.id, run.submitted_at, actor, "rebuilt", run.state.value)


def to_row(run: Run) -> tuple[object, ...]:
    """Its values as SQLite holds them, in the order of COLUMNS."""
    return tuple(stored(getattr(run, name)) for name in _FIELDS)


def of_row(row: Sequence[Any]) -> Run:  # Any: values of columns
    """The run in a row of COLUMNS."""
    return _run(row)


def _select(connection: sqlite3.Connection, tail: str, values: Iterable[object] = ()) -> list[Run]:
    return [_run(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM run {tail}", tuple(values))]  # noqa: S608 - our text


def stored(value: object) -> object:
    """A field's value as SQLite holds it."""
    if isinstance(value, RunState):
        return value.value
    if isinstance(value, Needs):
        return json.dumps(value.to_json())
    if isinstance(value, tuple):
        return json.dumps([item.to_json() if isinstance(item, Dependency) else item for item in value])
    return value


def _run(row: Sequence[Any]) -> Run:  # Any: values of columns
    values = dict(zip(_FIELDS, tuple(row), strict=True))
    values["state"] = RunState(values["state"])
    values["held"] = bool(values["held"])
    for name in ("locks", "cards"):
        values[name] = tuple(json.loads(values[name])) if values[name] != "[]" else ()
    values["needs"] = Needs.from_json(json.loads(values["needs"])) if values["needs"] != "{}" else Needs()
    after = json.loads(values["after"]) if values["after"] != "[]" else ()
    values["after"] = tuple(Dependency.from_json(item) for item in after)
    return Run(**values)
