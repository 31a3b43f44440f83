"""Every combination of row and facts: one action each, repetition ends, and the rules hold."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from orp_tui.core.decide import Action, ActionKind, ClaimKind, Facts, Lock, Tree, decide, foresee
from orp_tui.core.states import NEXT, Reason, RunState, advance

STATES = list(RunState)
ENDS = [state for state in RunState if state.is_final]


def all_facts():
    booleans = (False, True)
    for lock, tree, claim, started, exit_, result, cancel, boot in itertools.product(
        Lock,
        Tree,
        ClaimKind,
        booleans,
        booleans,
        (None, RunState.SUCCEEDED, RunState.LOST),
        booleans,
        booleans,
    ):
        yield Facts(
            lock=lock,
            tree=tree,
            claim=claim,
            started=started,
            exit=exit_,
            result=result,
            cancel=cancel,
            same_boot=boot,
            newest_attempt=0 if claim is ClaimKind.NONE else 1,
        )
    for alive, orphan, cancel in itertools.product(booleans, booleans, booleans):
        yield Facts(folder=False, supervisor_alive=alive, orphan=orphan, cancel=cancel)


ALL = list(all_facts())
ROWS = list(itertools.product(STATES, (0, 1), (0, 2, 3), (False, True)))


def apply(state: RunState, attempt: int, tries: int, facts: Facts, action: Action):
    """What the world looks like after an action: the model of the queue processor."""
    if action.kind is ActionKind.ADVANCE:
        assert action.event is not None
        after = advance("x", state, action.event)
        return after, max(attempt, facts.newest_attempt), tries, facts
    if action.kind is ActionKind.TAKE_LOCK:
        return state, attempt, tries, dataclasses.replace(facts, lock=Lock.MINE)
    if action.kind is ActionKind.FENCE:
        return state, attempt, tries, dataclasses.replace(facts, claim=ClaimKind.FENCE)
    if action.kind is ActionKind.ADOPT:
        gone = dataclasses.replace(facts, tree=Tree.GONE, exit=True, lock=Lock.FREE)
        return state, attempt, tries, gone
    if action.kind is ActionKind.RECORD_LOSS:
        return state, attempt, tries, dataclasses.replace(facts, exit=True)
    if action.kind is ActionKind.FINALISE:
        return state, attempt, tries + 1, dataclasses.replace(facts, lock=Lock.FREE)
    assert action.kind is ActionKind.CONCLUDE
    return state, attempt, tries, dataclasses.replace(facts, result=RunState.FAILED)


def test_every_combination_has_exactly_one_action_that_the_table_allows():
    for (state, attempt, tries, wish), facts in itertools.product(ROWS, ALL):
        action = decide(state, attempt, tries, facts, cancel_requested=wish)
        if action.kind is ActionKind.ADVANCE:
            assert action.event in NEXT[state], (state, facts)
        if action.kind is ActionKind.RECORD_LOSS:
            assert action.reason is not None


def test_carrying_out_actions_ends_from_every_combination():
    for (state, attempt, tries, wish), facts in itertools.product(ROWS, ALL):
        now = (state, attempt, tries, facts)
        for _ in range(14):
            action = decide(now[0], now[1], now[2], now[3], cancel_requested=wish)
            if action.kind is ActionKind.WAIT:
                break
            now = apply(*now, action)
        else:
            pytest.fail(f"does not end: {state} {attempt} {tries} {facts}")


def test_a_final_state_never_changes():
    for state, facts in itertools.product(ENDS, ALL):
        assert decide(state, 1, 0, facts).kind is ActionKind.WAIT


def test_only_the_holder_of_the_lock_decides_about_an_attempt():
    deciding = {
        ActionKind.FENCE,
        ActionKind.ADOPT,
        ActionKind.RECORD_LOSS,
        ActionKind.FINALISE,
        ActionKind.CONCLUDE,
    }
    for (state, attempt, tries, wish), facts in itertools.product(ROWS, ALL):
        if decide(state, attempt, tries, facts, cancel_requested=wish).kind in deciding:
            assert facts.lock is Lock.MINE


def test_nothing_that_may_have_started_is_ever_queued_again():
    for (state, attempt, tries, wish), facts in itertools.product(ROWS, ALL):
        action = decide(state, attempt, tries, facts, cancel_requested=wish)
        if action.event != "requeue":
            continue
        assert state is RunState.STARTING
        assert facts.lock is Lock.MINE
        assert not facts.exit
        unstarted = facts.tree is Tree.NEVER and not facts.started
        assert facts.claim is ClaimKind.FENCE or (unstarted and facts.claim is ClaimKind.SUPERVISOR)


def test_an_exit_record_outranks_the_row_and_a_result_outranks_both():
    for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHING):
        for facts in ALL:
            if not facts.folder:
                continue
            seen = foresee(state, 1, 0, facts)
            if facts.result is not None and facts.lock is not Lock.HELD:
                assert seen.state is facts.result
            elif facts.exit or facts.result is not None:
                assert seen.state is RunState.FINISHING


def test_running_is_said_only_of_what_lives():
    for state in (RunState.STARTING, RunState.RUNNING):
        for facts in ALL:
            if not facts.folder or facts.lock is Lock.HELD:
                continue
            seen = foresee(state, 1, 0, facts)
            if seen.state in (RunState.RUNNING, RunState.STARTING):
                assert facts.tree is Tree.ALIVE


def test_a_cancelled_queued_run_never_starts():
    facts = Facts(newest_attempt=0)

    action = decide(RunState.QUEUED, 0, 0, facts, cancel_requested=True)

    assert (action.kind, action.event, action.reason) == (ActionKind.ADVANCE, "cancel", Reason.CANCELLED)


def test_a_claimed_but_unstarted_run_is_fenced_before_it_is_queued_again():
    facts = Facts(lock=Lock.MINE)

    assert decide(RunState.STARTING, 1, 0, facts).kind is ActionKind.FENCE
    fenced = dataclasses.replace(facts, claim=ClaimKind.FENCE)
    assert decide(RunState.STARTING, 1, 0, fenced).event == "requeue"


def test_a_training_without_a_supervisor_is_adopted_even_after_a_reboot_of_the_record():
    facts = Facts(lock=Lock.MINE, tree=Tree.ALIVE, claim=ClaimKind.SUPERVISOR, started=True, same_boot=False)

    assert decide(RunState.RUNNING, 1, 0, facts).kind is ActionKind.ADOPT


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(same_boot=False), Reason.REBOOTED),
        (Facts(same_namespace=False), Reason.PROCESSES_VANISHED),
        (Facts(), Reason.SUPERVISOR_KILLED),
    ],
)
def test_a_loss_names_what_is_known(facts, reason):
    facts = dataclasses.replace(
        facts, lock=Lock.MINE, tree=Tree.GONE, claim=ClaimKind.SUPERVISOR, started=True
    )

    assert decide(RunState.RUNNING, 1, 0, facts) == Action(ActionKind.RECORD_LOSS, reason=reason)


def test_a_finaliser_is_tried_three_times_and_then_the_run_is_concluded():
    facts = Facts(lock=Lock.MINE, tree=Tree.GONE, claim=ClaimKind.SUPERVISOR, started=True, exit=True)

    kinds = [decide(RunState.FINISHING, 1, tries, facts).kind for tries in range(4)]

    assert kinds == [ActionKind.FINALISE] * 3 + [ActionKind.CONCLUDE]


def test_a_slot_is_given_back_at_the_exit_record_and_not_before_the_last_process():
    record_only = Facts(lock=Lock.HELD, tree=Tree.GONE, exit=True)
    with_process = Facts(lock=Lock.HELD, tree=Tree.ALIVE, exit=True)
    unsupervised = Facts(lock=Lock.FREE, tree=Tree.ALIVE)

    assert not record_only.owns_slot
    assert with_process.owns_slot
    assert unsupervised.owns_slot


def test_a_database_older_than_the_folder_catches_up_and_starts_nothing():
    facts = Facts(newest_attempt=2)

    assert decide(RunState.QUEUED, 1, 0, facts).event == "catch_up"


def test_a_claim_that_a_rebuilt_row_does_not_know_is_caught_up_with_before_anything_is_decided():
    known_too_late = Facts(lock=Lock.MINE, claim=ClaimKind.SUPERVISOR, newest_attempt=2)
    action = decide(RunState.STARTING, 1, 0, known_too_late)
    assert action == Action(ActionKind.ADVANCE, "catch_up")
