"""Changes to runs that wait, many at once: each run's answer is one line, and none stops the others."""

from __future__ import annotations

import dataclasses
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence

from orp_tui.core.answer import Answer
from orp_tui.core.errors import UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import Group
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.files.atomic import read_json
from orp_tui.services.control import cancel as cancel_run
from orp_tui.services.watch import RunView, Snapshot, snapshot
from orp_tui.store import groups, queue, runs, settings

PLACES = ("top", "bottom", "up", "down")
PRIORITIES = {"low": -10, "normal": 0, "high": 10}


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A line of `orp queue list`."""

    place: int
    """In the order in which they would start, from 1."""
    view: RunView
    why: str
    code: str | None
    """`a1b2c3d +17 −3, 2 untracked`; None if the folder does not tell."""


def waiting(
    paths: BasePaths, connection: sqlite3.Connection, *, slots: int
) -> tuple[Snapshot, list[Waiting]]:
    """Everything at one moment, and of it the runs that wait."""
    seen = snapshot(paths, connection, slots=slots)
    queued = [item for item in seen.unfinished if item.state is RunState.QUEUED]
    return seen, [
        Waiting(place, item, item.detail or "free to start", code_of(paths, item.run.id))
        for place, item in enumerate(queued, 1)
    ]


def code_of(paths: BasePaths, run_id: str) -> str | None:
    """The code of a run in a few words, as `a1b2c3d +17 −3, 2 untracked`; None if its folder does not tell."""
    try:
        summary = (read_json(paths.run(run_id).source) or {}).get("summary")
    except (OSError, ValueError, AttributeError):
        return None
    return summary if isinstance(summary, str) else None


def hold(connection: sqlite3.Connection, chosen: Iterable[Run], *, by: str) -> list[Answer]:
    """Keep runs from starting."""
    return _each(connection, chosen, "held", lambda run: queue.hold(connection, run.id, at=_now(), by=by))


def release(connection: sqlite3.Connection, chosen: Iterable[Run], *, by: str) -> list[Answer]:
    """Let held, delayed and backed-off runs start when there is room."""
    return _each(
        connection, chosen, "released", lambda run: queue.release(connection, run.id, at=_now(), by=by)
    )


def set_priority(
    connection: sqlite3.Connection, chosen: Iterable[Run], priority: int, *, by: str
) -> list[Answer]:
    """Higher starts first."""
    return _each(
        connection,
        chosen,
        f"priority {priority}",
        lambda run: queue.set_priority(connection, run.id, priority, at=_now(), by=by),
    )


def move(
    connection: sqlite3.Connection, chosen: Sequence[Run], where: str, *, by: str, before: Run | None = None
) -> list[Answer]:
    """Move runs among those of their priority, or before another; their own order stays.

    `where` is one of PLACES, or `before`. Raises UsageError if `before` does not wait or is moved itself.
    """
    if before is not None:
        if before.state is not RunState.QUEUED:
            raise UsageError(f"{before.id}: is {before.state.value}; it has no place in the queue")
        if any(run.id == before.id for run in chosen):
            raise UsageError(f"{before.id}: can't stand before itself")
    place = {run.id: number for number, run in enumerate(runs.unfinished(connection))}
    # Each ends up where one alone would: only from the far end do they keep their own order.
    ordered = sorted(chosen, key=lambda run: place.get(run.id, -1), reverse=where in ("top", "down"))
    target = where if before is None else before.id
    word = f"moved {where}" if before is None else f"moved before {before.id}"
    stuck: set[str] = set()

    def act(run: Run) -> Run | None:
        if where in ("up", "down") and _is_stuck(connection, run, where, stuck):
            stuck.add(run.id)
            return runs.get(connection, run.id)
        return queue.move(connection, run.id, target, at=_now(), by=by)

    answers = _each(connection, ordered, word, act)
    end = f"is {'first' if where == 'up' else 'last'} of its priority already"
    return [dataclasses.replace(answer, word=end) if answer.run_id in stuck else answer for answer in answers]


def _is_stuck(connection: sqlite3.Connection, run: Run, where: str, stuck: set[str]) -> bool:
    """Whether only the queue's end, or a run of the same act that can't move either, lies where it would go."""
    line = [
        item.id
        for item in runs.unfinished(connection)
        if item.state is RunState.QUEUED and item.priority == run.priority
    ]
    if run.id not in line:
        return False
    there = line.index(run.id) + (-1 if where == "up" else 1)
    return not 0 <= there < len(line) or line[there] in stuck


def clear(
    paths: BasePaths, connection: sqlite3.Connection, chosen: Iterable[Run], *, by: str
) -> list[Answer]:
    """Cancel runs that wait; one that has started meanwhile is left alone."""
    answers = []
    for run in chosen:
        now = runs.get(connection, run.id)
        if now is None or now.state is not RunState.QUEUED:
            answers.append(_refused(run, now))
            continue
        after = cancel_run(paths, connection, now, by=by)
        answers.append(Answer(run.id, after.state, "cancelled"))
    return answers


def _each(
    connection: sqlite3.Connection, chosen: Iterable[Run], word: str, act: Callable[[Run], Run | None]
) -> list[Answer]:
    answers = []
    for run in chosen:
        after = act(run)
        if after is not None:
            answers.append(Answer(run.id, after.state, word))
        else:
            answers.append(_refused(run, runs.get(connection, run.id)))
    return answers


def _refused(run: Run, now: Run | None) -> Answer:
    if now is None:
        return Answer(run.id, run.state, "is not in the database any more", done=False)
    return Answer(run.id, now.state, f"is {now.state.value}; only a run that waits takes this", done=False)


def known_groups(connection: sqlite3.Connection) -> set[str]:
    """Names of the groups that have runs that go on or wait, or of which something was said."""
    return {groups.DEFAULT, *groups.read(connection), *(run.group for run in runs.unfinished(connection))}


def groups_of(connection: sqlite3.Connection) -> list[Group]:
    """The groups of which something is said, by name."""
    found = sorted(groups.read(connection).items())
    return [group for _, group in found if group.slots is not None or group.paused is not None]


def pauses(connection: sqlite3.Connection) -> list[str]:
    """What is paused, and why; the whole queue first."""
    whole = settings.read(connection, "paused")
    words = [] if whole is None else [f"the queue: {whole}"]
    return words + [
        f"group {group.name}: {group.paused}" for group in groups_of(connection) if group.paused is not None
    ]


def pause(connection: sqlite3.Connection, group: str | None, reason: str) -> None:
    """Start nothing more, of one group or (None) at all."""
    if group is None:
        settings.write(connection, "paused", reason)
    else:
        groups.pause(connection, group, reason)


def resume(connection: sqlite3.Connection, group: str | None) -> bool:
    """Start runs again, of one group, or (None) of the queue and of the group without a name; whether it was paused.

    Who names no group means the runs that were given to none: those too may have been paused, by
    the circuit breaker.
    """
    if group is not None:
        return groups.pause(connection, group, None)
    was = settings.read(connection, "paused")
    settings.write(connection, "paused", None)
    return groups.pause(connection, groups.DEFAULT, None) or was is not None


def set_slots(connection: sqlite3.Connection, group: str | None, slots: int | None) -> None:
    """How many runs go at once, of one group or (None) at all; None takes the number back."""
    if group is None:
        settings.write(connection, "slots", None if slots is None else str(slots))
    else:
        groups.set_slots(connection, group, slots)


def read_priority(text: str) -> int:
    """-10, 0 and 10 for low, normal and high, or the number itself.

    Raises UsageError for anything else.
    """
    if text in PRIORITIES:
        return PRIORITIES[text]
    try:
        value = int(text)
    except ValueError:
        raise UsageError(f"{text}: no priority; write a whole number, low, normal or high") from None
    if abs(value) >= 1 << 31:
        raise UsageError(f"{text}: no priority; a number so large says nothing")
    return value


def _now() -> float:
    return time.time()
