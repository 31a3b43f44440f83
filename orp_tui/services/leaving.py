"""What goes on when somebody leaves the dashboard, in words."""

from __future__ import annotations

from orp_tui.core.errors import OrpError
from orp_tui.core.states import Mark, RunState
from orp_tui.core.words import counted
from orp_tui.services.context import Context
from orp_tui.services.watch import RunView, Snapshot, snapshot


def last_look(context: Context, *, base_option: str = "") -> list[str]:
    """`leaving_words` of a look taken now; of what can't be looked at it says no more than is sure."""
    try:
        if not context.has_store:
            return leaving_words(None)
        with context.store() as connection:
            seen = snapshot(context.paths, connection, slots=context.slots)
    except (OrpError, OSError):
        return [f"what runs goes on; `orp status{base_option}` shows it"]
    return leaving_words(seen, base_option=base_option)


def leaving_words(snapshot: Snapshot | None, *, base_option: str = "") -> list[str]:
    """Lines for the shell, once it has its terminal again.

    `base_option` is what commands given there must add to mean the same base directory, as
    ` --base-dir /data/exp`. None: nothing was ever run.
    """
    unfinished = snapshot.unfinished if snapshot is not None else ()
    if not unfinished or snapshot is None:
        return ["nothing runs and nothing waits"]
    goes_on = _goes_on(unfinished)
    if snapshot.leader is not None:
        goes_on.append("so does the queue processor")
    shown = f"`orp-tui{base_option}` shows them again, `orp status{base_option}` without a dashboard"
    lines = [f"{'; '.join(goes_on)}", shown]
    if snapshot.leader is None and _waiting(unfinished):
        lines.append(f"no queue processor is there to start what waits: `orp queue start{base_option}`")
    elif snapshot.paused and _waiting(unfinished):
        lines.append(f"the queue is paused: `orp queue resume{base_option}` lets what waits start")
    return lines


def _goes_on(unfinished: tuple[RunView, ...]) -> list[str]:
    active = [run for run in unfinished if run.state.is_active]
    waiting = _waiting(unfinished)
    held = sum(Mark.HELD in run.marks for run in waiting)
    words = []
    if active:
        words.append(f"{counted(len(active), 'run')} {'goes' if len(active) == 1 else 'go'} on")
    if waiting:
        runs = "" if active else " run" if len(waiting) == 1 else " runs"
        words.append(f"{len(waiting):,}{runs} {'waits' if len(waiting) == 1 else 'wait'}{_held(held)}")
    return words


def _held(count: int) -> str:
    return f" ({count:,} held)" if count else ""


def _waiting(unfinished: tuple[RunView, ...]) -> list[RunView]:
    return [run for run in unfinished if run.state is RunState.QUEUED]
