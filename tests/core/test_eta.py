"""When waiting runs start, by how long runs like them took; and nothing where nobody can know."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import made_run

from orp_tui.core.eta import starts
from orp_tui.core.needs import Capacity, Card, Dependency, Group, Needs, Occupant
from orp_tui.core.policy import choose
from orp_tui.core.states import RunState

NOW = 1000.0
GB = 1 << 30
few = settings(max_examples=60, deadline=None)


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


def test_a_wide_run_waits_for_its_gpus_and_only_who_has_no_use_for_them_passes():
    cards = Card(0, "", GB, 0, False, "held by this queue"), Card(1, "", GB, GB, True)
    one = busy("x", 30, needs=Needs(gpus=1), cards=(0,))
    queued = [run(1, needs=Needs(gpus=2)), run(2, needs=Needs(gpus=1)), run(3)]

    assert eta(queued, [one], Capacity(8, cards=cards)) == {"exp_1": 30, "exp_2": 90, "exp_3": 0}


def test_cpus_and_memory_are_waited_for_as_the_policy_does():
    greedy = busy("x", 30, needs=Needs(cpus=6, memory=12 * GB))
    room = Capacity(8, cpus=8, memory=16 * GB)

    found = eta([run(1, needs=Needs(cpus=4)), run(2, needs=Needs(memory=8 * GB)), run(3)], [greedy], room)

    assert found == {"exp_1": 30, "exp_2": 30, "exp_3": 0}


def test_what_the_machine_can_never_give_is_promised_to_nobody_and_stops_nobody():
    queued = [run(1, needs=Needs(cpus=64)), run(2, needs=Needs(gpus=1)), run(3)]

    assert eta(queued, capacity=Capacity(8, cpus=8)) == {"exp_3": 0}


def test_shares_of_a_gpu_go_side_by_side_until_it_is_full():
    card = Card(0, "", 40 * GB, 40 * GB, True)
    queued = [run(number, needs=Needs(gpus=1, gpu_memory=16 * GB)) for number in range(3)]

    found = eta(queued, capacity=Capacity(8, cards=(card,)))

    assert found == {"exp_0": 0, "exp_1": 0, "exp_2": 60}


def test_a_whole_gpu_waits_for_the_last_share_on_it():
    card = Card(0, "", 40 * GB, 10 * GB, False, "held by this queue")
    shares = [
        busy(name, left, needs=Needs(gpus=1, gpu_memory=15 * GB), cards=(0,)) for name, left in (("x", 10), ("y", 25))
    ]  # fmt: skip

    assert eta([run(1, needs=Needs(gpus=1))], shares, Capacity(8, cards=(card,))) == {"exp_1": 25}


def test_a_gpu_in_use_by_somebody_else_is_promised_to_nobody():
    shut = Card(0, "", 40 * GB, 0, False, "held by maria (14 GB)", shut=True)

    assert eta([run(1, needs=Needs(gpus=1))], capacity=Capacity(8, cards=(shut,))) == {}


def test_a_run_alone_in_its_project_folder_waits_for_the_one_before():
    assert eta([run(1, workspace="in_place"), run(2, workspace="in_place")], capacity=Capacity(4)) == {
        "exp_1": 0,
        "exp_2": 60,
    }


def test_a_next_try_is_waited_for():
    assert eta([run(1, not_before=NOW + 20)], capacity=Capacity(4)) == {"exp_1": 20}


@few
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.sampled_from("abc")), max_size=8),
    st.integers(1, 4),
)
def test_what_starts_at_once_is_what_the_policy_starts(wanted, slots):
    queued = [
        run(number, name=name, needs=Needs(gpus=gpus, cpus=cpus or None)) for number, (gpus, cpus, name) in enumerate(wanted)
    ]  # fmt: skip
    cards = tuple(Card(number, "", GB, GB, True) for number in range(2))
    room = Capacity(slots, cpus=8, cards=cards)

    found = eta(queued, capacity=room, takes={"a": 5.0, "b": 7.0})

    assert [run_id for run_id, at in found.items() if at == 0] == [
        item.run.id for item in choose(queued, [], room, now=NOW).start
    ]


def test_a_long_queue_takes_no_time():
    found = eta([run(number) for number in range(5000)], capacity=Capacity(8))

    assert len(found) == 300
    assert found["exp_299"] == 37 * 60
