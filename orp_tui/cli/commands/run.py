"""`orp run`: submit, and follow to the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir, base_option
from orp_tui.cli.queue_options import QueueWishes, queue_options, read_wishes
from orp_tui.core.errors import NotYet, OrpError
from orp_tui.core.sanitise import sanitise
from orp_tui.services.context import Context, open_context, writing_to
from orp_tui.services.control import ensure_leader
from orp_tui.services.submission import Source, SubmitOptions

if TYPE_CHECKING:
    from orp_tui.services.batch import Item

NOT_SUCCEEDED = 1


class RunCommand(click.Command):
    """Keeps what stands behind `--` apart: it is a command, not a list of files."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's, for what stands before `--`."""
        if "--" in args:
            place = args.index("--")
            ctx.meta["orp.command"] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


@click.command("run", cls=RunCommand, options_metavar="[OPTIONS]")
@click.argument("files", metavar="FILE... | -- COMMAND...", nargs=-1, type=click.Path())
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a value of the config; again for more.",
)
@click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    help="Run with this seed instead of the file's; again for more, each makes one run.",
)
@click.option("--name", help="Call the experiment so.")
@click.option("--gpus", type=click.IntRange(0), help="GPUs for a command after --; 0 hides all.")
@click.option("--key", help="Submit once: a second submit with the same key gives the first one's run.")
@click.option("--detach", is_flag=True, help="Print the run id and return; the run goes on.")
@click.option("--dry-run", is_flag=True, help="Show command, environment and files, and start nothing.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Also write the results as JUnit XML.")
@click.option(
    "--allow-live-code", is_flag=True, help="Accept that installed packages come from the live project."
)
@queue_options
@base_dir
@as_json
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    overrides: tuple[str, ...],
    seeds: tuple[int, ...],
    name: str | None,
    gpus: int | None,
    key: str | None,
    detach: bool,
    dry_run: bool,
    junit: str | None,
    allow_live_code: bool,
    base_dir: str | None,
    as_json: bool,
    **queue: Any,  # Any: as click hands them
) -> int:
    """Run experiments and follow them to their end.

    `orp run FILE` runs what an experiment file describes; `orp run -- python train.py --lr 3e-4`
    runs a command without one. The run survives this terminal. Ctrl-C asks whether to leave it
    running or to cancel it.
    """
    words: tuple[str, ...] | None = ctx.meta.get("orp.command")
    if words is not None and files:
        raise click.UsageError("give either experiment files or a command after --, not both")
    if words is None and not files:
        raise click.UsageError(
            "no experiment file; or give a command after --, as in: orp run -- python train.py"
        )
    if words is None and gpus is not None:
        raise click.UsageError("--gpus is for a command after --; a file says training.resources.gpus")
    if key is not None and len(files) > 1:
        raise click.UsageError("--key names one run; give one file")
    wished = read_wishes(**queue)
    context = open_context(base_dir=base_dir, near=Path(files[0]) if files else None)
    options = SubmitOptions(wishes=wished.wishes, key=key, allow_live_code=allow_live_code)
    led = not dry_run and context.has_store
    if led:
        ensure_leader(context)  # first, so that it starts while files are read and frozen
    sources = _sources(context, files, words, seeds=seeds, overrides=overrides, name=name, gpus=gpus)
    if dry_run:
        from orp_tui.cli.dry_run import show_dry_run

        show_dry_run(context, sources, options, as_json=as_json)
        return 0
    items = submit_sources(context, sources, options, unless_exists=wished.unless_exists, led=led)
    if detach:
        print_items(context, items, as_json=as_json)
        return 0
    from orp_tui.cli.following import follow_to_the_end

    ids = list(dict.fromkeys(item.run_id for item in items))
    return follow_to_the_end(context, ids, as_json=as_json, junit=Path(junit) if junit else None)


def _sources(
    context: Context,
    files: Sequence[str],
    words: tuple[str, ...] | None = None,
    *,
    seeds: Sequence[int] = (),
    overrides: tuple[str, ...] = (),
    name: str | None = None,
    gpus: int | None = None,
) -> list[Source]:
    from orp_tui.config.loader import load_experiment_file
    from orp_tui.services.submit import source_of_command, sources_of_file

    if words is not None:
        return [source_of_command(context, words, name=name, gpus=gpus)]
    found: list[Source] = []
    for file in files:
        loaded = load_experiment_file(Path(file))
        for warning in loaded.warnings:
            output.say(f"{sanitise(str(warning))} (warning)")
        found += sources_of_file(
            context, Path(file), seed=seeds, overrides=overrides, name=name, loaded=loaded
        )
    return found


def submit_sources(
    context: Context,
    sources: list[Source],
    options: SubmitOptions,
    *,
    batch: bool = False,
    parallel: int | None = None,
    smoke: bool = False,
    unless_exists: bool = False,
    led: bool = False,
) -> list[Item]:
    """The queued runs; asks about folders of which nobody has said what they are.

    `led` says that a queue processor was started, or found, a moment ago. The other options are those of `services.batch.submit_all`. Raises NotYet before anything is queued.
    """
    from orp_tui.cli.asking import answered
    from orp_tui.services.batch import submit_all
    from orp_tui.services.shared_freeze import representatives

    for source in sources:
        if source.plan.not_yet:
            raise NotYet(", ".join(source.plan.not_yet))
    if sys.stdin.isatty() and sys.stderr.isatty():
        context = answered(context, representatives(sources))
    items: list[Item] = []
    with writing_to(context.paths), context.store() as connection:
        if not led:
            ensure_leader(context)
        try:
            for item in submit_all(
                context, connection, sources, options,
                batch=batch, parallel=parallel, smoke=smoke, unless_exists=unless_exists,
            ):  # fmt: skip
                items.append(item)  # noqa: PERF402 - what is queued before an error has to be known
        except OrpError:
            queued = [item.run_id for item in items if not item.existed]
            if queued:
                output.say(f"queued before that: {' '.join(queued)}; `orp cancel` takes them back")
            raise
    for item in items:
        if item.existed:
            output.say(f"{sanitise(item.name)}: has succeeded already as {item.run_id}; not queued")
    _say_notes(context, [item.run_id for item in items if not item.existed])
    return items


def _say_notes(context: Context, ids: Sequence[str]) -> None:
    """What whoever submits should know: secrets that are missing, files left out, code that is not frozen."""
    from orp_tui.engine.request_file import read_request

    said = [note for run_id in ids for note in read_request(context.paths.run(run_id)).notes]
    for note in dict.fromkeys(said):
        output.say(f"note: {sanitise(note)}")


def submit_files(names: Sequence[str], wished: QueueWishes, *, base_dir: str | None) -> list[str]:
    """Queue what experiment files describe, all or, if one is invalid, none; returns the ids of what was queued."""
    context = open_context(base_dir=base_dir, near=Path(names[0]))
    options = SubmitOptions(wishes=wished.wishes)
    items = submit_sources(context, _sources(context, names), options, unless_exists=wished.unless_exists)
    return [item.run_id for item in items if not item.existed]


def print_items(context: Context, items: Sequence[Item], *, as_json: bool) -> None:
    """The ids of what was queued, one a line; as JSON also what had succeeded before."""
    if as_json:
        output.emit_json(
            [
                {
                    "id": item.run_id,
                    "folder": str(context.paths.run(item.run_id).folder),
                    "existed": item.existed,
                }
                for item in items
            ]
        )
        return
    ids = [item.run_id for item in items if not item.existed]
    for run_id in ids:
        output.emit(run_id)
    if ids:
        base = base_option(context)
        output.say(f"queued; watch: orp logs -f {ids[0]}{base}; end: orp cancel {' '.join(ids)}{base}")
