"""What starts next: never more than the slots, in order, and whoever waits knows why."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from made_runs import made_run

from orp_tui.core.needs import Capacity, Occupant
from orp_tui.core.policy import Choice, choose
from orp_tui.core.run import Run

NOW = 1000.0
few = settings(max_examples=60, deadline=None)
PROJECTS = ("/p", "/q")
WORKSPACES = ("isolated", "in_place", "shared")


def run(number, **values):
    return made_run(f"exp_{number}", seq=number, **values)


def started(choice: Choice) -> list[Run]:
    return [item.run for item in choice.start]


def ids(choice: Choice) -> list[str]:
    return [item.id for item in started(choice)]


@some.composite
def situations(draw):
    """Queued runs in their order, occupants, slots, and perhaps a reason to start nothing."""
    kinds = some.tuples(some.sampled_from(WORKSPACES), some.sampled_from(PROJECTS))
    queued = [
        run(
            place,
            workspace=workspace,
            project=project,
            held=draw(some.integers(0, 5)) == 0,
            not_before=draw(some.sampled_from([None, None, None, NOW - 1, NOW + 5])),
        )
        for place, (workspace, project) in enumerate(draw(some.lists(kinds, max_size=8)))
    ]
    occupants = [
        Occupant(f"exp_busy{place}", workspace, project)
        for place, (workspace, project) in enumerate(draw(some.lists(kinds, max_size=4)))
    ]
    return (
        queued,
        occupants,
        Capacity(draw(some.integers(1, 6)), paused=draw(some.sampled_from([None, None, "lunch"]))),
    )


@few
@given(situations())
def test_every_run_is_started_or_told_why_not(situation):
    queued, occupants, capacity = situation

    choice = choose(queued, occupants, capacity, now=NOW)

    assert sorted([*ids(choice), *choice.waiting]) == sorted(item.id for item in queued)
    assert all(why and "\n" not in why for why in choice.waiting.values())


@few
@given(situations())
def test_never_more_run_than_there_are_slots(situation):
    queued, occupants, capacity = situation

    choice = choose(queued, occupants, capacity, now=NOW)

    assert len(choice.start) <= max(0, capacity.slots - len(occupants))


@few
@given(situations())
def test_the_order_is_kept_among_runs_of_a_kind(situation):
    queued, occupants, capacity = situation
    alike = [dataclasses.replace(item, workspace="isolated", held=False, not_before=None) for item in queued]

    choice = choose(alike, occupants, capacity, now=NOW)

    assert ids(choice) == [item.id for item in alike][: len(choice.start)]


@few
@given(situations())
def test_starts_are_in_the_order_of_the_queue(situation):
    queued, occupants, capacity = situation

    choice = choose(queued, occupants, capacity, now=NOW)

    order = [item.id for item in queued]
    assert ids(choice) == sorted(ids(choice), key=order.index)


@few
@given(situations())
def test_nobody_waits_beside_a_free_slot_without_a_reason_of_his_own(situation):
    queued, occupants, capacity = situation

    choice = choose(queued, occupants, capacity, now=NOW)

    if len(occupants) + len(choice.start) < capacity.slots and capacity.paused is None:
        for item in queued:
            own = item.held or (item.not_before or 0) > NOW or item.workspace != "isolated"
            assert own or item.id not in choice.waiting


@few
@given(situations())
def test_a_project_folder_is_never_shared_with_a_run_that_wants_it_alone(situation):
    queued, _, capacity = situation

    choice = choose(queued, [], capacity, now=NOW)

    for project in PROJECTS:
        using = [item for item in started(choice) if item.project == project and item.workspace != "isolated"]
        assert len(using) <= 1 or all(item.workspace == "shared" for item in using)


@few
@given(situations())
def test_what_is_held_paused_or_too_early_never_starts(situation):
    queued, occupants, capacity = situation

    choice = choose(queued, occupants, capacity, now=NOW)

    assert not any(item.held or (item.not_before or 0) > NOW for item in started(choice))
    assert capacity.paused is None or not choice.start


@few
@given(situations())
def test_choosing_again_after_the_start_chooses_nothing(situation):
    queued, occupants, capacity = situation
    choice = choose(queued, occupants, capacity, now=NOW)
    busy = [*occupants, *(Occupant(item.id, item.workspace, item.project) for item in started(choice))]

    rest = [item for item in queued if item.id in choice.waiting]

    assert choose(rest, busy, capacity, now=NOW).start == ()


BUSY = [Occupant("exp_x", "isolated", "/p"), Occupant("exp_y", "in_place", "/p")]


@pytest.mark.parametrize(
    ("values", "capacity", "why"),
    [
        ({"held": True}, Capacity(9), "held"),
        ({}, Capacity(9, paused="lunch"), "the queue is paused: lunch"),
        ({"not_before": NOW + 7}, Capacity(9), "its last start failed; next try in 7.0s"),
        ({}, Capacity(2), "needs a slot: 2 of 2 taken by exp_x, exp_y"),
        ({"workspace": "in_place"}, Capacity(9), "needs the project folder for itself: in use by exp_y"),
        ({"workspace": "shared"}, Capacity(9), "the project folder is in use by exp_y"),
    ],
)
def test_each_rule_says_no_in_words(values, capacity, why):
    assert choose([run(1, **values)], BUSY, capacity, now=NOW).waiting == {"exp_1": why}


def test_many_holders_are_not_all_named():
    busy = [Occupant(f"exp_{letter}", "isolated", "/p") for letter in "abcde"]

    (why,) = choose([run(1)], busy, Capacity(5), now=NOW).waiting.values()

    assert why == "needs a slot: 5 of 5 taken by exp_a, exp_b, exp_c …"
