"""`orp queue …`: the queue processor, and runs for it."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.commands import status
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.queue_options import queue_options, read_wishes
from orp_tui.cli.queue_verbs import VERBS, require_group
from orp_tui.core.sanitise import sanitise
from orp_tui.services import queue_acts
from orp_tui.services.context import actor, open_context
from orp_tui.services.control import await_leader, is_led, lead_here, start_leader, stop_leader
from orp_tui.services.watch import snapshot


@click.group("queue")
def command() -> None:
    """Start, stop, fill and order the queue. Stopping it stops nothing that runs."""


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
    ctx.invoke(status.command, watch=False, base_dir=base_dir, as_json=as_json)
    if not as_json:
        context = open_context(base_dir=base_dir)
        if not is_led(context.paths):
            output.say("start it with `orp queue start`; `orp run` does so by itself")


@command.command("submit")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@queue_options
@base_dir
@as_json
def submit(files: tuple[str, ...], base_dir: str | None, as_json: bool, **queue: Any) -> None:
    """Queue experiments and return at once; prints one run id a line."""
    from orp_tui.cli.commands.run import submit_files

    ids = submit_files(files, read_wishes(**queue), base_dir=base_dir)
    if as_json:
        output.emit_json(ids)
    else:
        for run_id in ids:
            output.emit(run_id)


@command.command("pause")
@click.argument("what", metavar="[GROUP|REASON]", required=False)
@click.option("--reason", metavar="TEXT", help="What others are told; by default who has paused it.")
@base_dir
@as_json
def pause(what: str | None, reason: str | None, base_dir: str | None, as_json: bool) -> None:
    """Start nothing more until `orp queue resume`, of a group or at all. What runs goes on.

    One word that names no group is the reason, for the whole queue.
    """
    context = open_context(base_dir=base_dir)
    with context.store() as connection:
        group = what if what in queue_acts.known_groups(connection) else None
        if what is not None and group is None:
            if reason is not None:
                require_group(connection, what)
            reason = what
        because = sanitise(reason) if reason else f"by {actor()}"
        queue_acts.pause(connection, group, because)
    if as_json:
        output.emit_json({"group": group, "paused": because})
        return
    name, again = ("the queue", "orp queue resume") if group is None else _group_words(group)
    output.say(f"{name} is paused; what runs goes on, `{again}` starts more")


@command.command("resume")
@click.argument("group", metavar="[GROUP]", required=False)
@base_dir
@as_json
def resume(group: str | None, base_dir: str | None, as_json: bool) -> None:
    """Let a paused queue, or a group of it, start runs again."""
    context = open_context(base_dir=base_dir)
    with context.store() as connection:
        if group is not None:
            require_group(connection, group)
        was = queue_acts.resume(connection, group)
        held_back = queue_acts.pauses(connection)
    if as_json:
        output.emit_json({"group": group, "was_paused": was})
        return
    name = "the queue" if group is None else _group_words(group)[0]
    output.say(f"{name} goes on" if was else f"{name} was not paused")
    for line in held_back:
        output.say(f"still paused: {sanitise(line)}")
    if not is_led(context.paths):
        output.say("nothing starts without a queue processor: `orp queue start`")


def _group_words(group: str) -> tuple[str, str]:
    """What a group is called, and the command that lets it go on."""
    import shlex

    return f"group {sanitise(group)}", f"orp queue resume {shlex.quote(sanitise(group))}"


@command.command("slots")
@click.argument("number", metavar="N|none")
@click.option("--group", metavar="G", help="Of this group; by default of the whole queue.")
@base_dir
@as_json
def slots_(number: str, group: str | None, base_dir: str | None, as_json: bool) -> None:
    """How many runs go at once; `none` takes the number back. What runs goes on."""
    value = _read_slots(number)
    context = open_context(base_dir=base_dir)
    with context.store() as connection:
        queue_acts.set_slots(connection, group, value)
    if as_json:
        output.emit_json({"group": group, "slots": value})
        return
    name = "the queue" if group is None else _group_words(group)[0]
    output.say(f"{name} has no number of its own any more" if value is None else f"{name}: {value} at once")


def _read_slots(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1024:
        raise click.UsageError(
            f"{text}: no number of slots; write 1 to 1024, or none; `orp queue pause` lets nothing start"
        )
    return int(text)


for _verb in VERBS:
    command.add_command(_verb)
