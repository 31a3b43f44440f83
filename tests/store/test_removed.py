"""Rows that are taken out and come back to their old place."""

from __future__ import annotations

import dataclasses
import json

import pytest
from rows import queued

from orp_tui.core.needs import Dependency, Needs
from orp_tui.core.states import RunState
from orp_tui.store import database, events, history, removed, runs, settings
from orp_tui.store.database import transaction
from orp_tui.store.removed import RemovedRow


def take_out(connection, run):
    kept = removed.read(connection, run.id)
    with transaction(connection):
        removed.take_out(connection, run.id, at=5.0, actor="me@here")
    return RemovedRow.from_json(json.loads(json.dumps(kept.to_json())))


def put_back(connection, kept):
    with transaction(connection):
        removed.put_back(connection, kept, at=6.0, actor="me@here")


def order(connection):
    return [run.name for run in runs.newest(connection, -1)]


def test_a_row_comes_back_as_it_was_and_the_last_run_stays_the_last(connection):
    settings.owner(connection, "here", at=1.0)
    first = queued(
        connection,
        "a",
        needs=Needs(gpus=1),
        after=(Dependency("exp_20261124_093000_z"),),
        locks=("x",),
        idempotency_key="k",
        seed=3,
    )
    queued(connection, "b")

    kept = take_out(connection, first)
    gone = (runs.get(connection, first.id), runs.find_by_key(connection, "k"))
    put_back(connection, kept)
    put_back(connection, kept)

    back = runs.get(connection, first.id)
    assert gone == (None, None)
    assert back == dataclasses.replace(first, version=first.version + 1)
    assert runs.find_by_key(connection, "k") == first.id
    assert order(connection) == ["b", "a"]
    assert [item.kind for item in events.of_run(connection, first.id)] == ["submit", "remove", "restore"]


def test_the_number_of_a_removed_run_is_given_to_no_other(connection):
    queued(connection, "a")
    last = queued(connection, "b")

    kept = take_out(connection, last)
    queued(connection, "c")
    put_back(connection, kept)

    assert order(connection) == ["c", "b", "a"]


def test_a_key_that_was_used_again_meanwhile_stays_with_the_new_run(connection):
    first = queued(connection, "a", idempotency_key="k")

    kept = take_out(connection, first)
    second = queued(connection, "b", idempotency_key="k")
    put_back(connection, kept)

    assert runs.find_by_key(connection, "k") == second.id


@pytest.mark.parametrize("at", [0.5, 1.5, 2.5, 9.0])
def test_in_a_database_that_was_made_anew_it_finds_a_place_by_its_time(connection, tmp_path, at):
    for number in range(5):
        queued(connection, f"old{number}")
    kept = removed.read(connection, queued(connection, "a").id)
    kept = dataclasses.replace(kept, run=dataclasses.replace(kept.run, submitted_at=at))
    with database.opened(tmp_path / "other" / "orp.db") as other:
        for number, name in enumerate("bcd", 1):
            run = dataclasses.replace(
                kept.run, id=f"exp_20261124_093000_{name}", name=name, seq=0, submitted_at=number
            )
            with transaction(other):
                runs.insert_known(other, run, actor="rebuild")

        put_back(other, kept)

        found = order(other)
        assert sorted(found) == ["a", "b", "c", "d"]
        assert (found[0] == "a") == (at == 9.0)
        if at == 0.5:
            assert found == ["d", "c", "b", "a"]


def test_a_row_of_an_older_orp_lacks_newer_columns(connection):
    run = queued(connection, "b")
    data = removed.read(connection, run.id).to_json()
    for name in ("experiment_file", "group_name", "needs", "cards"):
        del data["row"][name]

    assert RemovedRow.from_json(data).run == run

    del data["row"]["name"]
    with pytest.raises(KeyError):
        RemovedRow.from_json(data)


def test_a_run_whose_retry_was_removed_is_not_tried_again_for_that(connection):
    first = queued(connection, "a")
    second = queued(connection, "b", retry_of=first.id)
    with transaction(connection):
        assert runs.set_values(connection, first, {"state": RunState.FAILED, "ended_at": 2.0})

    assert history.without_successor(connection, since=0.0) == []
    take_out(connection, second)
    assert history.without_successor(connection, since=0.0) == []
    assert [item.kind for item in events.of_run(connection, first.id)][-1] == "retry_refused"


def test_what_is_not_there_is_no_matter(connection):
    assert removed.read(connection, "exp_20261124_093000_none") is None
    with transaction(connection):
        removed.take_out(connection, "exp_20261124_093000_none", at=1.0, actor="me")
    assert events.newest(connection) == 0
