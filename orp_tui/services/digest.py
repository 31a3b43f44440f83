"""While you were away: what ended and why, what was tried again, what runs now and what waits.

Made of rows and events; of runs that are not at their end, folders and kernel locks are asked
as `services.watch` does, so that it is true right after a queue processor was killed too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orp_tui.config.values import parse_duration
from orp_tui.core.errors import UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import Group
from orp_tui.core.run import Run
from orp_tui.core.states import Mark, RunState
from orp_tui.engine.alert_log import AlertRecord, read_alerts
from orp_tui.files.atomic import read_json, write_json
from orp_tui.services.best import best_first
from orp_tui.services.context import Context, actor
from orp_tui.services.judged import Standing, ended_standing
from orp_tui.services.watch import RunView, Snapshot, snapshot, view
from orp_tui.services.wishes import start_time
from orp_tui.store import groups, history, runs

Json = dict[str, Any]  # Any: values as JSON gives them

USUAL_S = 86_400.0
"""How far back a first digest looks."""
ORDER = (RunState.LOST, RunState.FAILED, RunState.INCOMPLETE, RunState.CANCELLED, RunState.SUCCEEDED)
"""Ends, the one that most wants attention first."""
LAST = "last"
_MOST_REMEMBERED = 10_000
MOST_COMPARED = 5_000
"""Runs of one name among which the best is looked for, the newest."""


@dataclasses.dataclass(frozen=True)
class Retry:
    """A run that the queue started by itself because another had failed."""

    run_id: str
    of: str
    state: RunState
    number: int
    """How often the experiment has been tried again by then."""


@dataclasses.dataclass(frozen=True)
class Best:
    """The best success of an experiment, if it came in the time that a digest tells of."""

    name: str
    run_id: str
    metric: Standing
    before: tuple[str, Standing] | None
    """The run that was the best until then; None if there was none."""


@dataclasses.dataclass(frozen=True)
class Alert:
    """A condition of a run that came true."""

    run_id: str
    name: str
    """The experiment's."""
    record: AlertRecord


@dataclasses.dataclass(frozen=True)
class Eta:
    """When the queue will be through, by how long like runs took."""

    seconds: float | None
    """None: no waiting or running run has a history."""
    unknown: int
    """Runs that have none and are not counted in."""


@dataclasses.dataclass(frozen=True)
class Digest:
    """What a person wants to know in the morning."""

    since: float
    """Seconds since 1970."""
    whence: str
    """How `since` came about: last, first or asked."""
    now: Snapshot
    ended: tuple[RunView, ...]
    """In the order of `ORDER`; of one state the last end first."""
    retries: tuple[Retry, ...]
    paused: tuple[Group, ...]
    """Groups from which nothing starts, each with the reason."""
    eta: Eta | None
    """None if nothing runs or waits, or if nothing starts."""
    bests: tuple[Best, ...] = ()
    """By experiment name."""
    alerts: tuple[Alert, ...] = ()
    """The newest first."""
    metrics: Mapping[str, Standing] = dataclasses.field(default_factory=dict)
    """Id of a run that has ended → how it stands by its primary metric; those without one are left out."""

    def ended_as(self, state: RunState) -> list[RunView]:
        return [item for item in self.ended if item.state is state]

    @property
    def active(self) -> list[RunView]:
        return [item for item in self.now.unfinished if item.state.is_active]

    @property
    def waiting(self) -> list[RunView]:
        return [item for item in self.now.unfinished if item.state is RunState.QUEUED]


def digest(context: Context, connection: sqlite3.Connection, since: str | None = None) -> Digest:
    """What happened since: `12h`, `2026-11-24 08:00`, `08:00` (the last one), or `last`.

    `last`, which None means too, is the last digest with `last` that this user asked for here; before the
    first one it is 24 hours. Asking for `last` moves it; `remember` writes that down.

    Raises UsageError for another text.
    """
    now = time.time()
    remembered: Json = _remembered(context.paths) if since in (None, LAST) else {}
    at, whence = _start(since, remembered, now)
    seen = snapshot(context.paths, connection, slots=context.slots)
    ended = _ended(context, connection, at, remembered.get("unfinished", ()))
    paused = tuple(item for item in groups.read(connection).values() if item.paused is not None)
    looked_at = [item.run for item in (*ended, *seen.unfinished) if item.state is not RunState.QUEUED]
    return Digest(
        since=at,
        whence=whence,
        now=seen,
        ended=tuple(sorted(ended, key=lambda item: (ORDER.index(item.state), -(item.ended_at or 0.0)))),
        retries=_retries(connection, at, seen),
        paused=paused,
        eta=_eta(history.durations(connection, (item.run.name for item in seen.unfinished)), seen, paused),
        bests=_bests(context.paths, connection, ended),
        alerts=_alerts(context.paths, looked_at, at),
        metrics=_metrics(context.paths, ended),
    )


def _start(since: str | None, remembered: Json, now: float) -> tuple[float, str]:
    if since in (None, LAST):
        at = remembered.get("at")
        return (float(at), LAST) if at is not None else (now - USUAL_S, "first")
    assert since is not None
    with contextlib.suppress(ValueError):
        return now - parse_duration(since), "asked"
    try:
        at = start_time(since, now=now)
    except UsageError:
        raise UsageError(
            f'--since {since}: no time; write 12h, "08:00", "2026-11-24 08:00", or last'
        ) from None
    if ":" in since and len(since) <= 5 and at > now:
        at -= 86_400.0  # the last such time of the day, not the next
    if at > now:
        raise UsageError(f"--since {since}: that time is still to come")
    return at, "asked"


def _ended(
    context: Context, connection: sqlite3.Connection, at: float, open_then: Sequence[str]
) -> list[RunView]:
    """The runs that have ended since, each once.

    Also those that were unfinished at the last digest whatever the clock says of their end: a run that was
    packing its zip then had ended before.
    """
    found = {run.id: view(context.paths, run) for run in runs.ended_since(connection, at)}
    for run_id in open_then:
        run = runs.get(connection, run_id) if run_id not in found else None
        if run is not None and run.state.is_final:
            found[run.id] = view(context.paths, run)
    for run in runs.unfinished(connection):
        item = view(context.paths, run)
        if item.state.is_final:  # true, and not yet written: no queue processor has seen it
            found[run.id] = item
    return list(found.values())


def _bests(paths: BasePaths, connection: sqlite3.Connection, ended: Sequence[RunView]) -> tuple[Best, ...]:
    """The experiments of which one of these successes is better than all that were before."""
    fresh = {item.run.id for item in ended if item.state is RunState.SUCCEEDED}
    found = []
    for name in sorted({item.run.name for item in ended if item.run.id in fresh}):
        known = runs.ended_of(connection, name, MOST_COMPARED)
        good = [run for run in known if run.state is RunState.SUCCEEDED]
        ranked = best_first(paths, good).get(name, [])
        if not ranked or ranked[0][0].id not in fresh:
            continue
        old = next(((run.id, metric) for run, metric in ranked if run.id not in fresh), None)
        run, metric = ranked[0]
        if old is None or old[1].value != metric.value:
            found.append(Best(name, run.id, metric, old))
    return tuple(found)


def _metrics(paths: BasePaths, ended: Sequence[RunView]) -> dict[str, Standing]:
    found = {item.run.id: ended_standing(paths.run(item.run.id)) for item in ended}
    return {run_id: standing for run_id, standing in found.items() if standing is not None}


def _alerts(paths: BasePaths, those: Sequence[Run], at: float) -> tuple[Alert, ...]:
    found = [
        Alert(run.id, run.name, record)
        for run in those
        for record in read_alerts(paths.run(run.id))
        if record.at >= at
    ]
    return tuple(sorted(found, key=lambda item: -item.record.at))


def _retries(connection: sqlite3.Connection, at: float, seen: Snapshot) -> tuple[Retry, ...]:
    states = {item.run.id: item.state for item in seen.unfinished}
    return tuple(
        Retry(run.id, run.retry_of, states.get(run.id, run.state), run.retry)
        for run in runs.retried_since(connection, at)
        if run.retry_of is not None
    )


def _eta(takes: Mapping[str, float], seen: Snapshot, paused: Sequence[Group]) -> Eta | None:
    """When the last run ends, if each takes as long as its like (`takes`: seconds by experiment name)."""
    shut = {item.name for item in paused}
    going = [
        item
        for item in seen.unfinished
        if item.state.is_active or not (Mark.HELD in item.marks or item.run.group in shut)
    ]
    if not going or seen.paused is not None or seen.leader is None:
        return None
    ends = [_ends_in(item, takes) for item in going]
    known = [end for end in ends if end is not None]
    return Eta(max(known) if known else None, len(ends) - len(known))


def _ends_in(item: RunView, takes: Mapping[str, float]) -> float | None:
    """Seconds until a run ends; None if nothing like it tells."""
    if item.state.is_active:
        return item.left_s
    begins = item.starts_in_s if item.starts_in_s is not None or item.detail is not None else 0.0
    return begins + takes[item.run.name] if begins is not None and item.run.name in takes else None


def remember(context: Context, shown: Digest) -> None:
    """Begin the next `last` where this digest ends."""
    everyone = _read(context.paths)
    unfinished = [item.run.id for item in shown.now.unfinished][:_MOST_REMEMBERED]
    everyone[_user()] = {"at": shown.now.at, "unfinished": unfinished}
    write_json(_file(context.paths), everyone)


def _remembered(paths: BasePaths) -> Json:
    found = _read(paths).get(_user())
    return found if isinstance(found, dict) and isinstance(found.get("at"), int | float) else {}


def _read(paths: BasePaths) -> Json:
    try:
        data = read_json(_file(paths))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _file(paths: BasePaths) -> Path:
    return paths.state / "digest.json"


def _user() -> str:
    return actor().rpartition("@")[0]
