"""Which of a run and the one that was to replace it may start, when only their folders are left."""

from __future__ import annotations

import dataclasses

from made_runs import made_run

from orp_tui.core.needs import Dependency
from orp_tui.core.run import REFROZEN, refreeze_key, refreeze_key_of
from orp_tui.core.states import RunState
from orp_tui.services.known_refreezes import settled, without_their_old_ones
from orp_tui.store.replacement import KnownRun


def known(run_id, *, instead_of=None, **values):
    return KnownRun(made_run(run_id, **values), instead_of and refreeze_key(instead_of, "abc", 1))


def told(found):
    rows, stands_for = settled(found)
    return {item.run.id: (item.run.state.value, item.run.detail) for item in rows}, stands_for


def test_the_new_run_stands_where_both_seem_to_wait():
    states, stands_for = told([known("old"), known("new", instead_of="old"), known("other")])

    assert states == {
        "old": ("cancelled", "refrozen as new"),
        "new": ("queued", None),
        "other": ("queued", None),
    }
    assert stands_for == {"new": "old"}


def test_of_several_new_ones_the_last_stands():
    states, _ = told([known("old"), known("a", instead_of="old"), known("b", instead_of="old")])

    assert {run_id: state for run_id, (state, _) in states.items()} == {
        "old": "cancelled",
        "a": "cancelled",
        "b": "queued",
    }


def test_a_run_that_has_started_keeps_its_place():
    for state in (RunState.RUNNING, RunState.SUCCEEDED, RunState.LOST):
        states, stands_for = told([known("old", state=state, attempt=1), known("new", instead_of="old")])

        assert states["old"][0] == state.value
        assert states["new"] == ("cancelled", "cancelled before it started: it was to replace old")
        assert stands_for == {}


def test_what_somebody_cancelled_is_started_in_no_other_shape():
    old = known("old", state=RunState.CANCELLED, detail="cancelled by maria before it started")

    assert told([old, known("new", instead_of="old")])[0]["new"][0] == "cancelled"


def test_what_was_refrozen_before_is_known_by_its_cancel():
    old = known("old", state=RunState.CANCELLED, detail=f"{REFROZEN}b")

    states, stands_for = told([old, known("a", instead_of="old"), known("b", instead_of="old")])

    assert (states["a"][0], states["b"][0]) == ("cancelled", "queued")
    assert stands_for == {"b": "old"}


def test_a_new_run_whose_old_one_is_gone_waits():
    assert told([known("new", instead_of="old")])[0] == {"new": ("queued", None)}


def test_who_waited_for_the_old_run_waits_for_the_newest_of_the_chain():
    first = known("a", state=RunState.CANCELLED, detail=f"{REFROZEN}b")
    second = known("b", state=RunState.CANCELLED, detail=f"{REFROZEN}c")
    waits = known("d", after=(Dependency("a", "any"), Dependency("x")))

    rows, _ = settled([first, second, known("c", instead_of="b"), waits])

    assert rows[3].run.after == (Dependency("c", "any"), Dependency("x"))


def test_damaged_folders_that_name_each_other_are_no_endless_chain():
    a = known("a", state=RunState.CANCELLED, detail=f"{REFROZEN}b")
    b = known("b", state=RunState.CANCELLED, detail=f"{REFROZEN}a")

    rows, _ = settled([a, b, known("c", after=(Dependency("a"),))])

    assert rows[2].run.after[0].run_id in ("a", "b")


def test_a_sound_database_gets_no_second_run_of_one_that_it_knows():
    new, other = known("new", instead_of="old"), known("other", instead_of="unknown")
    done = dataclasses.replace(new, run=dataclasses.replace(new.run, state=RunState.SUCCEEDED))

    found = without_their_old_ones([new, other, done], {"old"})

    assert [item.run.state.value for item in found] == ["cancelled", "queued", "succeeded"]


def test_keys_of_submitters_are_no_refreezes():
    assert refreeze_key_of(refreeze_key("exp_1", "ab", 3)) == "exp_1"
    for key in (None, "", "refreeze", "refreeze:x", "retry:exp_1", "my:own:key"):
        assert refreeze_key_of(key) is None
