"""The RUN argument of commands, and how a shell completes it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])  # Any: whatever click hands a command

_MOST_OFFERED = 100
_QUERY = "SELECT id, name, state FROM run ORDER BY seq DESC LIMIT 2000"


class RunType(click.ParamType[str]):
    """Text that means a run; only completion knows more about it."""

    name = "run"

    def __init__(self, *, files: bool = False) -> None:
        self._files = files

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Ids, names and `last`; files too where a zip is meant as well.

        Never fails: whatever is wrong with the store is no business of a Tab key.
        """
        del param
        if "/" in incomplete or incomplete.startswith("."):
            return [CompletionItem(incomplete, type="file")]
        try:
            rows = _rows(ctx.params.get("base_dir"))
        except Exception:  # noqa: BLE001 - a shell waits for a list, and an empty one is an answer
            rows = []
        items = _offers(rows, incomplete)
        return items if items or not self._files else [CompletionItem(incomplete, type="file")]


def run_argument(
    name: str, *, metavar: str = "RUN", many: bool = False, files: bool = False
) -> Callable[[F], F]:
    """A click argument that names a run, or several; with `files` also a file."""
    kind = RunType(files=files)
    if many:
        return click.argument(name, metavar=metavar, nargs=-1, required=True, type=kind)
    return click.argument(name, metavar=metavar, type=kind)


def _rows(base_dir: str | None) -> list[tuple[str, str, str]]:
    """Id, name and state of the newest runs, read without making, locking or changing anything."""
    from orp_tui.services.context import open_context

    path = open_context(base_dir=base_dir).paths.database
    if not os.path.isfile(path):
        return []
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)
    try:
        return connection.execute(_QUERY).fetchall()
    finally:
        connection.close()


def _offers(rows: list[tuple[str, str, str]], incomplete: str) -> list[CompletionItem]:
    offers = {"last": "the newest run"} if rows else {}
    for run_id, name, state in rows:
        offers.setdefault(run_id, f"{state} {name}")
        if _is_plain(name):
            offers.setdefault(name, f"newest run: {state}")
    fitting = [(word, about) for word, about in offers.items() if word.startswith(incomplete)]
    return [CompletionItem(word, help=_plain(about)) for word, about in fitting[:_MOST_OFFERED]]


def _is_plain(name: str) -> bool:
    """Whether a shell can take the name as one word without quotes."""
    return bool(name) and all(char.isalnum() or char in "-_.,+@%" for char in name) and name[0] != "-"


def _plain(text: str) -> str:
    from orp_tui.core.sanitise import one_line

    return one_line(text, 60)
