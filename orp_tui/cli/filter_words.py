"""FILTER on a command line: words of their own, of which some begin with a dash, and how a shell completes them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from orp_tui.core.filters.vocabulary import Vocabulary

F = TypeVar("F", bound=Callable[..., Any])  # Any: whatever click hands a command

_MOST_OFFERED = 100


class FilterCommand(click.Command):
    """A command that takes a filter: `-tag:x` and `-failed` are parts of it and no options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's."""
        options, words = self._apart(args)
        return super().parse_args(ctx, [*options, "--", *words])

    def _apart(self, args: list[str]) -> tuple[list[str], list[str]]:
        """Options with their values, and the words of the filter."""
        taking = {name for name, takes_value in self._options() if takes_value}
        short = [name for name, _ in self._options() if not name.startswith("--")] + ["-h"]
        options: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                words += rest
            elif arg.startswith("--") or _is_short(arg, short):
                options.append(arg)
                if arg in taking:
                    options += [value for value in [next(rest, None)] if value is not None]
            else:
                words.append(arg)
        return options, words

    def _options(self) -> Iterator[tuple[str, bool]]:
        for parameter in self.params:
            if isinstance(parameter, click.Option):
                for name in parameter.opts:
                    yield name, not parameter.is_flag


def _is_short(arg: str, names: Iterable[str]) -> bool:
    """`-n` and `-n50`, not `-name:foo`."""
    return any(arg == name or (arg.startswith(name) and arg[len(name) :].isdigit()) for name in names)


class FilterType(click.ParamType[str]):
    """A word of a filter; only completion knows more about it."""

    name = "filter"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Fields, keys and values that there are. Never fails, and indexes nothing: a shell waits."""
        del param
        try:
            from orp_tui.core.filters.complete import complete

            with _vocabulary(ctx.params.get("base_dir")) as vocabulary:
                found = complete(incomplete, len(incomplete), vocabulary)
        except Exception:  # noqa: BLE001 - a shell waits for a list, and an empty one is an answer
            return []
        offered = [found.applied(incomplete, choice)[0] for choice in found.choices[:_MOST_OFFERED]]
        return [CompletionItem(text) for text in offered if text.isprintable()]


class ColumnsType(click.ParamType[str]):
    """Names of columns with commas between; only completion knows more about them."""

    name = "columns"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Columns, config keys and metrics. Never fails."""
        del param
        before, comma, last = incomplete.rpartition(",")
        sign = last[:1] if last[:1] in ("-", "+") else ""
        try:
            names = list(_names(ctx.params.get("base_dir")))
        except Exception:  # noqa: BLE001 - a Tab key has to do nothing at worst
            names = []
        fitting = [name for name in names if name.startswith(last[len(sign) :]) and name.isprintable()]
        return [CompletionItem(f"{before}{comma}{sign}{name}") for name in fitting[:_MOST_OFFERED]]


def _names(base_dir: str | None) -> Iterator[str]:
    from orp_tui.core.columns import PLAIN

    yield from PLAIN
    with _vocabulary(base_dir) as vocabulary:
        yield from (f"cfg.{key}" for key in vocabulary.config_keys)
        yield from (f"metric.{name}" for name in vocabulary.metrics)


@contextlib.contextmanager
def _vocabulary(base_dir: str | None) -> Iterator[Vocabulary]:
    """What the index knows, as it stands; nothing where there is none yet."""
    from orp_tui.core.filters.vocabulary import NO_VOCABULARY
    from orp_tui.services.catalog import Catalog
    from orp_tui.services.context import open_context

    context = open_context(base_dir=base_dir)
    if not context.paths.catalog.is_file():
        yield NO_VOCABULARY
        return
    catalog = Catalog(context)
    try:
        yield catalog.vocabulary()
    finally:
        catalog.close()


def filter_argument(function: F) -> F:
    """Give a command `[FILTER]...`; it takes the words as `words`."""
    return click.argument("words", metavar="[FILTER]...", nargs=-1, type=FilterType())(function)
