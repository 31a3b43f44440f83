"""`orp retry RUN…`: the same code, config and environment once more."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import did_not_succeed, overriding, queue_new_runs, selected, selecting
from orp_tui.services.context import open_context
from orp_tui.services.selection import tried_again


@click.command("retry")
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
    """Queue ended runs once more, with the frozen code and environment they had.

    By a filter only what did not succeed is taken, and nothing that has a retry already. Prints the new ids.
    """
    from orp_tui.services.again import retry

    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=did_not_succeed) as (connection, chosen):
        done = tried_again(connection) if chosen.by_filter else set()
        wanted = [run for run in chosen.runs if run.id not in done]
        return queue_new_runs(
            context,
            wanted,
            lambda run: retry(context, connection, run, overrides=overrides),
            "retry of",
            as_json=as_json,
        )
