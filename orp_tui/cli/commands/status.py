"""`orp status`: what runs, what waits and why. True also while no queue processor lives."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.core.needs import Group
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.sparkline import sparkline
from orp_tui.core.states import RunState
from orp_tui.core.words import duration, roughly
from orp_tui.engine.leadership import LeaderIdentity, read_leader
from orp_tui.services.context import Context, open_context
from orp_tui.services.judged import Standing
from orp_tui.services.watch import RunView, Snapshot, snapshot
from orp_tui.store import groups

SOON_S = 48 * 3600.0
"""A disk that is full later than this is not spoken of."""
LOOK_S = 0.2
"""So long metrics are read that are in no file of the run's own."""
_SPARK_FROM = 110
"""Columns of a terminal from which on there is room for the newest values as bars."""
_SPARK = 12

Stand = Mapping[str, Standing]
"""Run id → how it stands; a run that logged nothing is left out."""


@click.command("status")
@click.option("--watch", is_flag=True, help="Look again every second, until q or Ctrl-C.")
@base_dir
@as_json
def command(watch: bool, base_dir: str | None, as_json: bool) -> None:
    """What runs, what waits and why."""
    context = open_context(base_dir=base_dir)
    if watch:
        from orp_tui.cli.watching import watch as again_and_again

        again_and_again(lambda: _rows_now(context, as_json=as_json), drawn=not as_json)
        return
    found = _look(context)
    if as_json:
        output.emit_json(_nothing_json(context) if found is None else to_json(*found))
    elif found is None:
        output.say(_nothing_yet(context))
    else:
        show(*found)


def _nothing_json(context: Context) -> dict[str, Any]:  # Any: JSON
    """What there is before the first run; a queue processor that has just begun makes the database in a moment."""
    return {"leader": _leader_json(read_leader(context.paths)), "runs": [], "counts": {}}


def _leader_json(leader: LeaderIdentity | None) -> dict[str, Any] | None:  # Any: JSON
    return {"pid": leader.pid, "host": leader.host, "user": leader.user} if leader else None


def _look(context: Context) -> tuple[Snapshot, list[Group], Stand] | None:
    """Everything at one moment; None if nothing was ever run here."""
    if not context.has_store:
        return None
    with context.store() as connection:
        said = groups.read(connection)
        seen = snapshot(context.paths, connection, slots=context.slots)
    return seen, [said[name] for name in sorted(said)], standing_of_all(context, seen.unfinished)


def standing_of_all(context: Context, views: Sequence[RunView]) -> dict[str, Standing]:
    """How those of these runs stand that have logged anything."""
    if not any(item.state.is_active for item in views):
        return {}
    from orp_tui.services.standing import Standings

    standings = Standings(context.paths)
    found = {item.run.id: standings.of(item) for item in views}
    if any(found[item.run.id] is None and item.state.is_active for item in views):
        standings.advance(LOOK_S)  # half read, a value is not the newest: then what was known before counts
        found |= {item.run.id: standings.of(item) for item in views if standings.is_sure_of(item)}
    return {run_id: standing for run_id, standing in found.items() if standing is not None}


def _nothing_yet(context: Context) -> str:
    return f"nothing was run in {context.paths.base} yet; `orp run FILE` does"


def _rows_now(context: Context, *, as_json: bool) -> list[str]:
    found = _look(context)
    if as_json:
        return [json.dumps(output.finite(_nothing_json(context) if found is None else to_json(*found)))]
    if found is None:
        return [_nothing_yet(context)]
    seen, said, stand = found
    head, foot = _heading(seen), _footing(seen)
    return [sanitise(line) for line in (head, *lines_of_groups(seen, said))] + _table(seen, stand) + foot


def to_json(
    seen: Snapshot, said: Sequence[Group] = (), stand: Stand | None = None
) -> dict[str, Any]:  # Any: JSON
    """A snapshot as scripts read it."""
    stand = stand or {}
    return {
        "leader": _leader_json(seen.leader),
        "slots": seen.slots,
        "paused": seen.paused,
        "groups": [{"name": item.name, "slots": item.slots, "paused": item.paused} for item in said],
        "counts": {state.value: number for state, number in seen.counts.items()},
        "runs": [
            run_json(item, seen.at) | {"metric": metric_json(stand.get(item.run.id))}
            for item in seen.unfinished
        ],
    }


def metric_json(standing: Standing | None) -> dict[str, Any] | None:  # Any: JSON
    """How a run stands, as scripts read it; None if nothing was logged."""
    if standing is None:
        return None
    return {
        "name": standing.name,
        "value": standing.value,
        "step": standing.step,
        "goal": standing.goal if standing.is_primary else None,
        "at": standing.at or None,
        "warning": standing.warning or None,
    }


def run_json(item: RunView, now: float) -> dict[str, Any]:  # Any: JSON
    """One run as scripts read it."""
    return {
        "id": item.run.id,
        "name": item.run.name,
        "state": item.state.value,
        "marks": sorted(mark.value for mark in item.marks),
        "group": item.run.group,
        "priority": item.run.priority,
        "gpus": list(item.run.cards),
        "reason": item.reason,
        "detail": item.detail,
        "exit_code": item.exit_code,
        "signal": item.signal,
        "submitted_at": output.utc_time(item.run.submitted_at),
        "started_at": output.utc_time(item.started_at),
        "ended_at": output.utc_time(item.ended_at),
        "elapsed_s": item.elapsed_s(now),
        "left_s": item.left_s,
        "starts_in_s": item.starts_in_s,
        "alert": item.alert or None,
    }


def show(seen: Snapshot, said: Sequence[Group] = (), stand: Stand | None = None) -> None:
    """The snapshot as lines."""
    for line in (_heading(seen), *lines_of_groups(seen, said)):
        output.say(sanitise(line))
    for line in _table(seen, stand or {}):
        output.emit(line)
    for line in _footing(seen):
        output.say(line)


def _heading(seen: Snapshot) -> str:
    leader = f"led by {seen.leader}" if seen.leader else "no queue processor"
    counts = ", ".join(f"{number} {state.value}" for state, number in seen.counts.items()) or "no runs"
    paused = f" · paused: {seen.paused}" if seen.paused else ""
    return f"{leader} · {seen.slots} slots · {counts}{paused}"


def lines_of_groups(seen: Snapshot, said: Sequence[Group]) -> list[str]:
    """`group sweeps: 2 slots · paused: by maria@box`, of groups that are paused or have runs in the queue."""
    busy = {item.run.group for item in seen.unfinished}
    lines = []
    for item in said:
        if item.paused is None and item.name not in busy:
            continue
        words = [] if item.slots is None else [f"{item.slots} slot{'' if item.slots == 1 else 's'}"]
        words += [] if item.paused is None else [f"paused: {item.paused}"]
        if words:
            lines.append(f"group {item.name}: {' · '.join(words)}")
    return lines


def _table(seen: Snapshot, stand: Stand) -> list[str]:
    if not seen.unfinished:
        return []
    headings = ["RUN", "NAME", "STATE", "ELAPSED", "DELIV"]
    headings += ["METRIC"] if stand else []
    has_bars = output.room() >= _SPARK_FROM and any(found.heights for found in stand.values())
    headings += ["TREND"] if has_bars else []
    rows = []
    for item in seen.unfinished:
        cells = [
            item.run.id,
            one_line(item.run.name, 40),
            output.state_label(item.state, sys.stdout),
            duration(item.elapsed_s(seen.at)),
            _deliverables(item),
        ]
        found = stand.get(item.run.id)
        cells += [found.words if found else "-"] if stand else []
        cells += [_bars(found)] if has_bars else []
        rows.append((*cells, _words(item)))
    return output.table((*headings, "WHY"), rows, paint=2).split("\n")


def _bars(found: Standing | None) -> str:
    return sparkline(found.heights, _SPARK, ascii_only=not output.can_draw(sys.stdout)) if found else ""


def _footing(seen: Snapshot) -> list[str]:
    lines = []
    if seen.disk is not None and seen.disk.full_in_s < SOON_S:
        lines.append(f"the disk of the runs is {seen.disk}")
    waiting = any(item.state is RunState.QUEUED for item in seen.unfinished)
    if waiting and seen.leader is None:
        lines.append("nothing starts without a queue processor: `orp queue start`")
    return lines


def _deliverables(item: RunView) -> str:
    total = item.run.deliverables_total
    if not total:
        return "-"
    return f"{item.checklist.valid if item.checklist else 0}/{total}"


def _words(item: RunView) -> str:
    marks = " ".join(sorted(mark.value.replace("_", " ") for mark in item.marks))
    words = [marks, f"alert: {one_line(item.alert, 100)}" if item.alert else "", item.detail or ""]
    if item.run.cards:
        words.append("on " + ", ".join(f"GPU{index}" for index in item.run.cards))
    if item.left_s is not None:
        words.append(f"{roughly(item.left_s)} left")
    if item.starts_in_s is not None:
        words.append(f"starts in {roughly(item.starts_in_s)}")
    return "; ".join(word for word in words if word)
