"""`orp shell RUN`: a shell, or a command, in a run's workspace with its environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import base_dir
from orp_tui.cli.run_argument import run_argument
from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import sanitise
from orp_tui.services.context import open_context
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.shell import MARK, Inside, bash_start, inside


@click.command("shell", options_metavar="[OPTIONS]")
@run_argument("reference")
@click.argument("words", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--no-gpus", is_flag=True, help="Claim no GPU, though the run asked for some.")
@base_dir
def command(reference: str, words: tuple[str, ...], no_gpus: bool, base_dir: str | None) -> None:
    """A shell where a run works or worked, with the environment it was submitted with.

    With a command behind `--` that is run instead, and its exit code returned. Secrets come from
    the run's env_file and from your own environment. What it logs as metrics is not added to the
    run's. GPUs that the run asks for are claimed until you leave; for a run that goes on its own
    are shown. $ORP_SHELL holds the run's id.
    """
    if os.environ.get(MARK):
        output.say(f"note: this is a shell inside the one of {sanitise(os.environ[MARK])}")
    context = open_context(base_dir=base_dir)
    with store_of(context, reference) as connection:
        run = find_run(connection, reference, context.paths)
        way = inside(context, connection, run, os.environ, gpus=not no_gpus)
    for note in way.notes:
        output.say(f"note: {sanitise(note)}")
    argv, kept = _command_line(way, words)
    _become(way, argv, kept)


def _command_line(way: Inside, words: Sequence[str]) -> tuple[list[str], list[int]]:
    """What to start, and a descriptor that it reads its start-up file from."""
    path = way.variables.get("PATH", os.defpath)
    if words:
        program = words[0] if "/" in words[0] else shutil.which(words[0], path=path)
        if program is None:
            raise UsageError(f"{words[0]}: no such program on the run's PATH")
        return [program, *words[1:]], []
    shell = os.environ.get("SHELL") or "/bin/sh"
    if not os.access(shell, os.X_OK):
        shell = "/bin/sh"
    output.say(f"{way.cwd}: `exit` leaves it")
    if os.path.basename(shell) == "bash":
        # In memory, because nothing of an environment belongs on a disk.
        descriptor = os.memfd_create("orp-shell", 0)
        os.write(descriptor, bash_start(way.run_id, way.variables).encode("utf-8", "surrogateescape"))
        os.lseek(descriptor, 0, os.SEEK_SET)
        return [shell, "--rcfile", f"/proc/self/fd/{descriptor}", "-i"], [descriptor]
    way.variables["PS1"] = f"(orp {way.run_id.rpartition('_')[2]}) $ "
    return [shell, "-i"], []


def _become(way: Inside, argv: list[str], kept: Sequence[int]) -> None:
    """This process is replaced: terminal, signals and exit code are those of the command.

    Raises UsageError if it can't be started.
    """
    for descriptor in (*way.held, *kept):
        os.set_inheritable(descriptor, True)
    output.flush_all()
    try:
        os.chdir(way.cwd)
        os.umask(way.umask)
        os.execve(argv[0], argv, way.variables)  # noqa: S606 - the very words that were given, and no shell between
    except OSError as error:
        raise UsageError(f"{argv[0]}: cannot be started: {error.strerror}") from error
