"""`orp share RUN…`: let colleagues read runs."""

from __future__ import annotations

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.run_argument import run_argument
from orp_tui.core.sanitise import sanitise
from orp_tui.services.context import open_context
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.sharing import audience, share, unshare

_MOST_SAID = 5


@click.command("share")
@run_argument("references", metavar="RUN...", many=True)
@click.option("--remove", is_flag=True, help="Only you can read them again.")
@click.option("--group", metavar="NAME", help="To this group; by default that of the project's folder.")
@click.option("--all", "everybody", is_flag=True, help="To everybody on this machine.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    remove: bool,
    group: str | None,
    everybody: bool,
    base_dir: str | None,
    as_json: bool,
) -> None:
    """Let colleagues on this machine read runs: their folders and zips, to read and not to change.

    Never the environment a run was started with, other runs or the queue. Prints the paths to
    give away. For a run that goes on, share it again when it has ended.
    """
    if sum((remove, group is not None, everybody)) > 1:
        raise click.UsageError("give one of --remove, --group and --all")
    context = open_context(base_dir=base_dir)
    with store_of(context, references[0]) as connection:
        named = [find_run(connection, reference, context.paths) for reference in references]
    found = list({run.id: run for run in named}.values())
    if remove:
        answers = {run.id: unshare(context, run) for run in found}
        if as_json:
            output.emit_json([{"id": run_id, "was_shared": was} for run_id, was in answers.items()])
        for run_id, was in answers.items() if not as_json else ():
            output.emit(f"{run_id}: {'only you can read it again' if was else 'was not shared'}")
        return
    shown = []
    for run in found:
        who = audience(context, run, group=group, everybody=everybody)
        done = share(context, run, who)
        shown.append(
            {
                "id": run.id, "with": str(who), "folder": str(done.folder), "zip": str(done.zip) if done.zip else None,
                "files": done.files, "left": list(done.left), "blocked": list(done.blocked),
            }
        )  # fmt: skip
        if as_json:
            continue
        output.emit(str(done.folder))
        if done.zip is not None:
            output.emit(str(done.zip))
        output.say(
            f"{run.id}: {who} can read {done.files} files; `orp share --remove {run.id}` takes it back"
        )
        for words in done.left[:_MOST_SAID]:
            output.say(f"  not readable: {sanitise(words)}")
        if len(done.left) > _MOST_SAID:
            output.say(f"  and {len(done.left) - _MOST_SAID} more")
        for words in done.blocked:
            output.say(f"warning: {sanitise(words)}")
        if not run.state.is_final:
            output.say(
                f"warning: {run.id} is {run.state.value}; what it writes from now on is yours alone until you share it again"
            )
    if as_json:
        output.emit_json(shown)
