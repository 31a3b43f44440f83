"""Copies of a run's experiment file that somebody edits to make a child of it.

A draft is kept until it was queued: an edit that is not valid yet is not lost.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from orp_tui.core.answer import Answer
from orp_tui.core.errors import ConfigError, OrpError, UsageError
from orp_tui.core.states import RunState
from orp_tui.services.acts import Outcome
from orp_tui.services.context import Context, actor
from orp_tui.services.control import ensure_leader
from orp_tui.services.dashboard_state import user_state_folder
from orp_tui.services.imported import refuse_imported
from orp_tui.store import runs


def draft_of(context: Context, run_id: str) -> Path:
    """A file to edit: the experiment as the run was submitted with it, or what is left of an earlier edit.

    Raises UsageError if the run's folder has no experiment file or it is another machine's, OSError if no copy can be written.
    """
    refuse_imported(context.paths.run(run_id), "cloned")
    path = user_state_folder() / "drafts" / f"{run_id}.yaml"
    if path.is_file():
        return path
    try:
        data = context.paths.run(run_id).experiment.read_bytes()
    except OSError as error:
        raise UsageError(f"{run_id}: its experiment file can't be read: {error.strerror}") from error
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def is_edited(context: Context, run_id: str, draft: Path) -> bool:
    """Whether the draft says something else than the run's own file."""
    try:
        return draft.read_bytes() != context.paths.run(run_id).experiment.read_bytes()
    except OSError:
        return draft.is_file()


def drop_draft(draft: Path) -> None:
    """Forget an edit."""
    with contextlib.suppress(OSError):
        os.unlink(draft)


def queue_draft(context: Context, run_id: str, draft: Path) -> Outcome:
    """Queue what the draft describes as children of the run; a run that still waits is then cancelled.

    Raises ConfigError with everything that is wrong with it and where it is kept, and what a submit raises.
    """
    from orp_tui.services import again, queue_acts

    with context.store() as connection:
        run = runs.get(connection, run_id)
        if run is None:
            raise UsageError(f"{run_id}: is not in the store any more; the edit is kept in {draft}")
        try:
            made = again.clone_edited(context, connection, run, draft)
        except ConfigError:
            raise
        except OrpError as error:
            raise type(error)(f"{error}; the edit is kept in {draft}") from error
        answers = [Answer(new, RunState.QUEUED, f"queued as a child of {run_id}") for new in made]
        if run.state is RunState.QUEUED:
            answers += queue_acts.clear(context.paths, connection, [run], by=actor())
    drop_draft(draft)
    ensure_leader(context)
    return Outcome(tuple(answers), made=tuple(made))
