"""The options that many commands share."""

from __future__ import annotations

import click

from orp_tui.core.errors import OrpError
from orp_tui.services.context import Context, open_context

base_dir = click.option(
    "--base-dir", metavar="DIR", help="Base directory; by default what orp.yaml says, else experiments/."
)
as_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout and nothing else.")


def base_option(context: Context) -> str:
    """What a command given here must add to mean the same base directory; empty if nothing."""
    try:
        same = open_context().paths == context.paths
    except OrpError:
        same = False
    if same:
        return ""
    import shlex

    return f" --base-dir {shlex.quote(str(context.paths.base))}"
