"""`orp completion SHELL`: the script that a shell sources to complete `orp`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from orp_tui.cli import output

VARIABLE = "_ORP_COMPLETE"
_HOW = {
    "bash": 'add to ~/.bashrc:  eval "$(orp completion bash)"',
    "zsh": 'add to ~/.zshrc:  eval "$(orp completion zsh)"',
    "fish": "run:  orp completion fish > ~/.config/fish/completions/orp.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    from orp_tui.cli.group import orp

    kind = get_completion_class(shell)
    assert kind is not None
    output.emit(kind(orp, {}, "orp", VARIABLE).source())
    output.say(_HOW[shell])
