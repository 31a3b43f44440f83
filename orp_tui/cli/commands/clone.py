"""`orp clone RUN…`: a child with other values, on the project's code of now."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import selected, selecting, show_new_runs
from orp_tui.services.context import open_context
from orp_tui.services.control import ensure_leader


@click.command("clone")
@selecting
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a value; again for more."
)
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
        ids, code = show_new_runs(
            chosen.runs,
            lambda run: clone(context, connection, run, overrides=overrides),
            "child of",
            as_json=as_json,
        )
        if ids:
            ensure_leader(context)
    return code
