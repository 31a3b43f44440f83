"""The command tree of `orp`, known by name and one line, so that `--help` imports no command."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

import orp_tui

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("Run experiments", "Run an experiment file, or a command after --"),
    "batch": ("Run experiments", "Queue the experiment files of a folder"),
    "validate": ("Run experiments", "Check experiment files and list every problem"),
    "init": ("Run experiments", "Write a commented experiment file to start from"),
    "queue": ("Run experiments", "Start, stop, fill and order the queue"),
    "cancel": ("Run experiments", "End runs; asks their training to stop first"),
    "retry": ("Run experiments", "The same code and values once more"),
    "resume": ("Run experiments", "Go on from the newest checkpoint"),
    "clone": ("Run experiments", "A child with other values, on the code of now"),
    "status": ("Look", "What runs, what waits and why"),
    "runs": ("Look", "List runs, newest first"),
    "info": ("Look", "Everything about one run"),
    "logs": ("Look", "Show or follow what a training printed"),
    "metrics": ("Look", "What a training measured, as a table or as charts"),
    "digest": ("Look", "While you were away: what ended, runs and waits"),
    "shell": ("Look", "A shell in a run's workspace and environment"),
    "compare": ("Look", "Two runs to fifty side by side: what differs, step by step"),
    "diff": ("Look", "What differs in code, config and environment"),
    "lineage": ("Look", "Where a run comes from, and what each change gained"),
    "tag": ("Keep", "Words by which runs are found again"),
    "star": ("Keep", "Mark runs as ones to find again"),
    "note": ("Keep", "Say something of runs"),
    "archive": ("Keep", "Leave runs out of lists"),
    "rm": ("Keep", "Remove whole runs, to the trash first"),
    "clean": ("Keep", "Free space: what ended runs leave, trash first"),
    "share": ("Keep", "Let colleagues read runs"),
    "artifacts": ("Keep", "Bundle, verify, list and extract artifact zips"),
    "import": ("Keep", "Make runs of the zips of another machine"),
    "doctor": ("Tools", "What would go wrong on this machine, and why"),
    "serve": ("Tools", "The dashboard in a browser, behind a token"),
    "schema": ("Tools", "The JSON Schema of experiment files, for editors"),
    "completion": ("Tools", "Shell completion for bash, zsh or fish"),
    "help": ("Tools", "Help on a command or a topic"),
}
"""Name → heading, one line of help. Each lives in `commands/<name>.py` as `command`."""

_MODULES = {name: f"orp_tui.cli.commands.{name}" for name in COMMANDS} | {
    "help": "orp_tui.cli.commands.help_",
    "import": "orp_tui.cli.commands.import_",
}


class LazyGroup(click.Group):
    """Imports a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None if there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(_MODULES[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the nearest name in the error."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else " `orp --help` lists them."
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # Any: as click's
        """As click's; a reader that has gone, as `| head` goes, is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            from orp_tui.cli.output import forget_reader

            forget_reader(sys.stdout)
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under their headings."""
        del ctx
        for heading in dict.fromkeys(heading for heading, _ in COMMANDS.values()):
            rows = [(name, line) for name, (under, line) in COMMANDS.items() if under == heading]
            with formatter.section(heading):
                formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(orp_tui.__version__, "-V", "--version", prog_name="orp", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, hidden=True, help="Show tracebacks.")
def orp(debug: bool) -> None:
    """Run ML experiments from YAML, see them through, and learn honestly what came of them.

    RUN is an id, a unique beginning of one, an experiment's name (its newest run), `last`,
    a run folder or a zip. Data goes to stdout, words to stderr; every listing has --json.
    """
    del debug  # read by main, which has to know it before anything is parsed
