"""`orp batch`: the experiment files of a folder, in one submission."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orp_tui.cli import output
from orp_tui.cli.commands.run import submit_sources
from orp_tui.cli.context_option import as_json, base_dir, base_option
from orp_tui.cli.queue_options import queue_options, read_wishes
from orp_tui.core.sanitise import sanitise
from orp_tui.services.context import Context, open_context
from orp_tui.services.submission import SubmitOptions

if TYPE_CHECKING:
    from orp_tui.services.batch import Item


@click.command("batch")
@click.argument(
    "places", metavar="DIR|FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--parallel", type=click.IntRange(1, 1024), metavar="N", help="At most so many of them at once."
)
@click.option("--smoke", is_flag=True, help="The first one alone; the others when it has succeeded.")
@click.option("--wait", is_flag=True, help="Follow them to the end; 1 if any does not succeed.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="With --wait: results as JUnit XML."
)
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a value in all; again for more."
)
@queue_options
@base_dir
@as_json
def command(
    places: tuple[Path, ...],
    parallel: int | None,
    smoke: bool,
    wait: bool,
    junit: Path | None,
    overrides: tuple[str, ...],
    base_dir: str | None,
    as_json: bool,
    **queue: Any,  # Any: as click hands them
) -> int:
    """Queue every experiment file of folders, in the order of their names, and files as they are named.

    All or, if one is invalid, none. Prints an id a line; `orp cancel --batch ID` ends all of them.
    """
    from orp_tui.services.experiment_files import experiment_files, sources_of_files

    if junit is not None and not wait:
        raise click.UsageError("--junit needs --wait: without it there are no results to write")
    wished = read_wishes(**queue)
    found = experiment_files(places)
    for path, why in found.skipped:
        output.say(f"skipped {sanitise(str(path))}: {why}")
    context = open_context(base_dir=base_dir, near=found.files[0])
    items = submit_sources(
        context,
        sources_of_files(context, found.files, overrides=overrides),
        SubmitOptions(wishes=wished.wishes),
        batch=True,
        parallel=parallel,
        smoke=smoke,
        unless_exists=wished.unless_exists,
    )
    if wait:
        from orp_tui.cli.following import follow_to_the_end

        ids = list(dict.fromkeys(item.run_id for item in items))
        return follow_to_the_end(context, ids, as_json=as_json, junit=junit)
    _show(context, items, found.skipped, as_json=as_json)
    return 0


def _show(
    context: Context, items: Sequence[Item], skipped: Sequence[tuple[Path, str]], *, as_json: bool
) -> None:
    queued = [item for item in items if not item.existed]
    batch = queued[0].run_id if queued else None
    if as_json:
        output.emit_json(
            {
                "batch": batch,
                "runs": [{"id": item.run_id, "name": item.name} for item in queued],
                "existed": [{"id": item.run_id, "name": item.name} for item in items if item.existed],
                "skipped": [{"file": str(path), "why": why} for path, why in skipped],
            }
        )
        return
    for item in queued:
        output.emit(item.run_id)
    if batch is not None:
        base = base_option(context)
        output.say(
            f"{len(queued)} queued; watch: orp status --watch{base}; end: orp cancel --batch {batch}{base}"
        )
