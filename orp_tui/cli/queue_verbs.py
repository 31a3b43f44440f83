"""The verbs of `orp queue` that are about runs that wait: list, hold, release, priority, move, clear, refreeze."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.commands import status
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.run_argument import RunType
from orp_tui.cli.selecting import REFUSED, filtering, selected, selecting, show_answers
from orp_tui.core.answer import Answer
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.run import Run
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.states import RunState
from orp_tui.services import queue_acts
from orp_tui.services.code_diff import TreeWatch
from orp_tui.services.context import Context, actor, open_context
from orp_tui.services.control import ensure_leader
from orp_tui.services.reference import find_run
from orp_tui.services.selection import Selection, select


def require_group(connection: sqlite3.Connection, group: str) -> None:
    """Raise UsageError, with the groups there are, for one that is none of them."""
    known = queue_acts.known_groups(connection)
    if group not in known:
        raise UsageError(f"{group}: no such group; there are {', '.join(sorted(known))}")


@click.command("list")
@base_dir
@as_json
def list_(base_dir: str | None, as_json: bool) -> None:
    """The runs that wait, in the order in which they would start, and why they wait."""
    context = open_context(base_dir=base_dir)
    waiting: list[queue_acts.Waiting] = []
    lines: list[str] = []
    if context.has_store:
        with context.store() as connection:
            seen, waiting = queue_acts.waiting(context.paths, connection, slots=context.slots)
            lines = status.lines_of_groups(seen, queue_acts.groups_of(connection))
        if seen.paused:
            lines.insert(0, f"paused: {seen.paused}")
    watch = TreeWatch(context)
    changed = {item.view.run.id: watch.changed_since(item.view.run) for item in waiting}
    if as_json:
        output.emit_json(
            [_waiting_json(item) | {"changed_since_submit": changed[item.view.run.id]} for item in waiting]
        )
        return
    for line in lines:
        output.say(sanitise(line))
    if not waiting:
        output.say("nothing waits")
        return
    rows = [
        (
            str(item.place),
            item.view.run.id,
            one_line(item.view.run.name, 32),
            str(item.view.run.priority),
            one_line(item.view.run.group, 32),
            one_line(item.code or "-", 40),
            one_line(item.why, 200),
        )
        for item in waiting
    ]
    output.emit(output.table(("#", "RUN", "NAME", "PRIO", "GROUP", "CODE", "WHY"), rows))
    for words in dict.fromkeys(word for word in changed.values() if word is not None):
        ids = [run_id for run_id, word in changed.items() if word == words]
        who = ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"
        output.say(
            sanitise(
                f"{who}: {words}; `orp diff {ids[0]} --code` shows it, `orp queue refreeze` takes it over"
            )
        )


def _waiting_json(item: queue_acts.Waiting) -> dict[str, Any]:  # Any: JSON
    run = item.view.run
    return {
        "place": item.place,
        "id": run.id,
        "name": run.name,
        "priority": run.priority,
        "group": run.group,
        "batch": run.batch,
        "seed": run.seed,
        "held": run.held,
        "starts_at": output.utc_time(run.starts_at),
        "after": [dependency.to_json() for dependency in run.after],
        "why": item.why,
        "code": item.code,
        "submitted_at": output.utc_time(run.submitted_at),
    }


def _waits(state: RunState) -> bool:
    return state is RunState.QUEUED


def _act(
    references: Sequence[str],
    filters: dict[str, Any],  # Any: as click hands them
    base_dir: str | None,
    act: Callable[[Context, sqlite3.Connection, Sequence[Run]], list[Answer]],
    *,
    as_json: bool,
) -> int:
    """Do something to the runs that are meant; the exit code."""
    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=_waits) as (connection, chosen):
        answers = act(context, connection, chosen.runs)
    return show_answers(answers, as_json=as_json)


@click.command("hold")
@selecting
@base_dir
@as_json
def hold(references: tuple[str, ...], base_dir: str | None, as_json: bool, **filters: Any) -> int:
    """Keep runs from starting until `orp queue release`."""
    return _act(
        references, filters, base_dir,
        lambda _context, connection, found: queue_acts.hold(connection, found, by=actor()),
        as_json=as_json,
    )  # fmt: skip


@click.command("release")
@selecting
@base_dir
@as_json
def release(references: tuple[str, ...], base_dir: str | None, as_json: bool, **filters: Any) -> int:
    """Let held and delayed runs start as soon as there is room."""
    code = _act(
        references, filters, base_dir,
        lambda _context, connection, found: queue_acts.release(connection, found, by=actor()),
        as_json=as_json,
    )  # fmt: skip
    ensure_leader(open_context(base_dir=base_dir))
    return code


@click.command("priority", context_settings={"ignore_unknown_options": True})
@click.argument("priority", metavar="N|low|normal|high")
@selecting
@base_dir
@as_json
def priority_(
    priority: str, references: tuple[str, ...], base_dir: str | None, as_json: bool, **filters: Any
) -> int:
    """Let runs start before those of a lower priority."""
    number = queue_acts.read_priority(priority)
    return _act(
        references, filters, base_dir,
        lambda _context, connection, found: queue_acts.set_priority(connection, found, number, by=actor()),
        as_json=as_json,
    )  # fmt: skip


@click.command("move")
@click.argument(
    "words", metavar="[RUN]... top|bottom|up|down|before OTHER", nargs=-1, required=True, type=RunType()
)
@filtering
@base_dir
@as_json
def move(words: tuple[str, ...], base_dir: str | None, as_json: bool, **filters: Any) -> int:
    """Move waiting runs among those of their priority; `before OTHER` gives them OTHER's."""
    references, where, other = _place_of(words)

    def act(context: Context, connection: sqlite3.Connection, found: Sequence[Run]) -> list[Answer]:
        before = None if other is None else find_run(connection, other, context.paths)
        return queue_acts.move(connection, found, where, by=actor(), before=before)

    return _act(references, filters, base_dir, act, as_json=as_json)


def _place_of(words: Sequence[str]) -> tuple[Sequence[str], str, str | None]:
    """The runs, where to, and before which other one."""
    if len(words) >= 2 and words[-2] == "before":
        return words[:-2], "before", words[-1]
    if words[-1] in queue_acts.PLACES:
        return words[:-1], words[-1], None
    raise click.UsageError("where to? The last words are top, bottom, up, down, or before OTHER")


@click.command("clear")
@click.option("--group", metavar="G", help="Only runs of this group.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@base_dir
@as_json
def clear(group: str | None, yes: bool, base_dir: str | None, as_json: bool) -> int:
    """Cancel all runs that wait; what runs goes on. Asks in a terminal."""
    context = open_context(base_dir=base_dir)
    if not context.has_store:
        return _nothing_waits(as_json=as_json)
    with context.store() as connection:
        if group is not None:
            require_group(connection, group)
        found = select(connection, context.paths, (), Selection(all_queued=True, group=group)).runs
        if not found:
            return _nothing_waits(as_json=as_json)
        if not yes and sys.stdin.isatty() and sys.stderr.isatty():
            what = "1 run that waits" if len(found) == 1 else f"{len(found)} runs that wait"
            inside = "" if group is None else f" in group {sanitise(group)}"
            click.confirm(f"cancel {what}{inside}?", abort=True, err=True)
        answers = queue_acts.clear(context.paths, connection, found, by=actor())
    return show_answers(answers, as_json=as_json)


def _nothing_waits(*, as_json: bool) -> int:
    if as_json:
        output.emit_json([])
    output.say("nothing waits")
    return 0


@click.command("refreeze")
@selecting
@base_dir
@as_json
def refreeze(references: tuple[str, ...], base_dir: str | None, as_json: bool, **filters: Any) -> int:
    """Give waiting runs the project's code of now, as after a bug fix.

    Each is replaced by a new run in its place; those that wait for it wait for the new one.
    """
    from orp_tui.services import refreezing
    from orp_tui.services.shared_freeze import SharedFreeze

    context = open_context(base_dir=base_dir)
    done: list[tuple[Run, refreezing.Refrozen]] = []
    code = 0
    with selected(context, references, filters, fit=_waits) as (connection, chosen):
        shared = SharedFreeze(context)
        for run in chosen.runs:
            try:
                done.append((run, refreezing.refreeze(context, connection, run, by=actor(), shared=shared)))
            except OrpError as error:
                code = REFUSED
                output.say(f"orp: {sanitise(str(error), keep_newlines=True)}")
    if as_json:
        output.emit_json([{"id": item.run_id, "of": run.id, "replaced": item.replaced} for run, item in done])
        return code
    for run, item in done:
        if item.replaced:
            output.emit(f"{run.id}: replaced by {item.run_id}")
        else:
            output.emit(f"{run.id}: has the code of now already")
    return code


VERBS = (list_, hold, release, priority_, move, clear, refreeze)
