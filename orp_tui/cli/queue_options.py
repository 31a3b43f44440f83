"""The options by which a submit says where and when its runs wait."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from orp_tui.services.wishes import Wishes, start_time

F = TypeVar("F", bound=Callable[..., Any])  # Any: whatever click hands a command

_OPTIONS = (
    click.option("--priority", metavar="N", help="Higher starts first: a number, or low, normal, high."),
    click.option("--group", metavar="G", help="The part of the queue they belong to."),
    click.option(
        "--after",
        metavar="RUN[:ok|any]",
        multiple=True,
        help="Start when RUN has succeeded, or with :any when it has ended; again for more.",
    ),
    click.option("--at", "at", metavar="TIME", help='Not before "22:00" or "2026-12-01 22:00".'),
    click.option("--in", "within", metavar="DURATION", help="Not before 2h have passed."),
    click.option("--held", is_flag=True, help="Wait for `orp queue release`."),
    click.option(
        "--unless-exists", is_flag=True, help="Queue nothing that has succeeded with the same values."
    ),
)


@dataclasses.dataclass(frozen=True)
class QueueWishes:
    """What the options say."""

    wishes: Wishes
    unless_exists: bool


def queue_options(function: F) -> F:
    """Give a command the options; it takes them as `**queue`, for `read_wishes`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_wishes(
    *,
    priority: str | None,
    group: str | None,
    after: tuple[str, ...],
    at: str | None,
    within: str | None,
    held: bool,
    unless_exists: bool,
) -> QueueWishes:
    """The wishes.

    Raises click.UsageError for options that contradict each other, UsageError for a time or priority that is none.
    """
    from orp_tui.services.queue_acts import read_priority

    if at is not None and within is not None:
        raise click.UsageError("give --at or --in, not both")
    if at is not None and at.startswith("+"):
        raise click.UsageError("--at is a time of day or a date; a duration is for --in")
    start = at if within is None else f"+{within.removeprefix('+')}"
    if start is not None:
        start_time(start, now=time.time())  # what is wrong with it is said before files are read
    number = None if priority is None else read_priority(priority)
    return QueueWishes(Wishes(number, group, after, start, held), unless_exists)
