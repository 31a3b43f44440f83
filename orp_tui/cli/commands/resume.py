"""`orp resume RUN…`: go on in the same workspace from the newest complete checkpoint."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import did_not_succeed, overriding, queue_new_runs, selected, selecting
from orp_tui.services.context import open_context


@click.command("resume")
@selecting
@overriding
@click.option("--current-code", is_flag=True, help="With the project's code of now, not the frozen one.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    overrides: tuple[str, ...],
    current_code: bool,
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Let ended runs go on from their newest complete checkpoint.

    Needs `training.resume` in the experiment. By a filter only what did not succeed is taken. Prints the new ids.
    """
    from orp_tui.services.again import resume

    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=did_not_succeed) as (connection, chosen):
        return queue_new_runs(
            context,
            chosen.runs,
            lambda run: resume(context, connection, run, overrides=overrides, current_code=current_code),
            "goes on from",
            as_json=as_json,
        )
