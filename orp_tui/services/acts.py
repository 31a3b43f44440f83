"""What a person does to runs from a dashboard: many at once, answered in words, and taken back where that can be.

Each act opens the store for itself, so that it can be called from any thread.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.answer import Answer
from orp_tui.core.errors import OrpError
from orp_tui.core.request import StopRule
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.core.words import counted, duration
from orp_tui.engine.request_file import read_request
from orp_tui.services import queue_acts
from orp_tui.services.context import Context, actor, writing_to
from orp_tui.services.control import cancel as cancel_run
from orp_tui.services.control import ensure_leader
from orp_tui.services.watch import view
from orp_tui.store import groups, queue, runs, settings

if TYPE_CHECKING:
    from orp_tui.services.annotations import Annotation

_RESTORED = ("held", "starts_at", "not_before", "priority", "position")
"""What an undo puts back of a waiting run."""


@dataclasses.dataclass(frozen=True)
class Undo:
    """How things stood before an act."""

    label: str
    """The act, in words: `move`."""
    rows: Mapping[str, Mapping[str, object]] = dataclasses.field(default_factory=dict)
    """Run id → the fields that its row had."""
    pauses: Mapping[str | None, str | None] = dataclasses.field(default_factory=dict)
    """Group (None: the whole queue) → why it was paused, None if it was not."""
    dropped: tuple[str, ...] = ()
    """Runs that were taken off the queue; each comes back as a new run of the same code."""
    queued: tuple[str, ...] = ()
    """Runs that were added to the queue; they are taken off it while they wait."""
    annotations: Mapping[str, Annotation] = dataclasses.field(default_factory=dict)
    """Run id → what makes its star, its tags or its place in the archive as they were."""
    removed: tuple[str, ...] = ()
    """Runs that were put into the trash; they are taken out of it."""
    is_redo: bool = False
    """It takes back an undo."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of an act."""

    answers: tuple[Answer, ...]
    undo: Undo | None = None
    """None if it can't be taken back."""
    made: tuple[str, ...] = ()
    """Ids of new runs."""

    @property
    def words(self) -> str:
        """One or more lines: what was done, counted, then each refusal."""
        done: dict[str, list[str]] = {}
        for answer in self.answers:
            if answer.done:
                done.setdefault(answer.word, []).append(answer.run_id)
        lines = [
            f"{ids[0]}: {word}" if len(ids) == 1 else f"{counted(len(ids), 'run')}: {word}"
            for word, ids in done.items()
        ]
        lines += [f"{answer.run_id}: {answer.word}" for answer in self.answers if not answer.done]
        return "\n".join(lines)

    @property
    def is_refused(self) -> bool:
        """Whether nothing at all was done."""
        return not any(answer.done for answer in self.answers)


def cancel(context: Context, run_ids: Sequence[str], *, grace_s: float | None) -> Outcome:
    """End runs; `grace_s` until SIGKILL, None for the experiment's own."""
    answers = []
    with _runs(context, run_ids) as (connection, chosen):
        for run in chosen:
            state = view(context.paths, run).state
            if state.is_final:
                answers.append(Answer(run.id, state, f"already {state.value}", done=False))
                continue
            after = cancel_run(context.paths, connection, run, by=actor(), grace_s=grace_s)
            asked = "is being killed" if grace_s == 0 else "asked to stop"
            word = "cancelled" if after.state is RunState.CANCELLED else asked
            answers.append(Answer(run.id, after.state, word))
    return Outcome(tuple(answers))


def stop_words(context: Context, run_ids: Sequence[str]) -> str:
    """How these runs are asked to end, in one line: `SIGTERM, then SIGKILL after 2m00s`."""
    found = set()
    for run_id in run_ids:
        try:
            rule = read_request(context.paths.run(run_id)).stop
        except (OSError, ValueError, KeyError, TypeError):
            rule = StopRule()
        whom = {"root": "", "ranks": " to all ranks", "tree": " to all its processes"}.get(rule.to, "")
        name = signal.Signals(rule.signal).name
        found.add(f"{name}{whom}, then SIGKILL after {duration(rule.grace_s)}")
    return "; or ".join(sorted(found))


def drop(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Take waiting runs off the queue; the undo queues each again as a new run of the same code."""
    with _runs(context, run_ids) as (connection, chosen):
        answers = queue_acts.clear(context.paths, connection, chosen, by=actor())
    dropped = tuple(answer.run_id for answer in answers if answer.done)
    return Outcome(tuple(answers), Undo("drop", dropped=dropped) if dropped else None)


def hold(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Keep waiting runs from starting; if all of them are kept already, let them go."""
    with _runs(context, run_ids) as (connection, chosen):
        waiting = [run for run in chosen if run.state is RunState.QUEUED]
        kept = bool(waiting) and all(run.held for run in waiting)
        act = queue_acts.release if kept else queue_acts.hold
        answers = act(connection, chosen, by=actor())
    return _of_rows("release" if kept else "hold", answers, chosen)


def move(context: Context, run_ids: Sequence[str], where: str) -> Outcome:
    """Move waiting runs; `where` is one of `queue_acts.PLACES`."""
    with _runs(context, run_ids) as (connection, chosen):
        answers = queue_acts.move(connection, chosen, where, by=actor())
        after = [runs.get(connection, run.id) for run in chosen]
    # What stood at the end already stays there: there is nothing to undo.
    before = [
        run for run, now in zip(chosen, after, strict=True) if now is None or now.position != run.position
    ]
    return _of_rows("move", answers, before)


def change_priority(context: Context, run_ids: Sequence[str], by: int) -> Outcome:
    """Raise or lower each waiting run's priority by so much."""
    answers: list[Answer] = []
    with _runs(context, run_ids) as (connection, chosen):
        for run in chosen:
            answers += queue_acts.set_priority(connection, [run], run.priority + by, by=actor())
    return _of_rows("priority", answers, chosen)


def pause(context: Context, group: str | None) -> Outcome:
    """Start nothing more of a group, or (None) at all; if it is paused already, start again."""
    with _store(context) as connection:
        before = _paused(connection, group)
        if before is None:
            queue_acts.pause(connection, group, f"by {actor()}")
        else:
            _set_pause(connection, group, None)
    name = "the queue" if group is None else f"group {group}"
    word = "paused; what runs goes on" if before is None else "goes on"
    answer = Answer(name, RunState.QUEUED, word)
    return Outcome((answer,), Undo("pause" if before is None else "resume", pauses={group: before}))


def retry(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Queue each ended run again, of the same code."""
    from orp_tui.services import again

    return _made(context, run_ids, "queued again as", again.retry)


def resume(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Let each ended run go on from its newest checkpoint, as a new run."""
    from orp_tui.services import again

    return _made(context, run_ids, "goes on as", again.resume)


def refreeze(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Give waiting runs the code as it is now; each is replaced by a new one in its place."""
    from orp_tui.services import refreezing
    from orp_tui.services.shared_freeze import SharedFreeze

    shared = SharedFreeze(context)
    made: list[str] = []

    def act(connection: sqlite3.Connection, run: Run) -> str:
        done = refreezing.refreeze(context, connection, run, by=actor(), shared=shared)
        if not done.replaced:
            return "has the code of now already"
        made.append(done.run_id)
        return f"has the code of now, as {done.run_id}"

    return dataclasses.replace(_each(context, run_ids, act), made=tuple(made))


def bundle(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Write the artifact zips of ended runs, or write them again."""
    from orp_tui.services.artifacts import bundle_again

    def act(connection: sqlite3.Connection, run: Run) -> str:
        state = bundle_again(context, connection, run)
        return f"zip {state.for_row()}"

    return _each(context, run_ids, act)


def undo(context: Context, before: Undo) -> Outcome:
    """Put things back as they stood; its own undo is the redo."""
    if before.dropped:
        return retry(context, before.dropped)
    if before.queued:
        return drop(context, before.queued)
    if before.annotations:
        from orp_tui.services.past_acts import undo_annotations

        return undo_annotations(context, before)
    if before.removed:
        from orp_tui.services.past_acts import restore_runs

        return restore_runs(context, before)
    with _runs(context, list(before.rows)) as (connection, chosen):
        answers = [_put_back(connection, run, before) for run in chosen]
        pauses = {group: _paused(connection, group) for group in before.pauses}
        for group, why in before.pauses.items():
            _set_pause(connection, group, why)
            name = "the queue" if group is None else f"group {group}"
            answers.append(Answer(name, RunState.QUEUED, "goes on" if why is None else "paused"))
    return Outcome(
        tuple(answers), Undo(before.label, _fields(chosen, before.rows), pauses, is_redo=not before.is_redo)
    )


def _put_back(connection: sqlite3.Connection, run: Run, before: Undo) -> Answer:
    after = queue.put_back(connection, run.id, before.rows[run.id], at=time.time(), by=actor())
    if after is None:
        return Answer(run.id, run.state, f"is {run.state.value}; {before.label} stays as it is", done=False)
    return Answer(run.id, after.state, f"{before.label} {'done again' if before.is_redo else 'undone'}")


def _of_rows(label: str, answers: Sequence[Answer], before: Sequence[Run]) -> Outcome:
    changed = {answer.run_id for answer in answers if answer.done}
    rows = _fields(before, changed)
    return Outcome(tuple(answers), Undo(label, rows) if rows else None)


def _fields(chosen: Iterable[Run], wanted: Iterable[str]) -> dict[str, dict[str, object]]:
    ids = set(wanted)
    return {run.id: {name: getattr(run, name) for name in _RESTORED} for run in chosen if run.id in ids}


def _paused(connection: sqlite3.Connection, group: str | None) -> str | None:
    if group is None:
        return settings.read(connection, "paused")
    found = groups.read(connection).get(group)
    return found.paused if found else None


def _set_pause(connection: sqlite3.Connection, group: str | None, why: str | None) -> None:
    if why is not None:
        queue_acts.pause(connection, group, why)
    else:
        queue_acts.resume(connection, group)


def _made(
    context: Context,
    run_ids: Sequence[str],
    word: str,
    make: Callable[[Context, sqlite3.Connection, Run], str],
) -> Outcome:
    made: list[str] = []

    def act(connection: sqlite3.Connection, run: Run) -> str:
        made.append(make(context, connection, run))
        return f"{word} {made[-1]}"

    outcome = _each(context, run_ids, act)
    if made:
        ensure_leader(context)
    return dataclasses.replace(outcome, made=tuple(made))


def _each(context: Context, run_ids: Sequence[str], act: Callable[[sqlite3.Connection, Run], str]) -> Outcome:
    answers = []
    with _runs(context, run_ids) as (connection, chosen):
        for run in chosen:
            try:
                answers.append(Answer(run.id, run.state, act(connection, run)))
            except OrpError as error:
                words = str(error).removeprefix(f"{run.id}: ")
                answers.append(Answer(run.id, run.state, words, done=False))
    return Outcome(tuple(answers))


@contextlib.contextmanager
def _runs(context: Context, run_ids: Sequence[str]) -> Iterator[tuple[sqlite3.Connection, list[Run]]]:
    """The store, and the runs as their rows are now; one that has gone is left out."""
    with _store(context) as connection:
        found = [runs.get(connection, run_id) for run_id in run_ids]
        yield connection, [run for run in found if run is not None]


@contextlib.contextmanager
def _store(context: Context) -> Iterator[sqlite3.Connection]:
    with writing_to(context.paths), context.store() as connection:
        yield connection
