"""`orp star RUN…`: mark runs as ones to find again."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli.annotating import annotate_chosen
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import selecting
from orp_tui.services.annotations import Star


@click.command("star")
@selecting
@click.option("--remove", is_flag=True, help="Take the star away.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    remove: bool,
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Give runs a star. `orp runs is:starred` lists them."""
    return annotate_chosen(references, filters, base_dir, Star(not remove), as_json=as_json)
