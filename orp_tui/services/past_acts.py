"""What a person does to past runs from a dashboard: stars, tags, notes, the archive, the trash, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.answer import Answer
from orp_tui.core.errors import OrpError
from orp_tui.core.states import RunState
from orp_tui.services.acts import Outcome, Undo
from orp_tui.services.annotations import (
    Annotation,
    Annotations,
    Archive,
    Star,
    Tag,
    annotate,
    read_annotations,
)
from orp_tui.services.context import Context, actor, writing_to
from orp_tui.store import runs

if TYPE_CHECKING:
    from orp_tui.services.removal import Removal

_PAGE = 500
_UNDOABLE = 2_000
"""Of more runs than this it is not kept how they were."""


def annotate_runs(context: Context, run_ids: Sequence[str], act: Annotation) -> Outcome:
    """Do the act to each run; its undo does the contrary to those that it changed."""
    before = _before(context, run_ids) if len(run_ids) <= _UNDOABLE else {}
    with writing_to(context.paths), context.store() as connection:
        known = [run_id for run_id in run_ids if runs.get(connection, run_id) is not None]
        answers = annotate(context, connection, known, act, by=actor())
    # A folder that the queue does not know is listed too, until `orp doctor --rebuild` has taken it in.
    answers += [
        Answer(run_id, RunState.LOST, "is not in the queue; `orp doctor --rebuild` takes it in", done=False)
        for run_id in set(run_ids).difference(known)
    ]
    done = {answer.run_id for answer in answers if answer.done}
    contrary = {
        run_id: undone
        for run_id, was in before.items()
        if run_id in done and (undone := _contrary(act, was)) is not None
    }
    return Outcome(tuple(answers), Undo(_label(act), annotations=contrary) if contrary else None)


def star_runs(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Star runs; if all of them have a star, take it away."""
    return _switch(context, run_ids, lambda was: was.is_starred, Star)


def archive_runs(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Put runs out of sight; if all of them are, bring them back."""
    return _switch(context, run_ids, lambda was: was.is_archived, Archive)


def _switch(
    context: Context,
    run_ids: Sequence[str],
    is_on: Callable[[Annotations], bool],
    act: Callable[[bool], Annotation],
) -> Outcome:
    every = all(is_on(read_annotations(context.paths.run(run_id))) for run_id in run_ids)
    return annotate_runs(context, run_ids, act(not every))


def _before(context: Context, run_ids: Sequence[str]) -> dict[str, Annotations]:
    found = {}
    for run_id in run_ids:
        try:
            found[run_id] = read_annotations(context.paths.run(run_id))
        except OSError:
            continue
    return found


def _contrary(act: Annotation, was: Annotations) -> Annotation | None:
    """What makes of a run what it was; None if the act has changed nothing, or can't be taken back."""
    if isinstance(act, Star):
        return Star(was.is_starred) if was.is_starred is not act.on else None
    if isinstance(act, Archive):
        return Archive(was.is_archived) if was.is_archived is not act.on else None
    if isinstance(act, Tag):
        had = {tag.casefold(): tag for tag in was.tags}
        remove = tuple(tag for tag in act.add if tag.casefold() not in had)
        add = tuple(had[tag.casefold()] for tag in act.remove if tag.casefold() in had)
        return Tag(add, remove) if add or remove else None
    return None


def _label(act: Annotation) -> str:
    return {Star: "star", Archive: "archive", Tag: "tag"}.get(type(act), "note")


def share_runs(context: Context, run_ids: Sequence[str]) -> Outcome:
    """Let the group of each run's project read it; `orp share --remove` takes that back."""
    from orp_tui.services import sharing

    answers = []
    with context.store() as connection:
        found = [run for run_id in run_ids if (run := runs.get(connection, run_id)) is not None]
    for run in found:
        try:
            who = sharing.audience(context, run, group=None, everybody=False)
            done = sharing.share(context, run, who)
        except (OrpError, OSError) as error:
            answers.append(Answer(run.id, run.state, str(error), done=False))
            continue
        # A folder above that keeps them out is what one has to know first.
        blocked = f"; but {done.blocked[0]}" if done.blocked else ""
        answers.append(Answer(run.id, run.state, f"{who} can read it{blocked}"))
    return Outcome(tuple(answers))


def plan_removal(
    context: Context, run_ids: Sequence[str], progress: Callable[[int, int], object] | None = None
) -> Removal:
    """What a removal would do; see `removal.plan_removal`."""
    from orp_tui.services import removal

    with context.store() as connection:
        return removal.plan_removal(context, connection, run_ids, progress)


def remove_runs(context: Context, plan: Removal) -> Outcome:
    """Put runs into the trash; the undo takes them out of it."""
    from orp_tui.services import removal

    with writing_to(context.paths), context.store() as connection:
        done = removal.remove(context, connection, plan, by=actor())
    gone = [Answer(item.run_id, item.run.state, "in the trash") for item in done.removed]
    left = [Answer(item.run_id, item.run.state, item.why_kept or "", done=False) for item in done.left]
    removed = tuple(item.run_id for item in done.removed)
    return Outcome((*gone, *left), Undo("deletion", removed=removed) if removed else None)


def restore_runs(context: Context, before: Undo) -> Outcome:
    """Take runs out of the trash again."""
    from orp_tui.services import restoring

    answers = []
    with writing_to(context.paths), context.store() as connection:
        for run_id in before.removed:
            try:
                restoring.restore(context, connection, run_id, by=actor())
            except OrpError as error:
                answers.append(Answer(run_id, RunState.LOST, str(error), done=False))
                continue
            run = runs.get(connection, run_id)
            answers.append(
                Answer(run_id, run.state if run is not None else RunState.LOST, "out of the trash")
            )
    return Outcome(tuple(answers))


def ids_of(context: Context, numbers: Sequence[int]) -> list[str]:
    """The ids of runs by their numbers in the catalogue, page by page: all rows at once might not fit."""
    from orp_tui.services.catalog import Catalog

    found: list[str] = []
    catalog = Catalog(context)
    try:
        for begin in range(0, len(numbers), _PAGE):
            found += [run.id for run in catalog.rows(numbers[begin : begin + _PAGE]) if run is not None]
    finally:
        catalog.close()
    return found


def undo_annotations(context: Context, before: Undo) -> Outcome:
    """Do to each run what makes of it what it was; its own undo does the act again."""
    together: dict[Annotation, list[str]] = {}
    for run_id, act in before.annotations.items():
        together.setdefault(act, []).append(run_id)
    answers: list[Answer] = []
    again: dict[str, Annotation] = {}
    for act, run_ids in together.items():
        outcome = annotate_runs(context, run_ids, act)
        answers += outcome.answers
        again.update(outcome.undo.annotations if outcome.undo is not None else {})
    undone = Undo(before.label, annotations=again, is_redo=not before.is_redo) if again else None
    return Outcome(tuple(answers), undone)
