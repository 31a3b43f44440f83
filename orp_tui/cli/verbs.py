"""A command that takes something and also has verbs: `orp metrics RUN`, and `orp metrics test LOG`."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import click


class WithVerbs(click.Command):
    """A command whose first word may be one of its verbs; each is imported when it is called.

    A verb wins over what else could have its name: a run called `test` is `./test`, its id or `last:test`.
    """

    verbs: ClassVar[dict[str, tuple[str, str]]] = {}
    """Name → module that has it as `command`, and one line of help."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name; None if there is none. As click's groups have it."""
        del ctx
        if cmd_name not in self.verbs:
            return None
        command: click.Command = importlib.import_module(self.verbs[cmd_name][0]).command
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:  # Any: as click's
        """As click's, of the verb if the first word is one."""
        verb = self.get_command(parent or click.Context(self), args[0]) if args else None
        if verb is None:
            return super().make_context(info_name, args, parent, **extra)
        return verb.make_context(args[0], args[1:], self.above(info_name, parent), **extra)

    def above(self, info_name: str | None, parent: click.Context | None) -> click.Context:
        """What a verb stands below: the bare name, since it takes nothing of what the command takes."""
        return click.Context(click.Command(self.name), info_name=info_name, parent=parent)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, and the verbs below them."""
        super().format_options(ctx, formatter)
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in self.verbs.items()])
