"""`orp archive RUN…`: leave runs out of lists; nothing of them is moved or removed."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli.annotating import annotate_chosen
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import selecting
from orp_tui.services.annotations import Archive


@click.command("archive")
@selecting
@click.option("--remove", is_flag=True, help="Show them in lists again.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    remove: bool,
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Put runs away: lists leave them out, and nothing else changes.

    `orp runs --archived` lists them, `orp runs --all` these and the others. They keep their space;
    `orp clean` and `orp rm` free it.
    """
    return annotate_chosen(references, filters, base_dir, Archive(not remove), as_json=as_json)
