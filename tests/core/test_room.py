"""GPUs, CPUs, memory, groups: given exactly, kept for who waits, and every shortage said in words."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from made_runs import made_run

from orp_tui.core.needs import Capacity, Card, Dependency, Group, Needs, Occupant
from orp_tui.core.policy import choose
from orp_tui.core.states import RunState

NOW = 1000.0
GB = 1 << 30
few = settings(max_examples=80, deadline=None)


def card(index, *, free=40 * GB, whole=True, **values):
    return Card(index, f"GPU-{index}", 40 * GB, free, whole, **values)


def cards(count):
    return tuple(card(index) for index in range(count))


def run(number, gpus=0, gpu_memory=None, **values):
    needs = values.pop("needs", Needs(gpus=gpus, gpu_memory=gpu_memory))
    return made_run(f"exp_{number}", seq=number, needs=needs, **values)


def chosen(queued, capacity, occupants=()):
    choice = choose(queued, list(occupants), capacity, now=NOW)
    return {item.run.id: item.cards for item in choice.start}, choice.waiting


def test_whole_cards_are_given_in_pci_order_and_to_one_run_each():
    started, waiting = chosen([run(1, 2), run(2, 1), run(3, 1)], Capacity(9, cards=cards(3)))

    assert started == {"exp_1": (0, 1), "exp_2": (2,)}
    assert waiting == {"exp_3": "needs 1 GPU: GPU0 held by exp_1, GPU1 held by exp_1, GPU2 held by exp_2"}


def test_a_share_goes_where_it_fits_tightest_so_that_whole_cards_stay_whole():
    places = (card(0), card(1, free=10 * GB, whole=False), card(2, free=20 * GB, whole=False))

    started, _ = chosen([run(1, 1, 8 * GB)], Capacity(9, cards=places))

    assert started == {"exp_1": (1,)}


def test_an_exact_fit_is_taken():
    started, waiting = chosen([run(n, 1, 10 * GB) for n in range(5)], Capacity(9, cards=(card(0),)))

    assert sorted(started) == ["exp_0", "exp_1", "exp_2", "exp_3"]
    assert waiting["exp_4"] == "needs 1 GPU with 10.0 GiB: GPU0 held by exp_0"


def test_a_wide_run_keeps_the_cards_that_are_free_and_small_ones_pass_only_beside_it():
    places = (card(0, free=0, whole=False, why="held by maria (14 GB)"), card(1), card(2))
    capacity = Capacity(9, cards=places)

    started, waiting = chosen([run(1, 3), run(2, 1), run(3)], capacity)

    assert started == {"exp_3": ()}
    assert waiting["exp_1"] == "needs 3 GPUs: GPU0 held by maria (14 GB), GPU1 free, GPU2 free"
    assert (
        waiting["exp_2"]
        == "needs 1 GPU: GPU0 held by maria (14 GB), GPU1 kept for exp_1, GPU2 kept for exp_1"
    )


def test_what_the_machine_can_never_give_keeps_nothing_from_others():
    started, waiting = chosen([run(1, 8), run(2, 1)], Capacity(9, cards=cards(2)))

    assert started == {"exp_2": (0,)}
    assert waiting == {"exp_1": "needs 8 GPUs: this machine has 2 such"}


def test_a_holder_is_named_with_the_time_it_has_left():
    busy = [Occupant("exp_k7f3", needs=Needs(gpus=1), cards=(0,), left_s=7200)]
    places = (card(0, free=0, whole=False),)

    _, waiting = chosen([run(1, 1)], Capacity(9, cards=places), busy)

    assert waiting == {"exp_1": "needs 1 GPU: GPU0 held by exp_k7f3 (~2h00m left)"}


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        (Needs(cpus=3), "needs 3 CPUs: 2 of 4 free"),
        (Needs(cpus=5), "needs 5 CPUs: this machine has 4"),
        (Needs(memory=3 * GB), "needs 3.0 GiB of memory: 2.0 GiB not yet booked"),
        (Needs(memory=9 * GB), "needs 9.0 GiB of memory: this machine has 8.0 GiB"),
        (Needs(disk=GB), "needs 1.0 GiB on the disk: 512 MiB free"),
        (Needs(gpus=1), "needs 1 GPU: this machine has no GPU"),
    ],
)
def test_each_shortage_is_said_with_its_numbers(needs, why):
    busy = [Occupant("exp_b", needs=Needs(cpus=2, memory=6 * GB))]
    capacity = Capacity(9, cpus=4, memory=8 * GB, disk_free=GB // 2)

    assert chosen([run(1, needs=needs)], capacity, busy)[1] == {"exp_1": why}


def test_a_group_has_a_limit_of_its_own_and_can_be_paused():
    capacity = Capacity(9, groups={"big": Group("big", slots=1), "off": Group("off", paused="tests")})

    started, waiting = chosen(
        [run(1, group="big"), run(2, group="big"), run(3, group="off"), run(4)], capacity
    )

    assert sorted(started) == ["exp_1", "exp_4"]
    assert waiting == {
        "exp_2": "needs a slot of group big: 1 of 1 taken by exp_1",
        "exp_3": "the group off is paused: tests",
    }


def test_a_group_without_slots_lets_nothing_start():
    capacity = Capacity(9, groups={"none": Group("none", slots=0)})

    assert chosen([run(1, group="none")], capacity) == ({}, {"exp_1": "needs a slot of group none: 0 of 0"})


def test_named_locks_never_overlap_and_keep_no_slot_from_others():
    started, waiting = chosen([run(1, locks=("data",)), run(2, locks=("x", "data")), run(3)], Capacity(9))

    assert sorted(started) == ["exp_1", "exp_3"]
    assert waiting == {"exp_2": "needs the lock data: held by exp_1"}


def test_a_run_waits_for_others_to_end_and_is_doomed_by_the_wrong_end():
    after = {
        name: (Dependency(f"exp_{name}", on),)
        for name, on in [("a", "ok"), ("b", "ok"), ("c", "any"), ("gone", "ok")]
    }
    ends = {"exp_a": RunState.RUNNING, "exp_b": RunState.FAILED, "exp_c": RunState.FAILED}
    queued = [run(n, after=after[name]) for n, name in enumerate(after)]

    choice = choose(queued, [], Capacity(9, ends=ends), now=NOW)

    assert choice.waiting == {"exp_0": "after exp_a"}
    assert choice.doomed == {
        "exp_1": "waits for the success of exp_b, which ended as failed",
        "exp_3": "waits for exp_gone, which is not there any more",
    }
    assert [item.run.id for item in choice.start] == ["exp_2"]


def test_a_delayed_start_says_when():
    assert chosen([run(1, starts_at=NOW + 3600)], Capacity(9))[1] == {"exp_1": "starts in 1h00m"}
    assert chosen([run(1, starts_at=NOW)], Capacity(9))[0] == {"exp_1": ()}


@some.composite
def situations(draw):
    """Runs that want cards, whole or shared, on a machine some of whose cards are taken."""
    places = tuple(
        card(
            index,
            free=draw(some.sampled_from([0, 10, 40])) * GB,
            whole=False,
            shut=draw(some.integers(0, 4)) == 0,
        )
        for index in range(draw(some.integers(0, 4)))
    )
    places = tuple(dataclasses.replace(item, whole=item.free == item.memory) for item in places)
    wishes = some.tuples(some.integers(0, 3), some.sampled_from([None, 5 * GB, 10 * GB, 40 * GB]))
    queued = [run(n, gpus, memory) for n, (gpus, memory) in enumerate(draw(some.lists(wishes, max_size=8)))]
    return queued, Capacity(draw(some.integers(1, 6)), cards=places)


@few
@given(situations())
def test_no_card_is_given_beyond_its_memory_nor_to_two_that_want_it_alone_nor_when_shut(situation):
    queued, capacity = situation

    started, _ = chosen(queued, capacity)

    needs = {item.id: item.needs for item in queued}
    for place in capacity.cards:
        on_it = [needs[run_id] for run_id, given_cards in started.items() if place.index in given_cards]
        assert not (place.shut and on_it)
        assert sum(item.gpu_memory or place.memory for item in on_it) <= place.free
    for run_id, given_cards in started.items():
        assert len(set(given_cards)) == len(given_cards) == needs[run_id].gpus


@few
@given(situations())
def test_the_first_that_can_ever_run_is_never_passed_with_what_it_waits_for(situation):
    """No starvation: taking all but the first possible run away gives it no more than it has kept."""
    queued, capacity = situation

    started, waiting = chosen(queued, capacity)

    blocked = next(
        (item for item in queued if item.id in waiting and "this machine has" not in waiting[item.id]), None
    )
    if blocked is None or not blocked.needs.gpus:
        return
    later = {item.id for item in queued[queued.index(blocked) + 1 :]}
    without_later = [item for item in queued if item.id not in later]
    alone, _ = chosen(without_later, capacity)
    assert {run_id: given_cards for run_id, given_cards in started.items() if run_id not in later} == alone
    fitting = [
        place.index
        for place in capacity.cards
        if not place.shut
        and (place.whole if blocked.needs.gpu_memory is None else place.free >= blocked.needs.gpu_memory)
    ]
    taken_before = {index for given_cards in alone.values() for index in given_cards}
    kept = [index for index in fitting if index not in taken_before][: blocked.needs.gpus]
    if blocked.needs.gpu_memory is None:
        for run_id in later & started.keys():
            assert not set(started[run_id]) & set(kept)


@few
@given(situations())
def test_everybody_is_started_or_told_why_not(situation):
    queued, capacity = situation

    started, waiting = chosen(queued, capacity)

    assert sorted([*started, *waiting]) == sorted(item.id for item in queued)
    assert all(why and "\n" not in why for why in waiting.values())
