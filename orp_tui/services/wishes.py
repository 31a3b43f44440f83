"""What a submitter wishes of the queue: file and flags → values that a row can hold."""

from __future__ import annotations

import dataclasses
import datetime
import sqlite3

from orp_tui.config.plan import RunPlan
from orp_tui.config.values import parse_duration
from orp_tui.core.errors import UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import NO_NEEDS, Dependency, Needs
from orp_tui.services.reference import find_run

ENDS = ("ok", "any")


@dataclasses.dataclass(frozen=True)
class Wishes:
    """Flags of a submit; None and empty mean what the file says."""

    priority: int | None = None
    group: str | None = None
    after: tuple[str, ...] = ()
    """RUN, or RUN:ok, or RUN:any; in addition to the file's."""
    start: str | None = None
    """As `queue.start`."""
    held: bool = False
    fresh: bool = False
    """What the file says of start and dependencies has been, and counts no more."""


NO_WISHES = Wishes()


@dataclasses.dataclass(frozen=True)
class Place:
    """Where and when a run waits, and for what."""

    priority: int = 0
    group: str = "default"
    held: bool = False
    starts_at: float | None = None
    after: tuple[Dependency, ...] = ()
    needs: Needs = NO_NEEDS
    locks: tuple[str, ...] = ()


def place_of(
    connection: sqlite3.Connection, plan: RunPlan, wishes: Wishes, paths: BasePaths, *, now: float
) -> Place:
    """The place that plan and flags ask for.

    Raises RunNotFound for a run to wait for that is not there, UsageError for a time that is none.
    """
    queue = plan.queue
    start = wishes.start or (None if wishes.fresh else queue["start"])
    given = [] if wishes.fresh else queue["after"]
    after = [_dependency(connection, paths, item["run"], item.get("on", "ok")) for item in given]
    after += [_from_flag(connection, paths, text) for text in wishes.after]
    return Place(
        priority=queue["priority"] if wishes.priority is None else wishes.priority,
        group=wishes.group or queue["group"],
        held=wishes.held,
        starts_at=None if start is None else start_time(start, now=now),
        after=tuple(dict.fromkeys(after)),
        needs=Needs.from_json(plan.resources),
        locks=tuple(plan.locks),
    )


def _dependency(connection: sqlite3.Connection, paths: BasePaths, reference: str, on: str) -> Dependency:
    return Dependency(find_run(connection, reference, paths).id, on)


def _from_flag(connection: sqlite3.Connection, paths: BasePaths, text: str) -> Dependency:
    """`RUN:any` → its dependency; a name may hold colons itself."""
    reference, _, end = text.rpartition(":")
    if reference and end in ENDS:
        return _dependency(connection, paths, reference, end)
    return _dependency(connection, paths, text, "ok")


def start_time(text: str, *, now: float) -> float:
    """Seconds since 1970 of `22:00` (the next one), `+2h`, or a date with time in the local time zone.

    Raises UsageError for anything else.
    """
    if text.startswith("+"):
        try:
            return now + parse_duration(text[1:])
        except ValueError as error:
            raise UsageError(f"{text}: {error}") from error
    here = datetime.datetime.fromtimestamp(now).astimezone()
    try:
        if len(text) <= 5 and ":" in text:
            hour, minute = (int(part) for part in text.split(":"))
            found = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
            return (found if found > here else found + datetime.timedelta(days=1)).timestamp()
        return datetime.datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise UsageError(f'{text}: no time; write "22:00", "2026-12-01 22:00" or "+2h"') from None
