"""RUN… or a filter: what the commands that take many runs are about, and what came of it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import click

from orp_tui.cli import output
from orp_tui.cli.run_argument import RunType
from orp_tui.core.answer import Answer
from orp_tui.core.errors import OrpError
from orp_tui.core.run import Run
from orp_tui.core.sanitise import sanitise
from orp_tui.core.states import RunState
from orp_tui.services.context import Context
from orp_tui.services.control import ensure_leader
from orp_tui.services.reference import store_of
from orp_tui.services.selection import Selected, Selection, select

F = TypeVar("F", bound=Callable[..., Any])  # Any: whatever click hands a command

REFUSED = 2

overriding = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a value; again for more."
)
"""For the commands that make new runs of old ones."""

_OPTIONS = (
    click.option(
        "--filter",
        "filter_text",
        metavar="TEXT",
        help="All that a filter finds, as 'state:failed cfg.lr>=1e-3'; see `orp help filters`.",
    ),
    click.option("--all-queued", is_flag=True, help="All runs that wait."),
    click.option("--failed", is_flag=True, help="All that ended as failed, incomplete or lost."),
    click.option("--batch", metavar="ID", help="All of one submission."),
    click.option("--group", metavar="G", help="All of a group of the queue."),
    click.option("--name", metavar="NAME", help="All of an experiment."),
    click.option(
        "--state",
        type=click.Choice([state.value for state in RunState]),
        metavar="STATE",
        help="All in that state.",
    ),
)


def filtering(function: F) -> F:
    """Give a command the filters; it takes them as `**filters`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def selecting(function: F) -> F:
    """Give a command `[RUN]...` and the filters; it takes them as `references` and `**filters`."""
    function = filtering(function)
    return click.argument("references", metavar="[RUN]...", nargs=-1, type=RunType())(function)


def read_selection(
    context: Context,
    *,
    filter_text: str | None = None,
    all_queued: bool = False,
    failed: bool = False,
    batch: str | None = None,
    group: str | None = None,
    name: str | None = None,
    state: str | None = None,
) -> Selection:
    """What the options describe. Raises FilterError, and what `found_ids` raises."""
    among = None
    if filter_text is not None:
        among = frozenset(find_ids(context, filter_text))
    return Selection(all_queued, failed, batch, group, name, RunState(state) if state else None, among)


def find_ids(context: Context, filter_text: str) -> list[str]:
    """Ids of what a filter finds, newest first; with a progress bar where many runs are new. Raises as `found_ids` does."""
    from orp_tui.cli.progress import counting_bar
    from orp_tui.services.finding import found_ids

    with counting_bar("indexing runs") as progress:
        return found_ids(context, filter_text, progress)


@contextlib.contextmanager
def selected(
    context: Context,
    references: Sequence[str],
    filters: dict[str, Any],  # Any: as click hands them
    *,
    fit: Callable[[RunState], bool],
) -> Iterator[tuple[sqlite3.Connection, Selected]]:
    """The open database, and the runs that are meant.

    Raises as `select` and `read_selection` do, and RunNotFound where nothing was ever run.
    """
    wanted = read_selection(context, **filters)
    with store_of(context, references[0] if references else "these runs") as connection:
        chosen = select(connection, context.paths, references, wanted, fit=fit)
        if not chosen.runs:
            output.say("no such run")
        yield connection, chosen


def show_answers(answers: Sequence[Answer], *, as_json: bool) -> int:
    """One line a run; the exit code. What could not be done goes to stderr."""
    if as_json:
        output.emit_json(
            [
                {"id": item.run_id, "state": item.state.value, "word": item.word, "done": item.done}
                for item in answers
            ]
        )
    for item in answers:
        if not item.done:
            output.say(f"orp: {item.run_id}: {sanitise(item.word)}")
        elif not as_json:
            output.emit(f"{item.run_id}: {sanitise(item.word)}")
    return 0 if all(item.done for item in answers) else REFUSED


def queue_new_runs(
    context: Context, chosen: Sequence[Run], act: Callable[[Run], str], word: str, *, as_json: bool
) -> int:
    """Make a new run of each, say which, and see that a queue processor leads; the exit code.

    One that is refused is said, and the others are made all the same.
    """
    made: list[tuple[str, Run]] = []
    refused = False
    for run in chosen:
        try:
            made.append((act(run), run))
        except OrpError as error:
            refused = True
            output.say(f"orp: {sanitise(_named(run, str(error)), keep_newlines=True)}")
    if as_json:
        output.emit_json([{"id": new, "of": run.id, "name": run.name} for new, run in made])
    for new, run in made:
        if not as_json:
            output.emit(new)
        output.say(f"{new}: {word} {run.id} {sanitise(run.name)}")
    if made:
        ensure_leader(context)
    return REFUSED if refused else 0


def did_not_succeed(state: RunState) -> bool:
    """What may be tried again, or gone on with."""
    return state.is_final and state is not RunState.SUCCEEDED


def _named(run: Run, text: str) -> str:
    return text if run.id in text else f"{run.id}: {text}"
