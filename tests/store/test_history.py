"""What ended runs tell of the next ones."""

from __future__ import annotations

from rows import queued

from orp_tui.core.states import RunState
from orp_tui.store import history, runs


def ended(connection, name, event="fail", *, started=100.0, lasted=10.0, **values):
    """A run that has ended."""
    run = runs.claim(connection, queued(connection, name, **values), at=started)
    run = runs.move(connection, run, "start", at=started, started_at=started)
    return runs.move(
        connection, run, event, at=started + lasted, ended_at=started + lasted, reason="exit_code"
    )


def test_a_run_takes_the_median_of_the_last_twenty_that_succeeded(connection):
    for number in range(25):
        ended(
            connection, f"w{number}", "succeed", title="wide", lasted=1000.0 if number < 5 else float(number)
        )
    ended(connection, "f", "fail", title="wide", lasted=1.0)
    ended(connection, "o", "succeed", title="other", lasted=7.0)
    queued(connection, "n", title="new")

    assert history.durations(connection, ["wide", "other", "new", "wide"]) == {"wide": 14.5, "other": 7.0}


def test_the_last_ends_of_a_group_come_newest_first_without_cancelled_ones(connection):
    for name, event in [("a", "fail"), ("b", "cancel"), ("c", "succeed"), ("d", "lose")]:
        ended(connection, name, event, group="g")
    ended(connection, "e", "fail")

    found = history.last_ends(connection, "g", after=0, limit=10)

    assert [item.run_id[-1] for item in found] == ["d", "c", "a"]
    assert [item.run_id[-1] for item in history.last_ends(connection, "g", after=0, limit=1)] == ["d"]


def test_runs_without_a_successor_are_those_that_ended_badly_and_were_not_tried_again(connection):
    first = ended(connection, "a")
    ended(connection, "b", "lose")
    ended(connection, "c", "cancel")
    ended(connection, "d", "succeed")
    ended(connection, "e", started=1.0)
    queued(connection, "f", retry_of=first.id)

    found = history.without_successor(connection, since=50.0)

    assert [run_id[-1] for run_id in found] == ["b"]
    assert runs.get(connection, found[0]).state is RunState.LOST
