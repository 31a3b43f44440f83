"""`orp clone RUN…`: a child with other values, on the project's code of now."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import overriding, queue_new_runs, selected, selecting
from orp_tui.core.errors import UsageError
from orp_tui.services.context import Context, open_context


@click.command("clone")
@selecting
@overriding
@click.option("--edit", is_flag=True, help="Open a copy of each experiment file in your editor first.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    overrides: tuple[str, ...],
    edit: bool,
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Queue a child of each run: the same experiment with other values, on the code of now.

    The run may still wait or go on; nothing of it changes. Prints the new ids.
    """
    from orp_tui.services.again import clone

    if edit and overrides:
        raise UsageError("--edit and --set: write the values into the file instead")
    context = open_context(base_dir=base_dir)
    if edit:
        return _edited(context, references, filters, as_json=as_json)
    with selected(context, references, filters, fit=lambda _state: True) as (connection, chosen):
        return queue_new_runs(
            context,
            chosen.runs,
            lambda run: clone(context, connection, run, overrides=overrides),
            "child of",
            as_json=as_json,
        )


def _edited(
    context: Context,
    references: tuple[str, ...],
    filters: dict[str, Any],  # Any: as click hands them
    *,
    as_json: bool,
) -> int:
    """Edit a copy of each run's file, one after the other, and queue what they describe."""
    from orp_tui.services import drafts, terminal

    with selected(context, references, filters, fit=lambda _state: True) as (_connection, chosen):
        run_ids = [run.id for run in chosen.runs]
    made: list[tuple[str, str]] = []
    for run_id in run_ids:
        draft = drafts.draft_of(context, run_id)
        wrong = terminal.edit(draft)
        if wrong is not None:
            raise UsageError(f"{wrong}; the edit is kept in {draft}")
        if not drafts.is_edited(context, run_id, draft):
            drafts.drop_draft(draft)
            output.say(f"{run_id}: nothing was changed, so nothing was queued")
            continue
        made += [(new, run_id) for new in drafts.queue_draft(context, run_id, draft).made]
    if as_json:
        output.emit_json([{"id": new, "parent": parent} for new, parent in made])
    else:
        for new, parent in made:
            output.emit(new)
            output.say(f"{new}: child of {parent}")
    return 0
