"""`orp clone RUN…`: a child with other values, on the project's code of now."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import overriding, queue_new_runs, selected, selecting
from orp_tui.services.context import open_context


@click.command("clone")
@selecting
@overriding
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    overrides: tuple[str, ...],
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Queue a child of each run: the same experiment with other values, on the code of now.

    The run may still wait or go on; nothing of it changes. Prints the new ids.
    """
    from orp_tui.services.again import clone

    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=lambda _state: True) as (connection, chosen):
        return queue_new_runs(
            context,
            chosen.runs,
            lambda run: clone(context, connection, run, overrides=overrides),
            "child of",
            as_json=as_json,
        )
