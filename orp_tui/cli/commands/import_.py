"""`orp import …`: runs that were made elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir, base_option
from orp_tui.cli.progress import progress_bar
from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.words import counted, size, state_word
from orp_tui.services.context import Context, open_context, writing_to
from orp_tui.services.import_zip import ImportedRun, import_zip


@click.group("import")
def command() -> None:
    """Bring in runs that were made elsewhere."""


@command.command("zip", short_help="Make runs of the artifact zips of another machine.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@base_dir
@as_json
def zip_(files: tuple[Path, ...], base_dir: str | None, as_json: bool) -> int:
    """Make runs of the artifact zips of another machine.

    Each zip is verified and copied; its run is listed, compared and searched like those of this base
    directory, but can't be retried, resumed or entered here. A zip that is here already changes nothing.
    """
    context = open_context(base_dir=base_dir)
    found: list[ImportedRun] = []
    code = 0
    with writing_to(context.paths), context.store() as connection:
        for file in files:
            try:
                with progress_bar(file.name) as progress:
                    found.append(import_zip(context, connection, file, progress))
            except OrpError as error:
                code = max(code, error.exit_code)
                output.say(f"orp: {sanitise(str(error))}")
                continue
            if not as_json:
                _tell(context, found[-1])
    if as_json:
        output.emit_json([dataclasses.asdict(run) | {"state": run.state.value} for run in found])
    return code


def _tell(context: Context, run: ImportedRun) -> None:
    name = one_line(run.name, 60)
    if not run.is_new:
        output.say(f"{run.run_id}: {name} is here already, with this very zip; nothing was done")
        return
    output.emit(run.run_id)
    output.say(
        f"{run.run_id}: {name}, {state_word(run.state)}, from {one_line(run.from_host, 60)}, {size(run.bytes)}; "
        f"look: orp info {run.run_id}{base_option(context)}"
    )
    if run.elsewhere:
        output.say(f"{counted(run.elsewhere, 'file')} its zip only refers to stayed there")
