"""`orp rm RUN…`: remove whole runs, to the trash first."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir, base_option
from orp_tui.cli.progress import runs_bar
from orp_tui.cli.selecting import REFUSED, selected, selecting
from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.states import RunState
from orp_tui.core.words import counted, duration, size
from orp_tui.services.context import Context, actor, open_context
from orp_tui.services.removal import Removal, Removed, RunToRemove, plan_removal, remove

_MOST_SHOWN = 20
_EASY = 5
"""Of more runs than this the number is to be typed."""


@click.command("rm")
@selecting
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Remove whole runs: folder, zip and their place in the lists.

    Shows what goes and how large it is, asks, and moves it to the trash of the base directory. From there
    `orp clean --restore RUN` puts a run back as it was; the space is free after `orp clean
    --empty-trash`. Runs that go on, that another waits for or goes on from stay. `orp clean` frees space and
    keeps the runs.
    """
    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=_has_ended) as (connection, chosen):
        with runs_bar("looking at runs") as progress:
            plan = plan_removal(context, connection, [run.id for run in chosen.runs], progress)
        if not as_json:
            _show(plan)
        if dry_run or not plan.going:
            if as_json:
                output.emit_json(_plan_json(plan))
            return REFUSED if plan.refused and not chosen.by_filter else 0
        output.flush_all()  # what could not be shown is not done
        if not yes:
            _ask(plan)
        with runs_bar("removing runs") as progress:
            done = remove(context, connection, plan, by=actor(), progress=progress)
    return _report(context, plan, done, by_filter=chosen.by_filter, as_json=as_json)


def _has_ended(state: RunState) -> bool:
    return state.is_final


def _show(plan: Removal) -> None:
    """What goes, on stderr: the answer of the command is what went."""
    if plan.going:
        now = time.time()
        rows = [
            (
                item.run_id,
                one_line(item.run.name, 40),
                output.state_label(item.run.state, sys.stderr),
                duration(now - (item.run.ended_at or item.run.submitted_at)),
                size(item.bytes or None),
                "" if item.has_folder else "its folder is gone",
            )
            for item in plan.going[:_MOST_SHOWN]
        ]
        output.say(output.table(("RUN", "NAME", "STATE", "AGE", "SIZE", ""), rows, paint=2))
        if len(plan.going) > _MOST_SHOWN:
            output.say(f"and {len(plan.going) - _MOST_SHOWN} more")
        output.say(f"{counted(len(plan.going), 'run')}, {size(plan.bytes)}")
    _say_kept(plan.refused)


def _say_kept(kept: Sequence[RunToRemove]) -> None:
    for item in kept[:_MOST_SHOWN]:
        output.say(f"orp: {item.run_id} stays: {sanitise(item.why_kept or '')}")
    if len(kept) > _MOST_SHOWN:
        output.say(f"orp: {len(kept) - _MOST_SHOWN} more stay; --json lists all")


def _ask(plan: Removal) -> None:
    """Raises UsageError where nobody can be asked, click.Abort for a no."""
    number = len(plan.going)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{counted(number, 'run')} would be removed; say so with --yes")
    if number <= _EASY:
        click.confirm(
            f"move {counted(number, 'run')} ({size(plan.bytes)}) to the trash?", abort=True, err=True
        )
        return
    words = f"type {number} to move {number} runs ({size(plan.bytes)}) to the trash"
    if click.prompt(words, default="", show_default=False, err=True).strip() != str(number):
        output.say("nothing was removed")
        raise click.Abort


def _report(context: Context, plan: Removal, done: Removed, *, by_filter: bool, as_json: bool) -> int:
    """What went; the exit code."""
    if as_json:
        kept = [*plan.refused, *done.left]
        output.emit_json(
            {
                "removed": [_item_json(item) for item in done.removed],
                "kept": [_item_json(item) for item in kept],
                "bytes": done.bytes,
                "trash": str(done.folder) if done.folder else None,
            }
        )
    else:
        for item in done.removed:
            output.emit(f"{item.run_id}: removed")
        _say_kept(done.left)
        if done.removed:
            here = base_option(context)
            one = done.removed[0].run_id if len(done.removed) == 1 else "RUN"
            output.say(
                f"{size(done.bytes)} in the trash; `orp clean --restore {one}{here}` puts back, "
                f"`orp clean --empty-trash{here}` frees the space"
            )
    return REFUSED if done.left or (plan.refused and not by_filter) else 0


def _plan_json(plan: Removal) -> dict[str, Any]:  # Any: JSON
    return {
        "going": [_item_json(item) for item in plan.going],
        "kept": [_item_json(item) for item in plan.refused],
        "bytes": plan.bytes,
    }


def _item_json(item: RunToRemove) -> dict[str, Any]:  # Any: JSON
    return {
        "id": item.run_id,
        "name": item.run.name,
        "state": item.run.state.value,
        "bytes": item.bytes,
        "kept": item.why_kept,
    }
