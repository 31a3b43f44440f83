"""`orp lineage RUN`: where a run comes from, what came of it, what changed and what that gained."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.run_argument import run_argument
from orp_tui.core.sanitise import cell_width, one_line, sanitise
from orp_tui.core.words import counted
from orp_tui.services.catalog import Catalog
from orp_tui.services.context import Context, open_context
from orp_tui.services.gains import Gain
from orp_tui.services.lineage import CHILD, Kin, Lineage, lineage
from orp_tui.services.lineage_changes import Changes, changes_between
from orp_tui.services.lineage_drawing import branch, seed_words, stem, value_words
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.value_diff import ValueChange

_GREEN, _RED, _DIM = "32", "31", "2"


@click.command("lineage")
@run_argument("reference")
@click.option("--up", is_flag=True, help="Only where it comes from.")
@click.option("--down", is_flag=True, help="Only what came of it.")
@click.option("--depth", type=click.IntRange(0), metavar="N", help="At most so many steps up and down.")
@click.option("--seeds", is_flag=True, help="A line for each run, though they differ by their seed alone.")
@click.option("--details", is_flag=True, help="Every value, file and package that changed.")
@base_dir
@as_json
def command(
    reference: str,
    up: bool,
    down: bool,
    depth: int | None,
    seeds: bool,
    details: bool,
    base_dir: str | None,
    as_json: bool,
) -> None:
    """Show where a run comes from, what came of it, what changed each time and what that gained.

    The gain is the difference in the metric that judges the run. Runs that differ by their seed alone are
    one mean: with two seeds or more on either side the difference has a 95 % interval, after Welch.
    """
    context = open_context(base_dir=base_dir)
    with store_of(context, reference) as connection:
        run_id = find_run(connection, reference, context.paths).id
    with contextlib.closing(Catalog(context)) as catalog:
        done = catalog.catch_up()
        if done.problem:
            output.say(f"orp: {sanitise(done.problem)}")
        both = up == down
        found = lineage(
            catalog, run_id, up=both or up, down=both or down, depth=depth, fold=not (seeds or as_json)
        )
    changes = dict(_changes(context, found))
    if as_json:
        output.emit_json(to_json(found, changes))
        return
    for row in found.rows:
        for line in _lines(row, found, changes.get(row.run_id), details=details):
            output.emit(line)
    for note in found.notes:
        output.say(f"note: {sanitise(note)}")


def _changes(context: Context, found: Lineage) -> Iterator[tuple[str, Changes]]:
    runs = {row.run_id: row.run for row in found.rows}
    for row in found.rows:
        before = runs.get(row.above or "")
        if before is not None and row.run is not None:
            yield row.run_id, changes_between(context, before, row.run)


def to_json(found: Lineage, changes: dict[str, Changes]) -> dict[str, Any]:  # Any: JSON
    """The tree for scripts, in the order in which it is drawn."""
    return {
        "run": found.run_id,
        "notes": list(found.notes),
        "runs": [_row_json(row, changes.get(row.run_id)) for row in found.rows],
    }


def _row_json(row: Kin, changes: Changes | None) -> dict[str, Any]:  # Any: JSON
    run = row.run
    known = run is not None
    return {
        "id": row.run_id,
        "name": run.name if run is not None else None,
        "state": run.state.value if run is not None else None,
        "link": row.link or None,
        "of": row.above,
        "depth": row.depth,
        "primary": {"name": run.primary, "value": run.primary_value}
        if run is not None and run.primary
        else None,
        "gain": _gain_json(row.gain),
        "changes": changes.to_json() if changes is not None else None,
        "more": row.more,
        "here": known,
        "note": row.note or None,
    }


def _gain_json(gain: Gain | None) -> dict[str, Any] | None:  # Any: JSON
    if gain is None:
        return None
    found = dataclasses.asdict(gain.difference) if gain.difference is not None else {}
    return {
        "metric": gain.metric or None,
        **found,
        "better": gain.is_better,
        "clear": gain.is_clear,
        "why": gain.why or None,
    }


def _lines(row: Kin, found: Lineage, changes: Changes | None, *, details: bool) -> Iterator[str]:
    ascii_only = not output.can_draw(sys.stdout)
    first = f"{branch(row, ascii_only=ascii_only)}{_head(row, is_asked=row.run_id == found.run_id)}"
    yield first
    below = stem(row, has_below=bool(found.below(row.run_id)), ascii_only=ascii_only)
    room = max(20, output.room() - cell_width(below))
    for text, colour in _said(row, changes, details=details):
        shown = one_line(text, room)
        yield below + (output.painted(shown, colour, sys.stdout) if colour else shown)


def _head(row: Kin, *, is_asked: bool) -> str:
    run = row.run
    link = f"{row.link} " if row.link and row.link != CHILD else ""
    name = output.painted(row.run_id, "1", sys.stdout) if is_asked else row.run_id
    if run is None:
        return f"{link}{name}  {row.note}"
    seed, value = (f"  {words}" if words else "" for words in (seed_words(row), value_words(row)))
    wrong = f"  {one_line(run.problem, 80)}" if run.problem else ""
    mark = "  (this run)" if is_asked else ""
    return f"{link}{output.state_label(run.state, sys.stdout)} {name}  {one_line(run.name, 40)}{seed}{value}{wrong}{mark}"


def _said(row: Kin, changes: Changes | None, *, details: bool) -> Iterator[tuple[str, str]]:
    """What stands below a run, with its colour; empty for none."""
    if row.gain is not None:
        gain = row.gain
        colour = "" if not gain.is_clear else _GREEN if gain.is_better else _RED
        yield f"gain: {gain.words}", colour if gain.difference is not None else _DIM
    if changes is not None:
        yield f"changed: {changes.words}", ""
        for name, text in (("because", changes.reasons.rationale), ("expected", changes.reasons.hypothesis)):
            if text:
                yield f"{name}: {text}", _DIM
        if details:
            yield from ((f"  {line}", _DIM) for line in _details(changes))
    if row.more:
        yield f"{counted(row.more, 'more run')} made from it", _DIM


def _details(changes: Changes) -> Iterator[str]:
    if isinstance(changes.values, str):
        yield changes.values
    else:
        yield from (_value_line("", item) for item in changes.values)
    if isinstance(changes.code, str):
        yield changes.code
    else:
        for file in changes.code:
            lines = f"+{file.added} −{file.removed}" if file.added is not None else file.note
            yield f"{file.what} {file.path}  {lines}"
    for part, items in changes.environment.items():
        yield from (_value_line(f"{part}: ", item) for item in items)
    if isinstance(changes.data, str):
        yield changes.data
    else:
        yield from (_value_line("data: ", item) for item in changes.data)


def _value_line(prefix: str, item: ValueChange) -> str:
    return f"{prefix}{item.name}  {'-' if item.before is None else item.before} → {'-' if item.after is None else item.after}"
