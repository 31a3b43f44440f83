"""`orp retry RUN…`: the same code, config and environment once more."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import selected, selecting, show_new_runs
from orp_tui.core.states import RunState
from orp_tui.services.context import open_context
from orp_tui.services.control import ensure_leader
from orp_tui.services.selection import tried_again


@click.command("retry")
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
    """Queue ended runs once more, with the frozen code and environment they had.

    By a filter only what did not succeed is taken, and nothing that has a retry already. Prints the new ids.
    """
    from orp_tui.services.again import retry

    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=_may_be_retried) as (connection, chosen):
        done = tried_again(connection) if chosen.by_filter else set()
        wanted = [run for run in chosen.runs if run.id not in done]
        ids, code = show_new_runs(
            wanted,
            lambda run: retry(context, connection, run, overrides=overrides),
            "retry of",
            as_json=as_json,
        )
        if ids:
            ensure_leader(context)
    return code


def _may_be_retried(state: RunState) -> bool:
    return state.is_final and state is not RunState.SUCCEEDED
