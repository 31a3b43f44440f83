"""The whole life of a run as one pure function: what is known of it → what to do next.

The queue processor carries the actions out; clients use `foresee` to show what is
true while no queue processor runs. Both ask the same `decide`, so they can't differ.

Four rules stand behind the order of the questions:
 1. a result, and then an exit record, outranks the row;
 2. `attempt-n.json` is created once, and whoever made it decides;
 3. what can't be proven unstarted is never started again;
 4. nothing is decided about a run whose lock somebody else holds.
"""

from __future__ import annotations

import dataclasses
import enum

from orp_tui.core.states import EVENT_OF_END, Mark, Reason, RunState, advance

MAX_FINALISER_TRIES = 3


class Lock(enum.Enum):
    """The run's supervisor lock, as the asker sees it."""

    FREE = "free"
    HELD = "held"
    """By somebody else: a supervisor, a finaliser, an adopter or another asker."""
    MINE = "mine"


class Tree(enum.Enum):
    """The training's processes."""

    NEVER = "never"
    """Nothing was started: no log was made yet."""
    GONE = "gone"
    ALIVE = "alive"


class ClaimKind(enum.Enum):
    """Who made `attempt-n.json`."""

    NONE = "none"
    FENCE = "fence"
    SUPERVISOR = "supervisor"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the folder and the kernel say of one attempt of a run."""

    folder: bool = True
    lock: Lock = Lock.FREE
    tree: Tree = Tree.NEVER
    claim: ClaimKind = ClaimKind.NONE
    started: bool = False
    exit: bool = False
    result: RunState | None = None
    """The end that `result.json` names."""
    cancel: bool = False
    """`cancel.json` is there."""
    same_boot: bool = True
    """The claim was made since the machine last started (also true without a claim)."""
    same_namespace: bool = True
    """The claim was made in this pid namespace (also true without a claim)."""
    newest_attempt: int = 0
    """The highest n of which there is an `attempt-n.json`."""
    supervisor_alive: bool = False
    """Asked by pid, start ticks and boot id; needed only where the lock file is gone."""
    orphan: bool = False
    """An exit record waits in `state/orphans`, because the folder was gone when it was written."""

    @property
    def owns_slot(self) -> bool:
        """It may still use CPU and GPU: given back once the exit record exists and no process lives."""
        if self.tree is Tree.ALIVE or (not self.folder and self.supervisor_alive):
            return True
        return self.lock is not Lock.FREE and not self.exit and self.result is None


class ActionKind(enum.Enum):
    """What to do about a run."""

    WAIT = "wait"
    """Nothing, until a fact changes."""
    ADVANCE = "advance"
    """Take the row along the table by `Action.event`."""
    TAKE_LOCK = "take_lock"
    """Take the run's lock and ask again: only its holder may decide."""
    FENCE = "fence"
    """Create `attempt-n.json`, so that this attempt can never happen."""
    ADOPT = "adopt"
    """Start an adopter: the training lives without a supervisor."""
    RECORD_LOSS = "record_loss"
    """Write an exit record that says nobody saw the end, with `Action.reason`."""
    FINALISE = "finalise"
    """Start a finaliser: the one that should have run is gone."""
    CONCLUDE = "conclude"
    """Write a result from the exit record alone: the finaliser failed too often."""


@dataclasses.dataclass(frozen=True)
class Action:
    """One step. `event` and `reason` are None where the kind has no use for them."""

    kind: ActionKind
    event: str | None = None
    reason: Reason | None = None


WAIT = Action(ActionKind.WAIT)


def decide(
    state: RunState, attempt: int, finaliser_tries: int, facts: Facts, *, cancel_requested: bool = False
) -> Action:
    """What to do next about a run whose row says `state` and `attempt`.

    `cancel_requested` is the row's mark; a `cancel.json` counts as well.
    """
    if state.is_final:
        return WAIT
    cancel = cancel_requested or facts.cancel
    if not facts.folder:
        return _without_folder(state, facts, cancel=cancel)
    if state is RunState.QUEUED:
        return _queued(attempt, facts, cancel=cancel)
    if state is RunState.STARTING and facts.newest_attempt > attempt:
        return Action(ActionKind.ADVANCE, "catch_up")  # a rebuild saw the folder before that claim was made
    if facts.result is not None:
        return _with_result(state, facts.result, facts)
    if facts.exit:
        return _with_exit(state, finaliser_tries, facts)
    if facts.lock is Lock.HELD:
        starting = state is RunState.STARTING and facts.started
        return Action(ActionKind.ADVANCE, "start") if starting else WAIT
    if facts.lock is Lock.FREE:
        return Action(ActionKind.TAKE_LOCK)
    return _unattended(state, facts, cancel=cancel)


def _without_folder(state: RunState, facts: Facts, *, cancel: bool) -> Action:
    if facts.supervisor_alive:
        return WAIT  # it will leave its record in state/orphans
    if state is RunState.QUEUED and cancel:
        return Action(ActionKind.ADVANCE, "cancel", Reason.CANCELLED)
    return Action(ActionKind.ADVANCE, "lose", Reason.FOLDER_DELETED)


def _queued(attempt: int, facts: Facts, *, cancel: bool) -> Action:
    if facts.newest_attempt > attempt:
        return Action(ActionKind.ADVANCE, "catch_up")
    if cancel:
        return Action(ActionKind.ADVANCE, "cancel", Reason.CANCELLED)
    return WAIT


def _with_result(state: RunState, result: RunState, facts: Facts) -> Action:
    if facts.lock is not Lock.HELD:
        return Action(ActionKind.ADVANCE, EVENT_OF_END[result])
    return WAIT if state is RunState.FINISHING else Action(ActionKind.ADVANCE, "finish")


def _with_exit(state: RunState, finaliser_tries: int, facts: Facts) -> Action:
    if state is not RunState.FINISHING:
        return Action(ActionKind.ADVANCE, "finish")
    if facts.lock is Lock.HELD:
        return WAIT
    if facts.lock is Lock.FREE:
        return Action(ActionKind.TAKE_LOCK)
    again = finaliser_tries < MAX_FINALISER_TRIES
    return Action(ActionKind.FINALISE if again else ActionKind.CONCLUDE)


def _unattended(state: RunState, facts: Facts, *, cancel: bool) -> Action:
    """The lock is ours and there is no exit record: what became of the attempt?"""
    if facts.tree is Tree.ALIVE:
        return Action(ActionKind.ADOPT)
    unstarted = state is RunState.STARTING and facts.tree is Tree.NEVER and not facts.started
    if unstarted and facts.claim is ClaimKind.NONE:
        return Action(ActionKind.FENCE)
    if unstarted or (state is RunState.STARTING and facts.claim is ClaimKind.FENCE):
        if cancel:
            return Action(ActionKind.ADVANCE, "cancel", Reason.CANCELLED)
        return Action(ActionKind.ADVANCE, "requeue")
    if not facts.same_boot:
        return Action(ActionKind.RECORD_LOSS, reason=Reason.REBOOTED)
    if not facts.same_namespace:
        return Action(ActionKind.RECORD_LOSS, reason=Reason.PROCESSES_VANISHED)
    return Action(ActionKind.RECORD_LOSS, reason=Reason.SUPERVISOR_KILLED)


@dataclasses.dataclass(frozen=True)
class Foresight:
    """What is true of a run now, whether or not a queue processor has written it yet."""

    state: RunState
    reason: Reason | None
    """None if the row or the result has to be asked."""
    marks: frozenset[Mark]
    settled: bool
    """The row says the same; False means that a queue processor has work to do."""


def foresee(
    state: RunState, attempt: int, finaliser_tries: int, facts: Facts, *, cancel_requested: bool = False
) -> Foresight:
    """Where the run stands once everything that is known has been written down."""
    marks = {Mark.CANCEL_REQUESTED} if cancel_requested or facts.cancel else set()
    reason: Reason | None = None
    first = state
    while True:
        action = decide(state, attempt, finaliser_tries, facts, cancel_requested=cancel_requested)
        if action.kind is ActionKind.ADVANCE:
            assert action.event is not None
            state = advance("", state, action.event)
            reason = action.reason
            attempt = max(attempt, facts.newest_attempt)
        elif action.kind is ActionKind.TAKE_LOCK:
            facts = dataclasses.replace(facts, lock=Lock.MINE)
        elif action.kind is ActionKind.FENCE:
            facts = dataclasses.replace(facts, claim=ClaimKind.FENCE, newest_attempt=attempt)
        else:
            break
    if action.kind is ActionKind.ADOPT:
        marks.add(Mark.UNSUPERVISED)
        state = RunState.RUNNING
    elif action.kind is ActionKind.RECORD_LOSS:
        state, reason = RunState.LOST, action.reason
    elif action.kind is ActionKind.CONCLUDE:
        state, reason = RunState.FAILED, Reason.FINALISER_FAILED
    if not facts.folder and not state.is_final:
        marks.add(Mark.FOLDER_MISSING)
    if state.is_final:
        marks.discard(Mark.CANCEL_REQUESTED)
    settled = state is first and action.kind is ActionKind.WAIT and facts.lock is not Lock.MINE
    return Foresight(state, reason, frozenset(marks), settled)
