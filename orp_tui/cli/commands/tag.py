"""`orp tag RUN… +a -b`: words by which runs are found again."""

from __future__ import annotations

from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.annotating import annotate_chosen, chosen_runs
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import selecting
from orp_tui.core.sanitise import sanitise
from orp_tui.services.annotations import Tag, read_annotations, read_tags


class _Signed(click.Command):
    """A command that takes `-word` as a tag to remove; only `-h` is an option with one dash."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's."""
        own = args[: args.index("--")] if "--" in args else args
        options = (
            option for option in self.params if isinstance(option, click.Option) and not option.is_flag
        )
        before_value = {name for option in options for name in option.opts}
        signed = [
            f"--remove={word[1:]}" if _is_removal(word) and before not in before_value else word
            for before, word in zip(("", *own), own, strict=False)
        ]
        return super().parse_args(ctx, signed + args[len(own) :])


def _is_removal(word: str) -> bool:
    return len(word) > 1 and word[0] == "-" and word[1] != "-" and word != "-h"


@click.command("tag", cls=_Signed)
@selecting
@click.option("--add", metavar="TAG", multiple=True, help="Add a tag, as +TAG does; several with commas.")
@click.option("--remove", metavar="TAG", multiple=True, help="Take a tag away, as -TAG does.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    add: tuple[str, ...],
    remove: tuple[str, ...],
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Give runs tags, or take them away: `orp tag RUN... +paper -draft`.

    Without a change it lists the tags. A tag is one word of at most 60 characters; upper and lower
    case are alike. `orp runs tag:paper` finds such runs, and `tag:paper` is the newest of them
    wherever a RUN is asked for. Runs that wait or run take tags too.
    """
    added = (*(word[1:] for word in references if word.startswith("+")), *add)
    named = [word for word in references if not word.startswith("+")]
    act = Tag(read_tags(added), read_tags(remove))
    if act != Tag():
        return annotate_chosen(named, filters, base_dir, act, as_json=as_json)
    context, found = chosen_runs(named, filters, base_dir)
    tags = {run.id: read_annotations(context.paths.run(run.id)).tags for run in found}
    if as_json:
        output.emit_json([{"id": run_id, "tags": list(words)} for run_id, words in tags.items()])
        return 0
    for run_id, words in tags.items():
        output.emit(f"{run_id}: {sanitise(' '.join(words)) or 'no tags'}")
    return 0
