"""The morning after: what is said of the night is true, whoever was killed in it."""

from __future__ import annotations

import dataclasses
import os
import signal
import time

import pytest
from project import alive
from waiting import until

from orp_tui.core.errors import UsageError
from orp_tui.core.states import RunState
from orp_tui.engine.leadership import LeaderIdentity
from orp_tui.services import digest as services
from orp_tui.services.watch import RunView
from orp_tui.store import groups, runs
from orp_tui.store.runs import NewRun


def digest(project, since=None, *, remember=False):
    with project.context.store() as connection:
        found = services.digest(project.context, connection, since)
    if remember:
        services.remember(project.context, found)
    return found


def over(project, letters, state="succeeded", ended_at=None):
    """The id of a run that has ended, as the store alone knows it."""
    run_id = f"exp_20261124_093000_{letters}"
    at = time.time() if ended_at is None else ended_at
    with project.context.store() as connection:
        runs.insert(connection, NewRun(run_id, "a", at, "me@here"))
        connection.execute(
            "UPDATE run SET state = ?, started_at = ?, ended_at = ? WHERE id = ?", (state, at, at, run_id)
        )
    return run_id


def ends(found):
    return {item.run.id: item.state for item in found.ended}


def test_ends_come_with_reason_evidence_and_deliverables_the_worst_first(project):
    good = project.submit("echo x > out.txt", deliverables=[{"type": "report", "path": "out.txt"}])
    half = project.submit("true", deliverables=[{"type": "report", "path": "out.txt"}])
    bad = project.submit("echo 'RuntimeError: broken' >&2; exit 7")
    gone = project.submit("true")
    project.cancel(gone)
    project.settle()

    found = digest(project, "1h")

    assert [item.run.id for item in found.ended] == [bad, half, gone, good]
    assert found.ended[0].reason == "exit_code"
    assert "RuntimeError: broken" in found.ended[0].detail
    assert (found.ended[3].run.deliverables_valid, found.ended[3].run.deliverables_total) == (1, 1)
    assert found.now.unfinished == ()


def test_it_is_true_with_leader_and_supervisor_killed_and_nothing_written_since(project):
    dead, leader = project.running()
    leader.kill()
    leader.wait()
    project.kill_supervisor(dead)
    os.killpg(_training(project, dead), signal.SIGKILL)
    until(lambda: not alive(_training(project, dead)), what="the end of the training")
    waits = project.submit("true")

    found = digest(project, "1h")

    assert project.state(dead).is_active  # nobody has written otherwise
    assert ends(found) == {dead: RunState.LOST}
    assert [item.run.id for item in found.waiting] == [waits]
    assert found.now.leader is None


def _training(project, run_id):
    return project.training(run_id)


def test_last_is_since_the_last_time_this_user_asked(project):
    first = over(project, "aaaa")
    assert digest(project).whence == "first"
    assert ends(digest(project, remember=True)) == {first: RunState.SUCCEEDED}

    second = over(project, "bbbb", "failed")

    again = digest(project)
    assert (again.whence, ends(again)) == ("last", {second: RunState.FAILED})
    assert set(ends(digest(project, "1h"))) == {first, second}


def test_a_run_that_ended_before_the_last_digest_and_was_still_packing_then_is_told_in_the_next(project):
    run_id = project.submit("true")
    digest(project, remember=True)
    with project.context.store() as connection:
        connection.execute("UPDATE run SET state = 'succeeded', ended_at = ?", (time.time() - 3600,))

    assert run_id in ends(digest(project, remember=True))
    assert digest(project).ended == ()


def test_another_user_has_another_last(project, monkeypatch):
    run_id = over(project, "aaaa")
    digest(project, remember=True)

    monkeypatch.setattr(services, "actor", lambda: "maria@here")

    assert ends(digest(project)) == {run_id: RunState.SUCCEEDED}


def test_a_damaged_memory_of_the_last_digest_is_none(project):
    run_id = over(project, "aaaa")
    (project.paths.state / "digest.json").write_text("{half")

    assert run_id in ends(digest(project, remember=True))
    assert digest(project).ended == ()


def test_paused_groups_retries_and_the_queue_are_told(project):
    with project.context.store() as connection:
        groups.pause(connection, "sweep", "3 runs in a row failed: ImportError")
        first = "exp_20261124_093000_aaaa"
        for run_id, retry in ((first, 0), ("exp_20261124_093000_bbbb", 1)):
            new = NewRun(run_id, "a", time.time(), "me@here", retry=retry, retry_of=first if retry else None)
            runs.insert(connection, new)

    found = digest(project)

    assert [(item.name, item.paused) for item in found.paused] == [
        ("sweep", "3 runs in a row failed: ImportError")
    ]
    assert [(item.of, item.number) for item in found.retries] == [(first, 1)]


def test_the_queue_is_through_after_what_like_runs_took(project):
    def item(name, state=RunState.QUEUED, **more):
        run = dataclasses.replace(row, name=name, state=state)
        return RunView(
            run, state, None, more.pop("detail", "waits"), frozenset(), 0.0, None, None, None, None, **more
        )

    run_id = project.submit("true")
    row = project.row(run_id)
    seen = digest(project, "1h").now
    waiting = (
        item("train", RunState.RUNNING, left_s=20.0),
        item("train", starts_in_s=20.0),
        item("train", detail=None),
        item("new one", starts_in_s=5.0),
    )
    led = dataclasses.replace(
        seen, leader=LeaderIdentity(1, 1, "", "here", "me", 0.0, "0"), unfinished=waiting
    )

    found = services._eta({"train": 300.0}, led, ())

    assert (found.seconds, found.unknown) == (320.0, 1)
    assert services._eta({"train": 300.0}, dataclasses.replace(led, leader=None), ()) is None
    assert services._eta({"train": 300.0}, dataclasses.replace(led, paused="by me"), ()) is None


@pytest.mark.parametrize(("text", "back"), [("12h", 43_200), ("30m", 1_800), ("90", 90)])
def test_a_window_can_be_a_duration(project, text, back):
    over(project, "aaaa")

    assert digest(project, text).since == pytest.approx(time.time() - back, abs=5)


def test_a_time_of_day_is_the_last_such_and_a_date_is_itself(project):
    over(project, "aaaa")
    now = time.time()

    assert now - 86_400 <= digest(project, "08:00").since <= now
    assert time.localtime(digest(project, "2020-01-02 03:04").since)[:5] == (2020, 1, 2, 3, 4)
    for nonsense in ("soon", "2999-01-01 00:00", "-3h"):
        with pytest.raises(UsageError):
            digest(project, nonsense)
