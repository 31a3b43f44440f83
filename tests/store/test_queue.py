"""Hold, release, priority and place of waiting runs."""

from __future__ import annotations

import pytest
from crowd import crowd
from hypothesis import given, settings
from hypothesis import strategies as some
from rows import queued

from orp_tui.core.states import RunState
from orp_tui.store import database, events, queue, runs

WHO = {"at": 2.0, "by": "me@here"}


@pytest.fixture
def store(tmp_path):
    connection = database.connect(tmp_path / "orp.db")
    yield connection
    connection.close()


def order(connection):
    return [run.name for run in runs.unfinished(connection)]


def test_a_held_run_is_held_once_and_released(store):
    run = queued(store, "a")

    assert queue.hold(store, run.id, **WHO).held
    assert queue.hold(store, run.id, **WHO).held
    assert not queue.release(store, run.id, **WHO).held
    assert [event.kind for event in events.of_run(store, run.id)] == ["submit", "hold", "release"]


def test_a_place_between_two_runs_never_gets_too_small(store):
    first, second, last = (queued(store, name) for name in "abz")
    for number in range(200):
        moved, other = (first, second) if number % 2 else (second, first)

        queue.move(store, moved.id, last.id, **WHO)

        assert order(store) == [other.name, moved.name, "z"]


CHANGES = """
import time
from pathlib import Path
from orp_tui.store import database, queue, runs
path, me = Path(sys.argv[2]), int(sys.argv[1])
with database.opened(path) as connection:
    ids = [run.id for run in runs.unfinished(connection)]
    ready()
    done = 0
    for number in range(15):
        run_id = ids[(me + number) % len(ids)]
        queue.set_priority(connection, run_id, me * 100 + number + 1, at=2.0, by=str(me))
        queue.move(connection, run_id, "top", at=2.0, by=str(me))
        queue.hold(connection, ids[0], at=2.0, by=str(me))
        queue.release(connection, ids[0], at=2.0, by=str(me))
        done += 2
print(done)
"""


def test_many_who_order_hold_and_release_at_once_lose_nothing_of_each_other(tmp_path):
    path = tmp_path / "state" / "orp.db"
    with database.opened(path) as connection:
        ids = [queued(connection, name).id for name in "abcd"]

    done = sum(map(int, crowd(CHANGES, 6, str(path))))

    with database.opened(path) as connection:
        told = {run_id: events.of_run(connection, run_id) for run_id in ids}
        rows = {run.id: run for run in runs.unfinished(connection)}
    assert sum(event.kind in ("priority", "move") for own in told.values() for event in own) == done
    for run_id, run in rows.items():
        own = told[run_id]
        last = [event for event in own if event.kind == "priority"][-1]
        assert run.priority == int(last.detail)
        # Held and released in turn, whoever did it: a change that changes nothing is none.
        turns = [event.kind for event in own if event.kind in ("hold", "release")]
        assert turns == ["hold", "release"] * (len(turns) // 2) + ["hold"] * (len(turns) % 2)
        assert run.held == (len(turns) % 2 == 1)


def test_a_release_takes_back_every_delay(store):
    run = queued(store, "a", starts_at=99.0)
    runs.note(store, run, not_before=77.0)

    released = queue.release(store, run.id, **WHO)

    assert (released.starts_at, released.not_before) == (None, None)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("top", "cabd"),
        ("bottom", "abdc"),
        ("up", "acbd"),
        ("down", "abdc"),
        ("exp_20261124_093000_b", "acbd"),
    ],
)
def test_a_run_moves_among_its_equals(store, where, expected):
    ids = {name: queued(store, name).id for name in "abcd"}

    queue.move(store, ids["c"], where, **WHO)

    assert "".join(order(store)) == expected


def test_before_a_run_of_another_priority_it_takes_that_priority(store):
    high, low = queued(store, "high", priority=10), queued(store, "low")

    assert queue.move(store, low.id, high.id, **WHO).priority == 10
    assert order(store) == ["low", "high"]


def test_a_priority_goes_before_the_place(store):
    queued(store, "a")
    late = queued(store, "b")

    queue.set_priority(store, late.id, 5, **WHO)

    assert order(store) == ["b", "a"]


def test_what_does_not_wait_takes_no_change(store):
    run = queued(store, "a")
    runs.claim(store, run, at=1.0)

    assert queue.hold(store, run.id, **WHO) is None
    assert queue.move(store, run.id, "top", **WHO) is None
    assert queue.set_priority(store, "exp_gone", 1, **WHO) is None
    assert runs.get(store, run.id).state is RunState.STARTING


@settings(max_examples=30, deadline=None)
@given(
    some.lists(
        some.tuples(some.integers(0, 5), some.sampled_from(["top", "bottom", "up", "down"])), max_size=20
    )
)
def test_any_moves_keep_every_run_and_do_what_a_list_would(tmp_path_factory, moves):
    connection = database.connect(tmp_path_factory.mktemp("store") / "orp.db")
    ids = [queued(connection, f"r{n}").id for n in range(6)]
    model = list(ids)

    for number, where in moves:
        run_id = ids[number]
        place = model.index(run_id)
        model.remove(run_id)
        model.insert({"top": 0, "bottom": 9, "up": max(0, place - 1), "down": place + 1}[where], run_id)
        queue.move(connection, run_id, where, **WHO)

    assert [run.id for run in runs.unfinished(connection)] == model
    connection.close()
