"""The table of transitions: every way leads to one end, and no end leads anywhere."""

from __future__ import annotations

import pytest

from orp_tui.core.errors import IllegalTransition
from orp_tui.core.states import EVENT_OF_END, NEXT, RunState, advance

FINAL = {RunState.SUCCEEDED, RunState.INCOMPLETE, RunState.FAILED, RunState.CANCELLED, RunState.LOST}


def test_five_states_are_ends_and_take_no_event():
    assert {state for state in RunState if state.is_final} == FINAL
    events = {event for steps in NEXT.values() for event in steps}
    for state in FINAL:
        for event in events:
            with pytest.raises(IllegalTransition):
                advance("exp", state, event)


def test_active_is_what_may_own_processes():
    assert {state for state in RunState if state.is_active} == {
        RunState.STARTING,
        RunState.RUNNING,
        RunState.FINISHING,
    }


def test_every_state_can_be_reached_and_every_way_can_end():
    reached, todo = set(), [RunState.QUEUED]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += NEXT.get(state, {}).values()
    assert reached == set(RunState)
    for state, steps in NEXT.items():
        assert FINAL & set(steps.values()), f"{state} has an end"


def test_only_a_start_that_is_proven_not_to_have_been_goes_back_to_the_queue():
    back = {
        (state, event)
        for state, steps in NEXT.items()
        for event, after in steps.items()
        if after is RunState.QUEUED
    }

    assert back == {(RunState.STARTING, "requeue")}


def test_nothing_succeeds_that_has_not_started():
    assert "succeed" not in NEXT[RunState.QUEUED]
    assert "incomplete" not in NEXT[RunState.QUEUED]


def test_each_end_has_its_event():
    assert set(EVENT_OF_END) == FINAL
    for state, event in EVENT_OF_END.items():
        assert advance("exp", RunState.RUNNING, event) is state


def test_a_refusal_names_run_state_and_event():
    with pytest.raises(IllegalTransition) as refused:
        advance("exp_1", RunState.SUCCEEDED, "start")

    assert str(refused.value) == "run exp_1 is succeeded; it cannot take 'start'."
    assert (refused.value.run_id, refused.value.state, refused.value.event) == ("exp_1", "succeeded", "start")


def test_the_stored_words_never_change():
    assert [state.value for state in RunState] == [
        "queued", "starting", "running", "finishing", "succeeded", "incomplete", "failed", "cancelled", "lost",
    ]  # fmt: skip
