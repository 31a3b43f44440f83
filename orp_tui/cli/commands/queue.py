"""`orp queue …`: the queue processor, and runs for it."""

from __future__ import annotations

import click

from orp_tui.cli import output
from orp_tui.cli.commands import status
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.core.sanitise import sanitise
from orp_tui.services.context import actor, open_context
from orp_tui.services.control import await_leader, is_led, lead_here, start_leader, stop_leader
from orp_tui.services.watch import snapshot


@click.group("queue")
def command() -> None:
    """Start, stop and fill the queue. Stopping it stops nothing that runs."""


@command.command("start")
@click.option(
    "--foreground", is_flag=True, help="Stay in this terminal; by default it goes to the background."
)
@click.option("--slots", type=click.IntRange(1, 1024), help="How many runs go at once; kept for this queue.")
@base_dir
def start(foreground: bool, slots: int | None, base_dir: str | None) -> None:
    """Start the queue processor. It leads this base directory until it is stopped."""
    context = open_context(base_dir=base_dir)
    if slots is not None:
        from orp_tui.store import settings

        with context.store() as connection:
            settings.write(connection, "slots", str(slots))
    if foreground:
        lead_here(context)
        return
    pid = start_leader(context, idle_exit_s=None)
    leader = await_leader(context.paths, pid)
    if leader.pid == pid:
        output.say(f"queue processor started: {leader}; its words are in {context.paths.leader_log}")
    else:
        raise click.exceptions.Exit(_already(leader))


def _already(leader: object) -> int:
    output.say(f"orp: there is a queue processor already: {leader}")
    return 3


@command.command("stop")
@base_dir
def stop(base_dir: str | None) -> None:
    """Stop the queue processor. Runs go on; nothing new starts."""
    context = open_context(base_dir=base_dir)
    leader = stop_leader(context.paths)
    if leader is None:
        output.say("no queue processor leads this base directory")
        return
    output.say(f"queue processor stopped: {leader}")
    if context.has_store:
        with context.store() as connection:
            seen = snapshot(context.paths, connection, slots=context.slots)
        active = [item for item in seen.unfinished if item.state.is_active]
        if active:
            output.say(f"{len(active)} still running: " + ", ".join(item.run.id for item in active))


@command.command("status")
@base_dir
@as_json
@click.pass_context
def queue_status(ctx: click.Context, base_dir: str | None, as_json: bool) -> None:
    """Whether the queue processor runs, what runs and what waits."""
    ctx.invoke(status.command, base_dir=base_dir, as_json=as_json)
    if not as_json:
        context = open_context(base_dir=base_dir)
        if not is_led(context.paths):
            output.say("start it with `orp queue start`; `orp run` does so by itself")


@command.command("submit")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@base_dir
@as_json
def submit(files: tuple[str, ...], base_dir: str | None, as_json: bool) -> None:
    """Queue experiments and return at once; prints one run id a line."""
    from orp_tui.cli.commands.run import submit_files

    ids = submit_files(files, base_dir=base_dir)
    if as_json:
        output.emit_json(ids)
    else:
        for run_id in ids:
            output.emit(run_id)


@command.command("pause")
@click.argument("reason", required=False)
@base_dir
def pause(reason: str | None, base_dir: str | None) -> None:
    """Start nothing more until `orp queue resume`. What runs goes on."""
    from orp_tui.store import settings

    context = open_context(base_dir=base_dir)
    with context.store() as connection:
        settings.write(connection, "paused", sanitise(reason) if reason else f"by {actor()}")
    output.say("the queue is paused; what runs goes on, `orp queue resume` starts more")


@command.command("resume")
@base_dir
def resume(base_dir: str | None) -> None:
    """Let a paused queue start runs again."""
    from orp_tui.store import settings

    context = open_context(base_dir=base_dir)
    with context.store() as connection:
        was = settings.read(connection, "paused")
        settings.write(connection, "paused", None)
    output.say("the queue goes on" if was is not None else "the queue was not paused")
    if not is_led(context.paths):
        output.say("nothing starts without a queue processor: `orp queue start`")
