"""`orp clean`: free space; shows first, and moves to the trash."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.commands.status import metric_json
from orp_tui.cli.context_option import as_json, base_dir, base_option
from orp_tui.cli.progress import runs_bar
from orp_tui.cli.run_argument import RunType
from orp_tui.cli.selecting import find_ids
from orp_tui.cli.trash import empty_trash_of, show_trash
from orp_tui.config.values import parse_duration
from orp_tui.core.errors import RunNotFound, UsageError
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.states import RunState
from orp_tui.core.words import size
from orp_tui.services.cleaning import KINDS, USUAL_KINDS, CleanPlan, Piece, Wish, plan_cleaning
from orp_tui.services.context import Context, actor, open_context
from orp_tui.services.reference import find_run, run_id_of, store_of
from orp_tui.services.restoring import restore
from orp_tui.services.trash import Done, carry_out
from orp_tui.services.trash_emptying import trash_folders
from orp_tui.services.trash_index import removed_like

_ENDS = tuple(state.value for state in RunState if state.is_final)
_MOST_KEPT = 20


def _words(allowed: Sequence[str]) -> Callable[[click.Context, click.Parameter, str | None], tuple[str, ...]]:
    """A callback that reads `a,b`."""

    def read(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
        found = tuple(word.strip() for word in (value or "").split(",") if word.strip())
        for word in found:
            if word not in allowed:
                raise click.BadParameter(f"{word!r} is none of {', '.join(allowed)}")
        return found

    return read


def _duration(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("clean")
@click.argument("references", metavar="[RUN]...", nargs=-1, type=RunType())
@click.option(
    "--filter",
    "filter_text",
    metavar="TEXT",
    help="Only runs that a filter finds, as 'tag:draft size>1GB'; see `orp help filters`.",
)
@click.option("--older-than", metavar="30d", callback=_duration, help="Only runs that ended so long ago.")
@click.option(
    "--state",
    "states",
    metavar="A,B",
    callback=_words(_ENDS),
    help="Only runs that ended so: failed,cancelled.",
)
@click.option(
    "--kinds",
    metavar="A,B",
    callback=_words(KINDS),
    help=f"Of {', '.join(KINDS)}; by default {','.join(USUAL_KINDS)}.",
)
@click.option(
    "--keep-last",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Leave the newest N ended runs of each experiment.",
)
@click.option(
    "--keep-best",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Leave the best N ended runs of each experiment, by its primary metric.",
)
@click.option("--with-only-copies", is_flag=True, help="Also what is in no zip and nowhere else.")
@click.option("--dry-run", is_flag=True, help="Only show; that is so without --yes anyway.")
@click.option("--yes", is_flag=True, help="Do it: move to the trash, or empty that.")
@click.option(
    "--restore", "back", metavar="RUN", type=RunType(), help="Put back what the trash has of a run."
)
@click.option("--list-trash", is_flag=True, help="List what --restore can put back.")
@click.option("--empty-trash", is_flag=True, help="Remove for good what is in the trash; asks.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    filter_text: str | None,
    older_than: float | None,
    states: tuple[str, ...],
    kinds: tuple[str, ...],
    keep_last: int,
    keep_best: int,
    with_only_copies: bool,
    dry_run: bool,
    yes: bool,
    back: str | None,
    list_trash: bool,
    empty_trash: bool,
    base_dir: str | None,
    as_json: bool,
) -> int:
    """Free space: workspaces, checkpoints, logs and zips of runs that have ended.

    Shows what would go; with --yes it is moved to the trash of the base directory, from where
    --restore puts it back until --empty-trash. Never touched are runs that wait or run, what is
    nowhere else (unless --with-only-copies), workspaces that a resumed run goes on in, and frozen
    code that any run needs. Without RUN all ended runs are meant.
    """
    context = open_context(base_dir=base_dir)
    yes = yes and not dry_run
    if back is not None and empty_trash:
        raise click.UsageError("--restore puts back what --empty-trash removes; give one of them")
    if back is not None:
        with store_of(context, back) as connection:
            done = restore(context, connection, _in_trash(context, connection, back), by=actor())
        return _report(done, "put back", as_json=as_json)
    if list_trash:
        return show_trash(context, as_json=as_json)
    if empty_trash:
        return empty_trash_of(context, yes=yes, dry_run=dry_run, as_json=as_json)
    if not context.has_store:
        output.say(f"nothing was run in {context.paths.base} yet; `orp run FILE` does")
        return 0
    if references and filter_text is not None:
        raise UsageError("name runs or give a filter, not both")
    found = None if filter_text is None else tuple(find_ids(context, filter_text))
    with context.store() as connection:
        wish = Wish(
            kinds=kinds or USUAL_KINDS,
            run_ids=_ids(context, connection, references) if references else found,
            older_than_s=older_than,
            states=tuple(RunState(word) for word in states),
            keep_last=keep_last,
            keep_best=keep_best,
            with_only_copies=with_only_copies,
        )
        with runs_bar("looking at runs") as progress:
            plan = plan_cleaning(context, connection, wish, progress)
        if not yes:
            _preview(context, plan, as_json=as_json)
            return 0
        if not as_json:
            _say_best(plan)
        done = carry_out(context, connection, plan, by=actor())
    kept = dataclasses.replace(done, left=(*done.left, *plan.kept))
    return _report(kept, "moved to the trash", as_json=as_json, hint=base_option(context))


def _in_trash(context: Context, connection: sqlite3.Connection, reference: str) -> str:
    """The run that is meant: one that was removed, or one of which something was cleaned."""
    found = removed_like(context.paths, run_id_of(Path(reference)))
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise RunNotFound(
            reference, f"more than one run in the trash begins like this: {', '.join(found[:5])}"
        )
    return find_run(connection, reference, context.paths).id


def _ids(context: Context, connection: sqlite3.Connection, references: Sequence[str]) -> tuple[str, ...]:
    found = [find_run(connection, reference, context.paths) for reference in references]
    for run in found:
        if not run.state.is_final:
            raise UsageError(f"{run.id}: is {run.state.value}; only runs that have ended are cleaned")
    return tuple(run.id for run in found)


def _preview(context: Context, plan: CleanPlan, *, as_json: bool) -> None:
    if as_json:
        best = [{"run": run.id, "name": run.name, "metric": metric_json(metric)} for run, metric in plan.best]
        output.emit_json(
            {"going": _json(plan.going), "kept": _json(plan.kept), "best": best, "bytes": plan.bytes}
        )
        return
    if plan.going:
        output.emit(_table(plan.going))
    _say_kept(plan.kept)
    _say_best(plan)
    if plan.going:
        output.say(f"{size(plan.bytes)} would go to the trash; do it with --yes")
    else:
        output.say("nothing to clean")
    _say_trash(context)


def _table(going: Sequence[Piece]) -> str:
    """A row for each run, a column for each kind that occurs, and all in all."""
    kinds = [kind for kind in KINDS if any(piece.kind == kind for piece in going)]
    sums: dict[str, dict[str, int]] = {}
    for piece in going:
        row = sums.setdefault(piece.run_id or "(needed by no run)", dict.fromkeys(kinds, 0))
        row[piece.kind] += piece.bytes
    rows = [
        (name, *(size(row[kind] or None) for kind in kinds), size(sum(row.values())))
        for name, row in sums.items()
    ]
    totals = [sum(row[kind] for row in sums.values()) for kind in kinds]
    rows.append((f"{len(rows)} in all", *(size(total or None) for total in totals), size(sum(totals))))
    return output.table(("RUN", *(kind.upper() for kind in kinds), "TOGETHER"), rows)


def _say_kept(kept: Sequence[Piece]) -> None:
    for piece in kept[:_MOST_KEPT]:
        output.say(
            f"kept: {piece.run_id or piece.path} {piece.kind} ({size(piece.bytes)}): {one_line(piece.why_kept or '')}"
        )
    if len(kept) > _MOST_KEPT:
        output.say(f"kept: {len(kept) - _MOST_KEPT} more; --json lists all")


def _say_best(plan: CleanPlan) -> None:
    for run, metric in plan.best[:_MOST_KEPT]:
        output.say(f"left as it is: {run.id}, of the best of {one_line(run.name, 40)}: {metric.words}")
    if len(plan.best) > _MOST_KEPT:
        output.say(f"left as they are: {len(plan.best) - _MOST_KEPT} more of the best; --json lists all")


def _say_trash(context: Context) -> None:
    number = len(trash_folders(context.paths))
    if number:
        output.say(
            f"the trash is not empty; `orp clean --empty-trash{base_option(context)}` shows how large it is"
        )


def _report(done: Done, word: str, *, as_json: bool, hint: str | None = None) -> int:
    """What was done; exit code 1 if nothing was and something should have been."""
    moved = sum(piece.bytes for piece in done.moved)
    if as_json:
        output.emit_json({
            "moved": _json(done.moved), "kept": _json(done.left), "bytes": moved,
            "trash": str(done.folder) if done.folder else None,
        })  # fmt: skip
        return 0
    _say_kept(done.left)
    for run_id in dict.fromkeys(piece.run_id for piece in done.moved):
        pieces = [piece for piece in done.moved if piece.run_id == run_id]
        kinds = ", ".join(dict.fromkeys(piece.kind for piece in pieces))
        name = run_id or f"{len(pieces)} frozen trees that no run needs"
        output.emit(f"{name}: {kinds} {word} ({size(sum(piece.bytes for piece in pieces))})")
    if not done.moved:
        output.say("nothing was moved")
    elif done.folder is not None:
        output.say(
            f"{size(moved)} in {sanitise(str(done.folder))}; the space is free after "
            f"`orp clean --empty-trash --yes{hint or ''}`, until then `orp clean --restore RUN` puts back"
        )
    return 0


def _json(pieces: Sequence[Piece]) -> list[dict[str, Any]]:  # Any: JSON
    return [
        {"run": item.run_id or None, "kind": item.kind, "path": f"{item.part}/{item.path}", "bytes": item.bytes, "kept": item.why_kept}
        for item in pieces
    ]  # fmt: skip
