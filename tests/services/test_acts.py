"""Acts from a dashboard, and taking them back."""

from __future__ import annotations

import pytest

from orp_tui.core.states import RunState
from orp_tui.services import acts
from orp_tui.store import runs


@pytest.fixture
def three(project):
    return [project.submit() for _ in range(3)]


def order(project):
    with project.context.store() as connection:
        return [run.id for run in runs.unfinished(connection)]


def row(project, run_id):
    with project.context.store() as connection:
        return runs.get(connection, run_id)


def test_a_move_is_undone_and_done_again(project, three):
    moved = acts.move(project.context, [three[2]], "top")
    assert order(project) == [three[2], three[0], three[1]]

    undone = acts.undo(project.context, moved.undo)
    assert order(project) == three
    assert undone.words == f"{three[2]}: move undone"

    again = acts.undo(project.context, undone.undo)
    assert order(project) == [three[2], three[0], three[1]]
    assert again.words == f"{three[2]}: move done again"


def test_a_move_beyond_the_end_leaves_nothing_to_undo(project, three):
    beyond = acts.move(project.context, [three[2]], "down")

    assert beyond.undo is None
    assert order(project) == three
    assert acts.move(project.context, three[:1], "down").undo is not None


def test_moving_many_is_undone_at_once(project, three):
    moved = acts.move(project.context, three[1:], "top")
    assert order(project) == [*three[1:], three[0]]

    acts.undo(project.context, moved.undo)

    assert order(project) == three


def test_hold_is_a_switch_and_its_undo_gives_back_the_start_time(project, three):
    assert "held" in acts.hold(project.context, three[:1]).words
    assert row(project, three[0]).held

    released = acts.hold(project.context, three[:1])
    assert not row(project, three[0]).held

    acts.undo(project.context, released.undo)
    assert row(project, three[0]).held


def test_one_that_is_not_held_lets_hold_keep_them_all(project, three):
    acts.hold(project.context, three[:1])

    acts.hold(project.context, three)

    assert all(row(project, run_id).held for run_id in three)


def test_a_changed_priority_is_undone(project, three):
    raised = acts.change_priority(project.context, [three[2]], 1)
    assert order(project)[0] == three[2]
    assert row(project, three[2]).priority == 1

    acts.undo(project.context, raised.undo)

    assert row(project, three[2]).priority == 0
    assert order(project) == three


def test_undo_leaves_alone_what_has_ended_meanwhile(project, three):
    held = acts.hold(project.context, three[:2])
    acts.drop(project.context, three[:1])

    undone = acts.undo(project.context, held.undo)

    assert "is cancelled; hold stays as it is" in undone.words
    assert row(project, three[0]).state is RunState.CANCELLED
    assert not row(project, three[1]).held


def test_a_dropped_run_comes_back_as_a_new_one_of_the_same_code(project, three):
    dropped = acts.drop(project.context, three[:1])
    assert row(project, three[0]).state is RunState.CANCELLED

    back = acts.undo(project.context, dropped.undo)

    (new,) = back.made
    assert row(project, new).state is RunState.QUEUED
    assert row(project, new).retry_of == three[0]


def test_pausing_the_queue_and_a_group_is_undone(project, three):
    for group in (None, "default"):
        paused = acts.pause(project.context, group)
        assert "paused" in paused.words
        undone = acts.undo(project.context, paused.undo)
        assert "goes on" in undone.words
        again = acts.undo(project.context, undone.undo)
        assert "paused" in again.words
        acts.undo(project.context, again.undo)


def test_each_refusal_is_a_line_and_stops_no_other(project, three):
    acts.drop(project.context, three[:1])

    outcome = acts.retry(project.context, three)

    assert len(outcome.made) == 1
    assert outcome.words.count("has to end first") == 2
    assert f"{three[0]}: queued again as" in outcome.words


def test_a_run_that_has_gone_from_the_store_is_left_out(project, three):
    assert acts.hold(project.context, ["exp_gone"]).is_refused


def test_cancelling_says_what_has_ended_already(project, three):
    acts.cancel(project.context, three[:1], grace_s=None)

    outcome = acts.cancel(project.context, three[:2], grace_s=0)

    assert f"{three[0]}: already cancelled" in outcome.words
    assert f"{three[1]}: cancelled" in outcome.words
