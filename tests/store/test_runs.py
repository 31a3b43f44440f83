"""A state changes once, by compare-and-set, with its event in the same transaction."""

from __future__ import annotations

import pytest
from crowd import crowd, lines
from rows import queued

from orp_tui.core.errors import IllegalTransition
from orp_tui.core.states import RunState
from orp_tui.store import database, events, runs
from orp_tui.store.migrations import MIGRATIONS

CLAIM = """
from pathlib import Path
from orp_tui.core.states import RunState
from orp_tui.store import database, runs
with database.opened(Path(sys.argv[2])) as connection:
    ready()
    while True:
        waiting = [run for run in runs.unfinished(connection) if run.state is RunState.QUEUED]
        if not waiting:
            break
        for run in waiting:
            if runs.claim(connection, run, at=1.0) is not None:
                print(run.id)
                break
"""

SUBMIT = """
from pathlib import Path
from orp_tui.store import database, runs
with database.opened(Path(sys.argv[2])) as connection:
    ready()
    own = f"exp_20261124_093000_c{sys.argv[1]}00"
    print(runs.insert(connection, runs.NewRun(own, "once", 1.0, "me@here", idempotency_key="k")))
"""


def kinds(connection, run):
    return [event.kind for event in events.of_run(connection, run.id)]


def test_eight_claimants_never_claim_a_run_twice(path):
    with database.opened(path) as connection:
        ids = [queued(connection, f"r{number:03}").id for number in range(40)]

    claimed = lines(crowd(CLAIM, 8, str(path)))

    assert sorted(claimed) == ids
    with database.opened(path) as connection:
        for run in runs.unfinished(connection):
            assert (run.state, run.attempt) == (RunState.STARTING, 1)
            assert kinds(connection, run) == ["submit", "claim"]


def test_one_key_is_one_run_however_many_submit(path):
    with database.opened(path):
        pass

    answers = lines(crowd(SUBMIT, 8, str(path)))

    assert len(answers) == 8
    assert len(set(answers)) == 1
    with database.opened(path) as connection:
        assert [run.id for run in runs.unfinished(connection)] == [answers[0]]


def test_a_claim_of_an_old_view_is_refused(connection):
    old = queued(connection)
    assert runs.note(connection, old, detail="seen") is not None

    assert runs.claim(connection, old, at=1.0) is None
    assert kinds(connection, old) == ["submit"]


def test_a_state_and_its_event_come_together_or_not_at_all(connection, monkeypatch):
    run = queued(connection)

    def broken(*arguments):
        raise RuntimeError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(events, "append", broken)
        with pytest.raises(RuntimeError):
            runs.claim(connection, run, at=1.0)

    assert runs.get(connection, run.id) == run
    assert runs.claim(connection, run, at=1.0) is not None


def test_a_step_that_the_table_lacks_is_refused(connection):
    run = queued(connection)

    with pytest.raises(IllegalTransition, match="is queued; it cannot take 'start'"):
        runs.move(connection, run, "start", at=1.0)


def test_a_whole_life_is_told_by_its_events(connection):
    run = runs.claim(connection, queued(connection), at=2.0)
    assert run is not None
    for event, values in [("start", {"started_at": 3.0}), ("finish", {}), ("fail", {"exit_code": 3, "detail": "exit code 3"})]:  # fmt: skip
        run = runs.move(connection, run, event, at=4.0, **values)
        assert run is not None

    assert (run.state, run.exit_code, run.started_at, run.attempt) == (RunState.FAILED, 3, 3.0, 1)
    told = [(event.kind, event.detail) for event in events.of_run(connection, run.id)]
    assert told == [
        ("submit", None),
        ("claim", None),
        ("start", None),
        ("finish", None),
        ("fail", "exit code 3"),
    ]


def test_a_note_changes_no_state(connection):
    run = queued(connection)

    with pytest.raises(AssertionError):
        runs.note(connection, run, state="failed")
    noted = runs.note(connection, run, not_before=9.0)

    assert noted is not None
    assert (noted.state, noted.not_before) == (RunState.QUEUED, 9.0)


def test_a_hundred_cancels_of_an_active_run_are_one(connection):
    run = runs.claim(connection, queued(connection), at=1.0)
    assert run is not None

    answers = {runs.request_cancel(connection, run.id, at=5.0 + n, by=f"user{n}@here") for n in range(100)}

    (asked,) = answers
    assert asked is not None
    assert (asked.cancel_requested_at, asked.cancel_by, asked.state) == (5.0, "user0@here", RunState.STARTING)
    assert kinds(connection, run) == ["submit", "claim", "cancel_requested"]


def test_a_hundred_cancels_of_a_queued_run_end_it_once(connection):
    run = queued(connection)

    for number in range(100):
        runs.request_cancel(connection, run.id, at=5.0 + number, by="me@here")

    ended = runs.get(connection, run.id)
    assert ended is not None
    assert (ended.state, ended.reason, ended.ended_at) == (RunState.CANCELLED, "cancelled", 5.0)
    assert kinds(connection, run) == ["submit", "cancel"]


def test_a_cancelled_run_can_not_be_claimed(connection):
    run = queued(connection)
    runs.request_cancel(connection, run.id, at=5.0, by="me@here")

    assert runs.claim(connection, run, at=6.0) is None


def test_cancelling_what_is_not_there_says_so(connection):
    assert runs.request_cancel(connection, "exp_20261124_093000_none", at=1.0, by="me@here") is None


def test_the_order_is_priority_then_submission(connection):
    for name, priority in [("a", 0), ("b", 10), ("c", 0), ("d", -10), ("e", 10)]:
        queued(connection, name, priority=priority)

    assert [run.name for run in runs.unfinished(connection)] == ["b", "e", "a", "c", "d"]


def test_ids_are_found_by_any_beginning_and_not_by_wildcards(connection):
    run, other = queued(connection, "k7f3"), queued(connection, "k8aa")

    assert runs.matching(connection, "exp_20261124_093000_k7") == [run]
    assert runs.matching(connection, "20261124_093000_k7") == [run]
    assert runs.matching(connection, "k7") == [run]
    assert runs.matching(connection, "k") == [other, run]
    assert runs.matching(connection, "%") == []
    assert runs.matching(connection, "exp%k") == []


def test_the_newest_run_of_a_name_answers_to_it(connection):
    queued(connection, "a", title="mnist")
    newer = queued(connection, "b", title="mnist")

    assert runs.named(connection, "mnist") == newer
    assert runs.named(connection, "cifar") is None


def test_the_newest_run_of_each_file_is_found_and_files_without_one_are_left_out(connection):
    queued(connection, "aaaa", experiment_file="/p/a.yaml")
    queued(connection, "bbbb", experiment_file="/p/a.yaml")
    queued(connection, "cccc", experiment_file="/p/[/b].yaml")
    queued(connection, "dddd")

    found = runs.of_files(connection, ["/p/a.yaml", "/p/[/b].yaml", "/p/none.yaml"])

    assert {file: run.id[-4:] for file, run in found.items()} == {"/p/a.yaml": "bbbb", "/p/[/b].yaml": "cccc"}
    assert runs.of_files(connection, []) == {}


def test_of_the_runs_of_a_file_one_that_goes_on_comes_first_then_one_that_waits(connection):
    going, waiting, dropped = (
        queued(connection, name, experiment_file="/p/a.yaml") for name in ("aaaa", "bbbb", "cccc")
    )
    queued(connection, "dddd", experiment_file="/p/b.yaml")
    runs.request_cancel(connection, dropped.id, at=1.0, by="me@here")

    def shown():
        return runs.of_files(connection, ["/p/a.yaml"])["/p/a.yaml"].id[-4:]

    assert shown() == "bbbb"
    claimed = runs.claim(connection, going, at=1.0)
    assert shown() == "aaaa"
    assert runs.move(connection, claimed, "fail", at=2.0) is not None
    assert shown() == "bbbb"
    runs.request_cancel(connection, waiting.id, at=3.0, by="me@here")
    assert shown() == "cccc"


def test_a_run_whose_file_nobody_noted_is_found_by_its_name(connection):
    queued(connection, "aaaa", title="mnist")
    queued(connection, "bbbb", title="mnist", experiment_file="/p/a.yaml")

    found = runs.newest_without_file(connection, ["mnist", "other"])

    assert {name: run.id[-4:] for name, run in found.items()} == {"mnist": "aaaa"}


def test_a_database_of_before_files_were_noted_is_brought_up_to_date(path, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(database, "MIGRATIONS", MIGRATIONS[:2])
        with database.opened(path) as connection:
            connection.execute(
                "INSERT INTO run (id, name, state, submitted_at) VALUES ('exp_old', 'a', 'queued', 1)"
            )

    with database.opened(path) as connection:
        run = runs.get(connection, "exp_old")

    assert run is not None
    assert run.experiment_file is None


def test_counts_leave_out_states_without_runs(connection):
    runs.claim(connection, queued(connection, "a"), at=1.0)
    queued(connection, "b")
    queued(connection, "c")

    assert runs.counts(connection) == {RunState.STARTING: 1, RunState.QUEUED: 2}


def test_a_run_that_a_rebuild_put_back_meanwhile_is_queued_once(connection):
    run = queued(connection)

    again = runs.insert(connection, runs.NewRun(run.id, "a", 1.0, "me@here"))

    assert again == run.id
    assert len(runs.unfinished(connection)) == 1


def test_events_are_numbered_and_read_from_a_number_on(connection):
    queued(connection, "a")
    seen = events.newest(connection)
    other = queued(connection, "b")

    assert [event.run_id for event in events.after(connection, seen)] == [other.id]
    assert events.after(connection, events.newest(connection)) == []
