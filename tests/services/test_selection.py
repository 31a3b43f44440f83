"""Many runs at once: by name, and by what they have in common."""

from __future__ import annotations

import pytest

from orp_tui.core.errors import RunNotFound, UsageError
from orp_tui.core.states import RunState
from orp_tui.services.selection import Selection, select, tried_again
from orp_tui.store import runs


@pytest.fixture
def store(project):
    """A database with runs whose folders nobody looks at."""
    with project.context.store() as connection:
        yield connection


def add(connection, run_id, state=RunState.QUEUED, **values):
    runs.insert(
        connection, runs.NewRun(run_id, values.pop("name", "e"), values.pop("at", 1.0), "me@here", **values)
    )
    for event in {RunState.QUEUED: (), RunState.FAILED: ("fail",), RunState.LOST: ("lose",)}.get(
        state, ("claim", "finish", "succeed")
    ):
        runs.move(connection, runs.get(connection, run_id), event, at=2.0)
    return run_id


def ids(project, connection, references=(), fit=lambda _state: True, **wanted):
    return [
        run.id for run in select(connection, project.paths, references, Selection(**wanted), fit=fit).runs
    ]


def test_a_filter_finds_the_runs_that_answer_to_all_of_it(project, store):
    good = add(store, "exp_a", RunState.SUCCEEDED, group="g")
    bad = add(store, "exp_b", RunState.FAILED, group="g", name="other")
    gone = add(store, "exp_c", RunState.LOST)

    assert ids(project, store, failed=True) == [bad, gone]
    assert ids(project, store, group="g") == [good, bad]
    assert ids(project, store, group="g", failed=True) == [bad]
    assert ids(project, store, name="other") == [bad]
    assert ids(project, store, state=RunState.SUCCEEDED) == [good]
    assert ids(project, store, group="g", fit=lambda state: state is RunState.FAILED) == [bad]


def test_a_batch_is_found_by_any_of_its_runs(project, store):
    first = add(store, "exp_a1", RunState.FAILED, batch="exp_a1")
    second = add(store, "exp_b1", RunState.FAILED, batch="exp_a1")
    alone = add(store, "exp_c1", RunState.FAILED)

    assert ids(project, store, batch=first) == [first, second]
    assert ids(project, store, batch=second) == [first, second]
    assert ids(project, store, batch=alone) == [alone]


def test_waiting_runs_come_in_the_order_in_which_they_would_start(project):
    low = project.submit()
    high = project.submit()
    with project.context.store() as connection:
        from orp_tui.store import queue

        queue.set_priority(connection, high, 5, at=1.0, by="me")

        assert ids(project, connection, all_queued=True) == [high, low]


def test_named_runs_come_once_and_in_the_order_in_which_they_were_named(project, store):
    one, two = add(store, "exp_one", RunState.FAILED), add(store, "exp_two", RunState.FAILED)

    assert ids(project, store, (two, one, "exp_tw")) == [two, one]


def test_neither_or_both_ways_to_say_which_runs_are_refused(project, store):
    add(store, "exp_a", RunState.FAILED)

    with pytest.raises(UsageError, match="which runs"):
        ids(project, store)
    with pytest.raises(UsageError, match="not both"):
        ids(project, store, ("exp_a",), failed=True)
    with pytest.raises(RunNotFound):
        ids(project, store, batch="exp_zz")


def test_only_a_success_of_the_same_experiment_counts_as_there_already(store):
    add(store, "exp_a", RunState.FAILED, config_sha256="x")
    assert runs.success_of(store, "x") is None

    add(store, "exp_b", RunState.SUCCEEDED, config_sha256="x")
    add(store, "exp_c", RunState.SUCCEEDED, config_sha256="y")

    assert runs.success_of(store, "x").id == "exp_b"


def test_a_run_with_a_retry_is_known(store):
    add(store, "exp_a", RunState.FAILED)
    add(store, "exp_b", RunState.FAILED, retry_of="exp_a")

    assert tried_again(store) == {"exp_a"}
