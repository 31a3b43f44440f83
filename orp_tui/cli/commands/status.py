"""`orp status`: what runs, what waits and why. True also while no queue processor lives."""

from __future__ import annotations

import sys
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import duration
from orp_tui.services.context import open_context
from orp_tui.services.watch import RunView, Snapshot, snapshot


@click.command("status")
@base_dir
@as_json
def command(base_dir: str | None, as_json: bool) -> None:
    """What runs, what waits and why."""
    context = open_context(base_dir=base_dir)
    if not context.has_store:
        if as_json:
            output.emit_json({"leader": None, "runs": [], "counts": {}})
        else:
            output.say(f"nothing was run in {context.paths.base} yet; `orp run FILE` does")
        return
    with context.store() as connection:
        seen = snapshot(context.paths, connection, slots=context.slots)
    if as_json:
        output.emit_json(to_json(seen))
    else:
        show(seen)


def to_json(seen: Snapshot) -> dict[str, Any]:  # Any: JSON
    """A snapshot as scripts read it."""
    leader = seen.leader
    return {
        "leader": {"pid": leader.pid, "host": leader.host, "user": leader.user} if leader else None,
        "slots": seen.slots,
        "paused": seen.paused,
        "counts": {state.value: number for state, number in seen.counts.items()},
        "runs": [run_json(item, seen.at) for item in seen.unfinished],
    }


def run_json(item: RunView, now: float) -> dict[str, Any]:  # Any: JSON
    """One run as scripts read it."""
    return {
        "id": item.run.id,
        "name": item.run.name,
        "state": item.state.value,
        "marks": sorted(mark.value for mark in item.marks),
        "reason": item.reason,
        "detail": item.detail,
        "exit_code": item.exit_code,
        "signal": item.signal,
        "submitted_at": output.utc_time(item.run.submitted_at),
        "started_at": output.utc_time(item.started_at),
        "ended_at": output.utc_time(item.ended_at),
        "elapsed_s": item.elapsed_s(now),
    }


def show(seen: Snapshot) -> None:
    """The snapshot as lines."""
    leader = f"led by {seen.leader}" if seen.leader else "no queue processor"
    counts = ", ".join(f"{number} {state.value}" for state, number in seen.counts.items()) or "no runs"
    paused = f" · paused: {seen.paused}" if seen.paused else ""
    output.say(f"{leader} · {seen.slots} slots · {counts}{paused}")
    rows = [
        (
            item.run.id,
            one_line(item.run.name, 40),
            output.state_label(item.state, sys.stdout),
            duration(item.elapsed_s(seen.at)),
            _deliverables(item),
            _words(item),
        )
        for item in seen.unfinished
    ]
    if rows:
        output.emit(output.table(("RUN", "NAME", "STATE", "ELAPSED", "DELIV", "WHY"), rows, paint=2))
    waiting = any(item.state is RunState.QUEUED for item in seen.unfinished)
    if waiting and seen.leader is None:
        output.say("nothing starts without a queue processor: `orp queue start`")


def _deliverables(item: RunView) -> str:
    total = item.run.deliverables_total
    if not total:
        return "-"
    return f"{item.checklist.valid if item.checklist else 0}/{total}"


def _words(item: RunView) -> str:
    marks = " ".join(sorted(mark.value.replace("_", " ") for mark in item.marks))
    return "; ".join(word for word in (marks, item.detail or "") if word)
