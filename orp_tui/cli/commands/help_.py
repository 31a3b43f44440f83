"""`orp help [TOPIC]`: help on a command, or on what no command is about."""

from __future__ import annotations

import click

from orp_tui.cli import output
from orp_tui.cli.topics import TOPICS
from orp_tui.cli.verbs import WithVerbs
from orp_tui.core.errors import UsageError


@click.command("help")
@click.argument("words", metavar="[COMMAND|TOPIC]", nargs=-1)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Help on a command or a topic."""
    from orp_tui.cli.group import COMMANDS, orp

    parent = ctx.parent or ctx
    if not words:
        output.emit(orp.get_help(parent))
        output.emit("\nTopics: " + ", ".join(TOPICS) + ". `orp help TOPIC` shows one.")
        return
    if words[0] in TOPICS and len(words) == 1:
        output.emit(TOPICS[words[0]].strip())
        return
    if words[0] not in COMMANDS:
        raise UsageError(f"{words[0]}: no such command or topic; `orp help` lists them")
    found: click.Command | None = orp.get_command(parent, words[0])
    context = click.Context(found, info_name=words[0], parent=parent) if found else parent
    for word in words[1:]:
        if isinstance(found, WithVerbs):
            context = found.above(words[0], parent)
        found = found.get_command(context, word) if isinstance(found, click.Group | WithVerbs) else None
        if found is None:
            raise UsageError(f"{' '.join(words)}: no such command; `orp help {words[0]}` lists what there is")
        context = click.Context(found, info_name=word, parent=context)
    assert found is not None
    output.emit(found.get_help(context))
