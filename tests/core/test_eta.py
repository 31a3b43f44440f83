"""When waiting runs start, by how long runs like them took; and nothing where nobody can know."""

from __future__ import annotations

from made_runs import made_run

from orp_tui.core.eta import starts
from orp_tui.core.needs import Capacity, Card, Dependency, Group, Needs, Occupant
from orp_tui.core.states import RunState

NOW = 1000.0


def run(number, **values):
    return made_run(f"exp_{number}", **{"seq": number, "name": "a", **values})


def eta(queued, occupants=(), capacity=None, takes=None):
    return starts(
        queued, occupants, capacity or Capacity(1), {"a": 60.0} if takes is None else takes, now=NOW
    )


def busy(name, left, **values):
    return Occupant(name, left_s=left, **values)


def test_runs_follow_each_other_through_the_slots():
    found = eta([run(1), run(2), run(3)], [busy("x", 10), busy("y", 30)], Capacity(2))

    assert found == {"exp_1": 10, "exp_2": 30, "exp_3": 70}


def test_a_slot_whose_run_nobody_knows_the_length_of_is_never_free():
    assert eta([run(1)], [busy("x", None)]) == {}
    assert eta([run(1), run(2)], [busy("x", None), busy("y", 5)], Capacity(2)) == {"exp_1": 5, "exp_2": 65}


def test_what_comes_after_a_run_without_history_is_not_promised():
    assert eta([run(1, name="new"), run(2)], [busy("x", 5)]) == {"exp_1": 5}


def test_held_runs_paused_groups_and_a_paused_queue_are_left_out():
    queued = [run(1, held=True), run(2, group="g"), run(3)]

    assert eta(queued, capacity=Capacity(1, groups={"g": Group("g", paused="lunch")})) == {"exp_3": 0}
    assert eta(queued, capacity=Capacity(1, paused="lunch")) == {}
    assert eta(queued, capacity=Capacity(1, guard="disk")) == {}


def test_dependencies_delays_and_locks_are_waited_for():
    after = run(2, after=(Dependency("exp_1"),))
    delayed = run(3, starts_at=NOW + 500)
    locked = run(4, locks=("data",))

    found = eta([run(1), after, delayed, locked], [busy("x", 20, locks=("data",))], Capacity(4))

    assert found == {"exp_1": 0, "exp_2": 60, "exp_3": 500, "exp_4": 20}


def test_a_dependency_that_has_ended_already_is_no_reason_to_wait():
    capacity = Capacity(1, ends={"exp_9": RunState.SUCCEEDED})

    assert eta([run(1, after=(Dependency("exp_9"),))], capacity=capacity) == {"exp_1": 0}


def test_a_group_goes_by_its_own_slots_and_lets_others_pass():
    queued = [run(1, group="g"), run(2, group="g"), run(3)]

    found = eta(queued, capacity=Capacity(4, groups={"g": Group("g", slots=1)}))

    assert found == {"exp_1": 0, "exp_3": 0, "exp_2": 60}


def test_a_wide_run_waits_for_its_gpus_and_nobody_passes():
    cards = tuple(Card(number, "", 1, 1, True) for number in range(2))
    one = busy("x", 30, needs=Needs(gpus=1), cards=(0,))

    found = eta([run(1, needs=Needs(gpus=2)), run(2)], [one], Capacity(8, cards=cards))

    assert found == {"exp_1": 30, "exp_2": 30}


def test_a_long_queue_takes_no_time():
    found = eta([run(number) for number in range(5000)], capacity=Capacity(8))

    assert len(found) == 300
    assert found["exp_299"] == 37 * 60
